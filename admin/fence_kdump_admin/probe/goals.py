"""Which addresses to probe, and from where: as the crash kernel will."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fence_kdump_cluster.addresses import literal
from fence_kdump_image.image.plan import Plan
from fence_kdump_image.way.network import Network

__all__ = ["Goal", "UnknownNodeError", "find", "hosts"]


class UnknownNodeError(Exception):
    """A node on the command line is not known; the text names it."""


@dataclass(frozen=True)
class Goal:
    """One address to probe.

    node -- whose address it is; the address itself if that is not known
    address -- with its scope, if it has one; a name that does not resolve, in its place
    source -- the address to send from, "" for the kernel's choice
    device -- the device to send over, "" for the kernel's choice
    doubt -- why the crash kernel may not have that source or device, "" if it will
    """

    node: str
    address: str
    source: str = ""
    device: str = ""
    doubt: str = ""


def find(
    plan: Plan,
    wanted: Sequence[str],
    network: Network,
    look_up: Callable[[Sequence[str]], Mapping[str, tuple[str, ...]]],
) -> list[Goal]:
    """The addresses to probe, each once.

    plan -- of this node's crash image
    wanted -- names and addresses of nodes; none: all that the crash kernel tells
    network -- the running kernel's
    look_up -- names and addresses -> addresses of each

    Raises UnknownNodeError.
    """
    told = [
        _told(plan, t.node, t.address, network) if t.address else Goal(t.node, t.host)
        for t in plan.targets
    ]
    if not wanted:
        return told
    names = {t.node.lower(): t.node for t in plan.targets}
    names.update({t.host.lower(): t.node for t in plan.targets})
    found: dict[str, Goal] = {}
    for word in wanted:
        of_node = names.get(word.lower(), "") if literal(word) is None else ""
        goals = [g for g in told if g.node == of_node] if of_node else []
        if not goals:
            by_address = {g.address: g for g in told}
            goals = [by_address.get(a) or _direct(word, a, network) for a in look_up([word])[word]]
        if not goals:
            raise UnknownNodeError(
                f"'{word}' is no node that this one tells, and no name that resolves: take a name"
                " or an address that 'fence-kdump show' prints"
            )
        found.update({goal.address: goal for goal in goals})
    return list(found.values())


def hosts(plan: Plan) -> dict[str, frozenset[str]]:
    """An address -> all that the same node is told at."""
    by_node: dict[str, set[str]] = {}
    for target in plan.targets:
        by_node.setdefault(target.node, set()).add(target.address)
    return {t.address: frozenset(by_node[t.node]) for t in plan.targets}


def _told(plan: Plan, node: str, address: str, network: Network) -> Goal:
    way = next((w for w in plan.ways if w.target.address == address), None)
    if not way or not way.route:
        doubt = way.problem if way else "nothing is known of the way to it"
        return replace(_direct(node, address, network), doubt=doubt)
    source = way.address.local if way.address else way.route.source
    return Goal(node, address, source, way.route.device, way.problem)


def _direct(node: str, address: str, network: Network) -> Goal:
    """As the running kernel sends it."""
    route = network.route(address)
    if not route:
        return Goal(node, address)
    return Goal(node, address, route.source, route.device)

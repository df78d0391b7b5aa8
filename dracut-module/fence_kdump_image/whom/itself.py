"""This node: its entries in a configuration, and its own addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fence_kdump_cluster.addresses import literal
from fence_kdump_image.whom.sources import Candidate

__all__ = ["Answers", "Self", "is_local", "is_loopback", "node_of", "own_by_name", "own_rings"]

Answers = Mapping[str, "tuple[str, ...]"]  # host -> its addresses, () if it did not resolve


@dataclass(frozen=True)
class Self:
    """This node: its names (lower case), and the addresses that its devices have now."""

    names: frozenset[str]
    addresses: frozenset[str]


def node_of(rings: Iterable[Candidate], answers: Answers, me: Self) -> frozenset[str]:
    """The node in corosync.conf that is this one; empty if it is not known.

    It is found by its name. Only without that it is found by its addresses, because this node may
    have taken over an address of another one.
    """
    nodes = {ring.node: [r for r in rings if r.node == ring.node] for ring in rings}
    ways = (
        lambda ring: bool({ring.node.lower(), ring.host.lower()} & me.names),
        lambda ring: literal(ring.node) is None and _short(ring.node) in me.names,
        lambda ring: is_local(answers.get(ring.host, ()), me.addresses),
    )
    for way in ways:
        found = [name for name, rings in nodes.items() if any(map(way, rings))]
        if found:
            return frozenset(found if len(found) == 1 else ())
    return frozenset()


def own_rings(
    rings: Iterable[Candidate],
    mine: frozenset[str],
    answers: Answers,
    me: Self,
    problems: list[str],
) -> dict[int, tuple[str, ...]]:
    """Ring -> this node's addresses there in corosync.conf, without those of other nodes.

    rings -- all rings in corosync.conf
    mine -- from `node_of`
    problems -- one-line texts are added to it
    """
    taken = {a: c.node for c in rings if c.node not in mine for a in answers.get(c.host, ())}
    own: dict[int, tuple[str, ...]] = {}
    for ring in rings:
        if ring.node not in mine:
            continue
        addresses, problem = answers.get(ring.host, ()), ""
        if literal(ring.host) is None:
            addresses, problem = own_by_name(ring.host, addresses, me)
        if problem:
            problems.append(problem)
        own[ring.ring] = own.get(ring.ring, ()) + tuple(a for a in addresses if a not in taken)
    problems += [
        f"this node has {a}, but corosync.conf gives it to {taken[a]}: the image does not get it"
        for a in sorted(me.addresses & taken.keys())
        if not is_loopback(a)
    ]
    return own


def own_by_name(name: str, addresses: Iterable[str], me: Self) -> tuple[tuple[str, ...], str]:
    """The addresses of a name that belong to this node, and a problem with them or "".

    name -- a name of this node
    addresses -- to which it resolves. If nss-myhostname(8) answers, these are all addresses of the
        node, virtual ones as well. Then it is not known which one is its own
    me -- this node
    """
    local = [a for a in addresses if a in me.addresses and not is_loopback(a) and not _is_link(a)]
    for family in (4, 6):
        alike = [a for a in local if ipaddress.ip_address(a).version == family]
        if len(alike) > 1:
            return (), (
                f"{name} resolves to {' and '.join(alike)}, and some may be virtual addresses of"
                " the cluster: the image gets none; write the node's own address into corosync.conf"
                " or /etc/hosts"
            )
    return tuple(local), ""


def is_local(addresses: Iterable[str], own: frozenset[str]) -> bool:
    """Whether all addresses of a host are on this node.

    A single one is not enough: the address of a private bridge, for example, is on every node.

    own -- the addresses of this node
    """
    outside = [a for a in addresses if not is_loopback(a)]
    return bool(outside) and own.issuperset(outside)


def is_loopback(address: str) -> bool:
    """Whether it is in 127.0.0.0/8, or ::1."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _short(name: str) -> str:
    return name.lower().partition(".")[0]


def _is_link(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_link_local

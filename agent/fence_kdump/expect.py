"""Whom to expect: the addresses from which a message means "the target is in its crash kernel".

Two kinds of names say who the target is. ``plug`` (or ``port``) is the node that Pacemaker fences,
or what pcmk_host_map makes of it; ``nodename`` is that node's name, or whatever the device's own
option says instead, be it a list of all nodes of the cluster. corosync.conf says which of these are
nodes of their own. An address that it gives to any other node is never expected: better to miss a
dump than to take a living node for a fenced one.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump.addresses import is_loopback, is_one_host, pack, show
from fence_kdump_cluster.corosync import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Expectation", "Question", "expect"]


class Question(namedtuple("Question", "nodename plug nodes")):
    """Who is to be fenced, as far as names go.

    nodename, plug -- tuples of names and addresses
    nodes -- tuple of corosync.conf's `Node`, empty if there is none
    """

    __slots__ = ()

    nodename: tuple[str, ...]
    plug: tuple[str, ...]
    nodes: tuple[Node, ...]

    def names(self) -> list[str]:
        """All that has to be looked up before the question can be answered."""
        ring = [address for node in self.nodes for address in node.addresses]
        return list(dict.fromkeys([*self.nodename, *self.plug, *ring]))


class Expectation(namedtuple("Expectation", "addresses warnings")):
    """From where a message counts.

    addresses -- dict of packed address -> the name it was expected by
    warnings -- tuple of one-line texts: what was left out, and why
    """

    __slots__ = ()

    addresses: dict[bytes, str]
    warnings: tuple[str, ...]


def expect(
    question: Question, known: Mapping[str, Sequence[bytes]], own: frozenset[bytes]
) -> Expectation:
    """The addresses to expect.

    question -- who is to be fenced
    known -- name -> packed addresses, [] if it does not resolve; absent while nobody knows
    own -- packed addresses of this host
    """
    warnings: list[str] = []
    target = _target(question, known, warnings)
    others = {
        address: node.name
        for node in question.nodes
        if node not in target
        for address in _ring(node, known)
    }
    addresses: dict[bytes, str] = {}
    for name, address in _candidates(question, target, known, warnings):
        if address in addresses:
            continue
        why_not = _why_not(name, address, others, own)
        if why_not:
            warnings.append(f"{name}: {show(address)} is not expected: it {why_not}")
        else:
            addresses[address] = name
    return Expectation(addresses, tuple(dict.fromkeys(warnings)))


def _target(
    question: Question, known: Mapping[str, Sequence[bytes]], warnings: list[str]
) -> list[Node]:
    """The nodes of corosync.conf that may be the target. More than one only if nothing but a
    nodename list was given: then the caller asked for any of them."""
    by_plug = _matches(question.plug, question.nodes, known)
    by_name = _matches(question.nodename, question.nodes, known)
    if by_plug and by_name:
        both = [node for node in by_plug if node in by_name]
        if not both:
            warnings.append(
                f"nodename={','.join(question.nodename)} and plug={','.join(question.plug)} are"
                " different nodes in corosync.conf: remove nodename from the device's options"
            )
        return both
    if question.plug and not by_plug and len(by_name) > 1:
        warnings.append(
            f"plug={','.join(question.plug)} is no node of corosync.conf, and nodename lists"
            " several: none of those is expected"
        )
        return []
    return by_plug or by_name


def _matches(
    names: Sequence[str], nodes: Sequence[Node], known: Mapping[str, Sequence[bytes]]
) -> list[Node]:
    found = [_node(name, nodes, known) for name in names]
    return [node for node in nodes if node in found]


def _node(name: str, nodes: Sequence[Node], known: Mapping[str, Sequence[bytes]]) -> Node | None:
    """The node a name stands for: as corosync.conf has it, or else by what it resolves to."""
    for node in nodes:
        if name == node.name or name in node.addresses:
            return node
    addresses = set(known.get(name, ()))
    found = [node for node in nodes if not addresses.isdisjoint(_ring(node, known))]
    return found[0] if len(found) == 1 else None  # of several nodes: none of them


def _ring(node: Node, known: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    return [packed for address in node.addresses for packed in known.get(address, ())]


def _candidates(
    question: Question,
    target: Sequence[Node],
    known: Mapping[str, Sequence[bytes]],
    warnings: list[str],
) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for name in dict.fromkeys([*question.plug, *question.nodename]):
        of = _matches([name], question.nodes, known)
        if of and not any(node in target for node in of):
            warnings.append(f"{name} is another node than the one to be fenced: not expected")
        elif name in known:
            if not known[name] and not of:
                warnings.append(f"{name} does not resolve to an address: not expected")
            found += [(name, address) for address in known[name]]
    return found + [(node.name, address) for node in target for address in _ring(node, known)]


def _why_not(name: str, address: bytes, others: Mapping[bytes, str], own: frozenset[bytes]) -> str:
    if address in others:
        return f"belongs to {others[address]} in corosync.conf"
    if not is_one_host(address):
        return "is no host's address"
    if is_loopback(address):
        return "" if pack(name) == address else "is this host's own"
    return "is this host's own" if address in own else ""

"""Whom to expect: the addresses from which a message means "the target is in its crash kernel".

Two kinds of names say who the target is. ``plug`` (or ``port``) is the node that Pacemaker fences,
or what pcmk_host_map makes of it; ``nodename`` is that node's name, or whatever the device's own
option says instead, be it a list of all nodes of the cluster. corosync.conf says which of these are
nodes of their own. An address that it gives to any other node is never expected: better to miss a
dump than to take a living node for a fenced one.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_cluster.addresses import is_link_local, is_loopback, is_one_host, pack, show
from fence_kdump_cluster.corosync import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Expectation", "Question", "expect", "owners"]


class Question(namedtuple("Question", "nodename plug nodes faulty", defaults=(False,))):
    """Who is to be fenced, as far as names go.

    nodename, plug -- tuples of names and addresses
    nodes -- tuple of corosync.conf's `Node`, empty if there is none
    faulty -- whether corosync.conf has faults: `nodes` may then lack a node or an address
    """

    __slots__ = ()

    nodename: tuple[str, ...]
    plug: tuple[str, ...]
    nodes: tuple[Node, ...]
    faulty: bool

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
    case = _Case(question, known)
    addresses: dict[bytes, str] = {}
    for name, address in case.candidates():
        if address in addresses:
            continue
        why_not = case.why_never(name, address, own)
        if why_not:
            case.warn(f"{name}: {show(address)} is not expected: it {why_not}")
        else:
            addresses[address] = name
    return Expectation(addresses, tuple(case.warnings))


def owners(nodes: Iterable[Node], known: Mapping[str, Sequence[bytes]]) -> dict[bytes, str]:
    """Packed address -> name of the node that corosync.conf gives it to.

    nodes -- of corosync.conf
    known -- see `expect`
    """
    return {packed: node.name for node in nodes for packed in _ring(node, known)}


class _Case:
    """One question, and what is known at the moment.

    target -- the node of corosync.conf that is to be fenced, if it is one of those. More than one
        only if nothing but a nodename list was given: then the caller asked for any of them
    others -- all other nodes of corosync.conf
    """

    def __init__(self, question: Question, known: Mapping[str, Sequence[bytes]]) -> None:
        self.warnings: dict[str, None] = {}
        self._question = question
        self._known = known
        self._ring_addresses = owners(question.nodes, known)
        self._plug_is_undecided = any(map(self._is_undecided, question.plug))
        self.target = self._find_target()
        self.others = [node for node in question.nodes if node not in self.target]
        self._taken = owners(self.others, known)
        self._literal = {pack(text) for node in self.target for text in node.addresses}
        self._doubt = self._find_doubt()

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        self.warnings[text] = None

    def candidates(self) -> Iterator[tuple[str, bytes]]:
        """The addresses of all names that can be the target's, each with the name."""
        # nodename may be any node's as long as nobody knows which one Pacemaker fences
        nodename = () if self._plug_is_undecided else self._question.nodename
        for name in dict.fromkeys([*self._question.plug, *nodename]):
            why_not = self._why_not(name)
            if why_not:
                self.warn(f"{name} {why_not}: not expected")
                continue
            for address in self._known.get(name, ()):
                yield name, address
        for node in self.target:
            for address in _ring(node, self._known):
                yield node.name, address

    def why_never(self, name: str, address: bytes, own: frozenset[bytes]) -> str:
        """Why an address is never to be expected, whatever name it comes by; "" if it may be."""
        if address in self._taken:
            return f"belongs to {self._taken[address]} in corosync.conf"
        if not is_one_host(address):
            return "is no host's address"
        if is_link_local(address):
            return "may be another host's on another link: name an address that is not link-local"
        if is_loopback(address):
            return "" if pack(name) == address else "is this host's own"
        if address in own:
            return "is this host's own"
        return "" if address in self._literal else self._doubt

    def _find_target(self) -> list[Node]:
        nodename, plug = self._question.nodename, self._question.plug
        if not plug:
            return [node for name in nodename for node in self._only(name)]
        if self._plug_is_undecided:
            return []
        by_plug, by_name = self._nodes(plug), self._nodes(nodename)
        if by_plug:
            found = [node for node in by_plug if node in by_name] if by_name else by_plug
            if not found:
                self.warn(
                    f"nodename={','.join(nodename)} and plug={','.join(plug)} are different nodes"
                    " in corosync.conf: remove nodename from the device's options"
                )
        elif len(nodename) > 1 and not self._plug_is_a_label():
            return []  # a node, but none of corosync.conf: no node of that is the target
        else:
            found = by_name
            if found and not self._is_of_one_node(nodename, found):
                self.warn(
                    f"plug={','.join(plug)} is no node of corosync.conf, and nodename lists"
                    " several: none of those is expected"
                )
                return []
        return found if len(found) == 1 else []

    def _find_doubt(self) -> str:
        """Why an address may be another node's although corosync.conf does not say so, or ""."""
        if self._question.faulty:
            return "may be another node's, as corosync.conf has faults"
        for other in self.others:
            for address in other.addresses:
                if not self._known.get(address):
                    return f"may be {other.name}'s, as {address} does not resolve"
        return ""

    def _why_not(self, name: str) -> str:
        """Why a name cannot be the target's; "" if it can."""
        nodes = self._stands_for(name)
        if len(nodes) > 1:
            return f"may be any of {', '.join(node.name for node in nodes)}"
        if nodes:
            return "" if nodes[0] in self.target else "is another node than the one to be fenced"
        if self._known.get(name) == []:
            return "does not resolve to an address"
        return self._why_not_listed(name)

    def _why_not_listed(self, name: str) -> str:
        """Why what corosync.conf does not know cannot be the target's; "" if it can.

        A nodename list may be one of nodes. Such a name is taken for one more address of the
        target, as the C agent documents lists, only if it is an address, and only if the list has
        nothing of any other node.
        """
        nodename, plug = self._question.nodename, self._question.plug
        if name in plug or not plug or len(nodename) == 1:
            return ""
        one_node = self._is_of_one_node(nodename, self.target)
        if one_node and (self._plug_is_a_label() or (self.target and pack(name))):
            return ""
        by_plug = {a for other in plug for a in self._known.get(other, ())}
        if by_plug.isdisjoint(self._known.get(name, ())):
            return f"is not known to be {plug[0]}"
        return ""

    def _plug_is_a_label(self) -> bool:
        """Whether plug names no host at all, as pcmk_host_map may have it: nodename says who."""
        plug = self._question.plug
        no_host = all(self._known.get(name) == [] for name in plug)
        return no_host and not set(plug) & set(self._question.nodename)

    def _is_of_one_node(self, names: Sequence[str], nodes: Sequence[Node]) -> bool:
        """Whether a list of names is one host's: nothing of any node but this one or none, and
        else only addresses that corosync.conf does not know."""
        if self._question.faulty and len(names) > 1:
            return False
        if not self._question.nodes:
            return True  # nothing speaks against it
        return len(nodes) < 2 and all(
            found == list(nodes) if (found := self._stands_for(name)) else pack(name)
            for name in names
        )

    def _nodes(self, names: Sequence[str]) -> list[Node]:
        found = [node for name in names for node in self._stands_for(name)]
        return [node for node in self._question.nodes if node in found]

    def _only(self, name: str) -> list[Node]:
        """The one node that a name stands for; none if that is not sure."""
        nodes = self._stands_for(name)
        return nodes if len(nodes) == 1 and not self._is_undecided(name) else []

    def _stands_for(self, name: str) -> list[Node]:
        """The nodes a name may stand for: as corosync.conf has it, or else by what it resolves to.

        More than one: nothing tells which.
        """
        nodes = self._question.nodes
        addresses = set(self._known.get(name, ()))
        found = self._named(name) or [
            n for n in nodes if not addresses.isdisjoint(_ring(n, self._known))
        ]
        names = {node.name for node in found}  # of two nodes with one name neither is sure
        return [node for node in nodes if node.name in names]

    def _is_undecided(self, name: str) -> bool:
        """Whether a name may turn out to stand for another node than it seems to now."""
        if self._named(name):
            return False
        if name not in self._known:
            return True
        if self._ring_addresses.keys() >= set(self._known[name]):
            return False
        return self._question.faulty or not all(
            self._known.get(text) for node in self._question.nodes for text in node.addresses
        )

    def _named(self, name: str) -> list[Node]:
        """The nodes that corosync.conf itself gives a name or an address."""
        nodes = self._question.nodes
        return [node for node in nodes if name == node.name or name in node.addresses]


def _ring(node: Node, known: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    return [packed for address in node.addresses for packed in known.get(address, ())]

"""The addresses from which a message means "the target node runs its crash kernel".

`whom` decides which node is the target, and which names belong to it. This module decides which
addresses of these names count: all that do not, and cannot, belong to another host. These are the
two halves of the rule in fence_kdump(8). It is better to miss a dump than to take a live node for a
fenced one.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump.roll import Roll
from fence_kdump.whom import Whom, left_out, never, whom
from fence_kdump_cluster.addresses import is_loopback, pack, show
from fence_kdump_cluster.corosync import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Known = Mapping[str, Sequence[bytes]]

__all__ = [
    "COUNTS",
    "MOST_LOOKED_UP",
    "REFUSED",
    "WAITS",
    "Expectation",
    "Question",
    "Verdict",
    "expect",
    "may_grow",
    "owners",
]

COUNTS, REFUSED, WAITS = "counts", "refused", "waits"
MOST_LOOKED_UP = 64  # names of nodename and plug that are no node's; each look-up takes a thread


class Question(
    namedtuple("Question", "nodename plug nodes faulty complete", defaults=(False, True))
):
    """Which node is the target, as names.

    nodename, plug -- tuples of names and addresses
    nodes -- tuple of `Node`: all that corosync.conf and the CIB know
    faulty -- whether one of those files has faults: `nodes` may then lack a node or an address
    complete -- whether a name that is not in `nodes` is certainly not a node: a CIB was read
        without a fault, or this host is in no cluster
    """

    __slots__ = ()

    nodename: tuple[str, ...]
    plug: tuple[str, ...]
    nodes: tuple[Node, ...]
    faulty: bool
    complete: bool

    def names(self) -> list[str]:
        """All that has to be looked up before the question can be answered: the target first.

        The `unasked` names are left out.
        """
        unasked = set(self.unasked())
        names = dict.fromkeys([*self.plug, *self.nodename, *self._stated()])
        return [name for name in names if name not in unasked]

    def unasked(self) -> list[str]:
        """Names from plug and nodename that are never looked up, because there are too many.

        A name without an answer can only keep an address from counting: for all that is known, it
        may be another node's name.
        """
        stated = set(self._stated())
        named = dict.fromkeys([*self.plug, *self.nodename])
        return [n for n in named if n not in stated and not pack(n)][MOST_LOOKED_UP:]

    def bounded(self) -> Question:
        """The same question with only one of the `unasked` names, which stands for all of them."""
        surplus = set(self.unasked()[1:])
        return self._replace(
            nodename=tuple(name for name in self.nodename if name not in surplus),
            plug=tuple(name for name in self.plug if name not in surplus),
        )

    def _stated(self) -> list[str]:
        """What corosync.conf and the CIB have: addresses first, then names."""
        addresses = [text for node in self.nodes for text in (*node.addresses, *node.cib)]
        return [*addresses, *(node.name for node in self.nodes if node.name)]

    def target(self, known: Known) -> Node | None:
        """The target node in corosync.conf or the CIB; None if it is not there.

        known -- see `expect`
        """
        place = self.find(Roll(self.nodes, known, self.faulty), known).node
        return None if place is None else self.nodes[place]

    def find(self, roll: Roll, known: Known) -> Whom:
        """Which node is the target: see `whom`."""
        return whom(self.nodename, self.plug, roll, known, self.complete)


class Expectation(namedtuple("Expectation", "addresses warnings")):
    """From which addresses a message counts.

    addresses -- dict of packed address -> the name from which it comes
    warnings -- tuple of one-line texts: what was left out, and why
    """

    __slots__ = ()

    addresses: dict[bytes, str]
    warnings: tuple[str, ...]


class Verdict(namedtuple("Verdict", "result why", defaults=("",))):
    """Whether a message from an address counts.

    result -- COUNTS, REFUSED, or WAITS while a look-up may still give the address to another node
    why -- one-line text that continues "the address", "" if it counts
    """

    __slots__ = ()

    result: str
    why: str


def expect(question: Question, known: Known, own: frozenset[bytes]) -> Expectation:
    """The addresses to expect.

    question -- which node is the target
    known -- name -> packed addresses, [] if it does not resolve; absent while there is no answer
    own -- packed addresses of this host
    """
    roll = Roll(question.nodes, known, question.faulty)
    who = question.find(roll, known)
    warnings = dict.fromkeys(who.warnings)
    for name in who.names:
        if name in known and not known[name] and not roll.says(name):
            warnings[f"{name} does not resolve to an address, so it does not count"] = None
    addresses: dict[bytes, str] = {}
    for name, address, verdict in _judged(who, roll, known, own):
        if verdict.result == COUNTS:
            addresses.setdefault(address, name)
        elif verdict.result == REFUSED:
            warnings[left_out(name, show(address), verdict.why)] = None
    return Expectation(addresses, tuple(warnings))


def may_grow(question: Question, known: Known, own: frozenset[bytes]) -> bool:
    """Whether an answer that is still to come may give the target an address that counts.

    question, known, own -- see `expect`
    """
    stated = (text for node in question.nodes for text in (*node.addresses, *node.cib))
    if not known.keys() >= {*question.plug, *question.nodename, *stated}:
        return True
    roll = Roll(question.nodes, known, question.faulty)
    judged = _judged(question.find(roll, known), roll, known, own)
    return any(verdict.result == WAITS for _, _, verdict in judged)


def owners(nodes: Iterable[Node], known: Known) -> dict[bytes, str]:
    """Packed address -> name of the node that corosync.conf or the CIB gives it to.

    nodes, known -- see `Question` and `expect`
    """
    return {
        packed: node.name
        for node in nodes
        for text in (*node.addresses, *node.cib)
        for packed in known.get(text, ())
    }


def _judged(
    who: Whom, roll: Roll, known: Known, own: frozenset[bytes]
) -> Iterator[tuple[str, bytes, Verdict]]:
    """The addresses that may belong to the target, each with its name and the verdict."""
    found = [(name, address) for name in who.names for address in known.get(name, ())]
    if who.node is not None:
        found += [(roll.name(who.node), address) for address in roll.addresses(who.node)]
    for name, address in found:
        yield name, address, _judge(name, address, who.node, roll, own)


def _judge(
    name: str, address: bytes, target: int | None, roll: Roll, own: frozenset[bytes]
) -> Verdict:
    """Whether an address of the target counts. The first rule that applies decides.

    name -- from which the address comes
    target -- the place of the target on the roll, None if it is not there
    """
    unfit = never(address) or _own(name, address, own)
    if unfit:
        return Verdict(REFUSED, unfit)
    if _is_certain(address, target, roll):
        return Verdict(COUNTS)
    taken = _taken(address, target, roll) or roll.doubt(target)
    if taken:
        return Verdict(REFUSED, taken)
    if any(place != target for place in roll.silent.values()):
        return Verdict(WAITS, "may still turn out to belong to another node")
    return Verdict(COUNTS)


def _own(name: str, address: bytes, own: frozenset[bytes]) -> str:
    """Why it belongs to this host, "" if it does not. Literal loopback addresses count."""
    mine = pack(name) != address if is_loopback(address) else address in own
    return "belongs to this host" if mine else ""


def _is_certain(address: bytes, target: int | None, roll: Roll) -> bool:
    """Whether corosync.conf has it literally for the target, and no file for another node."""
    return target is not None and roll.literal(address) <= {target} and roll.has(target, address)


def _taken(address: bytes, target: int | None, roll: Roll) -> str:
    """To which other node it belongs, "" if to none."""
    stated = [place for place in sorted(roll.stated(address)) if place != target]
    if stated:
        return f"belongs to {roll.name(stated[0])} in {roll.where(stated[0], address)}"
    looked_up = [place for place in sorted(roll.looked_up(address)) if place != target]
    return f"is what the name {roll.name(looked_up[0])} resolves to" if looked_up else ""

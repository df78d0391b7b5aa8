"""The roll of the cluster: which node has which name and which address, as far as it is known.

corosync.conf and the CIB contain names and addresses. An address there may be a name that must be
looked up. What the name of a node resolves to is weaker evidence, because it comes from the name
service and not from the cluster. This module only answers questions; `whom` and `expect` decide.

A node is identified by its place in the list, because two nodes may have the same name by mistake.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_cluster.addresses import pack
from fence_kdump_cluster.corosync import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fence_kdump_cluster.corosync import Node

__all__ = ["Roll", "Standing"]


class Standing(namedtuple("Standing", "nodes sure why", defaults=("",))):
    """To which nodes names and addresses belong.

    nodes -- frozenset of places in the list
    sure -- whether an answer that is still missing cannot change this
    why -- one-line text: why it is not sure; "" if it is, or if an answer is still missing
    """

    __slots__ = ()

    nodes: frozenset[int]
    sure: bool
    why: str


class Roll:
    """Which node has which name and address.

    nodes -- the list from which it was made
    silent -- dict: text whose look-up has no answer yet -> place of its node. The text is the name
        of a node, or a name that stands in place of an address
    lost -- dict: name that stands in place of an address in corosync.conf and does not resolve ->
        place of its node
    """

    def __init__(
        self, nodes: Sequence[Node], known: Mapping[str, Sequence[bytes]], faulty: bool = False
    ) -> None:
        """Call the roll.

        nodes -- of corosync.conf and the CIB
        known -- name -> packed addresses, [] if there is no such host; absent while there is no
            answer
        faulty -- whether `nodes` may lack a node or an address
        """
        self.nodes = nodes
        self.faulty = faulty
        self.silent: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self._known = known
        self._named: dict[bytes, set[int]] = {}
        self._written: dict[str, set[int]] = {}
        self._literal: dict[bytes, set[int]] = {}
        self._stated: dict[bytes, set[int]] = {}
        self._looked_up: dict[bytes, set[int]] = {}
        for place, node in enumerate(nodes):
            self._enter(place, node)

    def stand(self, texts: Iterable[str]) -> Standing:
        """To which nodes names and addresses belong, all of them together."""
        found = [self._stand(text) for text in texts]
        nodes = frozenset(place for standing in found for place in standing.nodes)
        why = next((standing.why for standing in found if standing.why), "")
        return Standing(nodes, all(standing.sure for standing in found), why)

    def says(self, text: str) -> frozenset[int]:
        """The nodes that have a name or an address in corosync.conf or the CIB, without look-ups.

        The name of a node means that node, even if it is also an address of another node.
        """
        found = self._named.get(fold(text))
        if not found:
            literal = self._literal.get(pack(text) or b"", set())
            found = self._written.get(text.lower(), set()) | literal
        return self._with_namesakes(found)

    def literal(self, address: bytes) -> frozenset[int]:
        """The nodes that have an address literally in corosync.conf or the CIB."""
        return frozenset(self._literal.get(address, ()))

    def stated(self, address: bytes) -> frozenset[int]:
        """The nodes that have an address in corosync.conf or the CIB, after look-ups."""
        return frozenset(self._stated.get(address, ()))

    def looked_up(self, address: bytes) -> frozenset[int]:
        """The nodes whose own name resolves to an address."""
        return frozenset(self._looked_up.get(address, ()))

    def has(self, place: int, address: bytes) -> bool:
        """Whether a node has an address literally in corosync.conf."""
        return any(pack(text) == address for text in self.nodes[place].addresses)

    def where(self, place: int, address: bytes) -> str:
        """The file in which a node has an address."""
        rings = self.nodes[place].addresses
        in_rings = any(address in self._known.get(text, ()) for text in rings)
        return "corosync.conf" if in_rings else "the CIB"

    def addresses(self, place: int) -> list[bytes]:
        """The addresses of a node: all rings, and that of the CIB if there is exactly one."""
        node = self.nodes[place]
        texts = [*node.addresses, *(node.cib if len(node.cib) == 1 else ())]
        return [address for text in texts for address in self._known.get(text, ())]

    def name(self, place: int) -> str:
        """What a node is called."""
        return self.nodes[place].name

    def _enter(self, place: int, node: Node) -> None:
        if node.name:
            self._named.setdefault(fold(node.name), set()).add(place)
        for text in (*node.addresses, *node.cib):
            self._written.setdefault(text.lower(), set()).add(place)
            packed = pack(text)
            if packed:
                self._literal.setdefault(packed, set()).add(place)
            if text not in self._known:
                self.silent[text] = place
            elif not self._known[text] and text in node.addresses:
                self.lost[text] = place
            for address in self._known.get(text, ()):
                self._stated.setdefault(address, set()).add(place)
        if node.name and node.name not in self._known:
            self.silent[node.name] = place
        for address in self._known.get(node.name, ()):
            self._looked_up.setdefault(address, set()).add(place)

    def _stand(self, text: str) -> Standing:
        nodes = self.says(text)
        if nodes:
            return Standing(nodes, True)
        if text not in self._known:
            return Standing(frozenset(), False)
        addresses = self._known[text]
        found = {place for address in addresses for place in self._stated.get(address, ())}
        nodes = self._with_namesakes(found)
        if self._stated.keys() >= set(addresses):
            return Standing(nodes, True)
        if self.doubt():
            return Standing(nodes, False, f"{text} {self.doubt()}")
        # An address that no node has yet may turn out to be that of a node known only by name.
        return Standing(nodes, not any(name.lower() in self._written for name in self.silent))

    def doubt(self, target: int | None = None) -> str:
        """Why an address may belong to another node although no file says so: one line, or "".

        target -- place of the node to which it seems to belong
        """
        if self.faulty:
            return "may belong to another node, because corosync.conf or the CIB has errors"
        for text, place in self.lost.items():
            if place != target:
                return f"may belong to {self.name(place)}, because {text} does not resolve"
        return ""

    def _with_namesakes(self, places: Iterable[int]) -> frozenset[int]:
        """These nodes, and all others that have the same names: they cannot be told apart."""
        names = {fold(self.nodes[place].name) for place in places if self.nodes[place].name}
        return frozenset(places).union(*(self._named[name] for name in names))

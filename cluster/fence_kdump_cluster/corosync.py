"""corosync.conf's nodelist.

The format is that of corosync.conf(5). Lines are recognized as in corosync's exec/coroparse.c. A
line ends with a line feed, or with a carriage return and a line feed. A line with ``{`` opens a
section, a line with ``:`` is a key and its value, and a line with ``}`` closes the section. ``#``
starts a comment only at the beginning of a line.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_cluster import files

__all__ = ["MOST", "PATH", "Node", "Nodelist", "fold", "parse", "read"]

PATH = "/etc/corosync/corosync.conf"
MOST = 1 << 20  # bytes; a node takes less than 200

_RINGS = tuple(f"ring{n}_addr" for n in range(8))  # knet's KNET_MAX_LINK is 8

_BLANKS = " \t"
_MOST_PROBLEMS = (
    5  # of each kind that can stand in every line: a file of another kind has thousands
)
_LONGEST = 60  # characters of a line that are quoted


class Node(namedtuple("Node", "name nodeid addresses rings cib")):
    """One node of the cluster: a ``node {}`` of the nodelist, or one that only the CIB knows.

    name -- the node's name in the cluster; if corosync.conf has none, its first ring address, as in
        Pacemaker
    nodeid -- the text of its ``nodeid``, "" if it has none
    addresses -- tuple of its ``ringN_addr`` values, lowest ring first: addresses or host names
    rings -- the N of each address; by default 0, 1...
    cib -- tuple of the addresses or host names that the CIB has for it; it has them for nodes of
        Pacemaker Remote
    """

    __slots__ = ()

    name: str
    nodeid: str
    addresses: tuple[str, ...]
    rings: tuple[int, ...]
    cib: tuple[str, ...]

    def __new__(
        cls,
        name: str,
        nodeid: str,
        addresses: tuple[str, ...],
        rings: tuple[int, ...] = (),
        cib: tuple[str, ...] = (),
    ) -> Node:
        rings = rings or tuple(range(len(addresses)))
        return super().__new__(cls, name, nodeid, addresses, rings, cib)


class Nodelist(namedtuple("Nodelist", "nodes problems")):
    """What a corosync.conf says of its nodes.

    nodes -- tuple of `Node`, in the order of the file
    problems -- tuple of one-line texts, one for every fault; only a few if it is another kind of
        file
    """

    __slots__ = ()

    nodes: tuple[Node, ...]
    problems: tuple[str, ...]


def read(root: str = "") -> str:
    """The text of corosync.conf, with its line ends, and with bytes that are not text unchanged.

    root -- directory below which it is

    Raises OSError.
    """
    return files.read(root + PATH, MOST).decode("utf-8", "surrogateescape")


def parse(text: str) -> Nodelist:
    """Read the nodelist out of the text of a corosync.conf. Never raises on any text.

    text -- the whole file
    """
    problems: list[str] = []
    nodes: list[Node] = []
    sections: list[str] = []
    node: dict[str, str] = {}
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").strip(_BLANKS)
        if not line or line.startswith("#"):
            continue
        if "{" in line:
            sections.append(line.partition("{")[0].strip(_BLANKS).lower())
            node = {} if sections == ["nodelist", "node"] else node
        elif ":" in line:
            if sections == ["nodelist", "node"]:
                key, _, value = line.partition(":")
                node[key.strip(_BLANKS)] = value.strip(_BLANKS)
        elif "}" in line:
            if sections == ["nodelist", "node"]:
                nodes += _node(node, number, problems)
            if sections:
                sections.pop()
            else:
                problems.append(f"line {number}: a }} has no matching {{")
        else:
            told = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
            problems.append(f"line {number}: {told!r} is neither a section nor a key: value")
    problems = _first(problems)
    problems += [f"several nodes have the name {name!r}" for name in _twice(nodes)]
    if sections:
        problems.append(f"section {sections[-1][:_LONGEST]!r} has no closing }}")
    return Nodelist(tuple(nodes), tuple(problems))


def _first(problems: list[str]) -> list[str]:
    more = len(problems) - _MOST_PROBLEMS
    if more <= 0:
        return problems
    return [*problems[:_MOST_PROBLEMS], f"{more} more lines like these"]


def _twice(nodes: list[Node]) -> list[str]:
    """The names that several nodes have. Pacemaker ignores the case of letters."""
    seen: set[bytes] = set()
    twice: dict[str, None] = {}
    for node in nodes:
        folded = fold(node.name)
        if folded in seen:
            twice[node.name] = None
        seen.add(folded)
    return list(twice)[:_MOST_PROBLEMS]


def fold(name: str) -> bytes:
    """A node name as Pacemaker compares it: without regard to the case of ASCII letters."""
    return name.encode("utf-8", "surrogateescape").lower()


def _node(keys: dict[str, str], number: int, problems: list[str]) -> list[Node]:
    rings = tuple(number for number, key in enumerate(_RINGS) if keys.get(key))
    addresses = tuple(keys[_RINGS[number]] for number in rings)
    if not addresses:
        problems.append(f"line {number}: node {keys.get('name', '')!r} has no ring address")
        return []
    return [Node(keys.get("name") or addresses[0], keys.get("nodeid", ""), addresses, rings)]

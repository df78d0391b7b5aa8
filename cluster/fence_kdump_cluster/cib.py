"""Pacemaker's CIB: the names of all nodes, and the addresses of Pacemaker Remote nodes.

Pacemaker keeps the CIB in a file. It writes a new file and renames it, so a complete CIB can be
read without a lock, whether Pacemaker runs or not. The file may be old. A remote node is a resource
``ocf:pacemaker:remote`` (ocf_pacemaker_remote(7)) with the name of its node, and with ``server`` or
``addr``. A guest node is a resource with the meta attributes ``remote-node``, which is its name,
and ``remote-addr``.

Attributes are in sets. A set or a single pair may refer to another one (``id-ref``), and a resource
may get its sets from a template. Rules choose among sets. They are not evaluated here: every value
that could be chosen is used.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_cluster.corosync import Node, fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MOST", "PATH", "Cib", "CibNode", "join", "parse"]

PATH = "/var/lib/pacemaker/cib/cib.xml"
MOST = 16 << 20  # bytes

_SETS = {"instance_attributes": "attributes", "meta_attributes": "meta"}
_ADDRESSES = ("server", "addr")


class CibNode(namedtuple("CibNode", "name nodeid addresses")):
    """One node that the CIB knows.

    name -- its name
    nodeid -- its id in Corosync, "" for a node of Pacemaker Remote
    addresses -- tuple of addresses and host names, () for a node of Corosync
    """

    __slots__ = ()

    name: str
    nodeid: str
    addresses: tuple[str, ...]


class Cib(namedtuple("Cib", "nodes problems")):
    """What a CIB says of the cluster's nodes.

    nodes -- tuple of `CibNode`
    problems -- tuple of one-line texts: the fault that was found; then `nodes` is empty
    """

    __slots__ = ()

    nodes: tuple[CibNode, ...]
    problems: tuple[str, ...]


def parse(data: bytes) -> Cib:
    """Read the nodes out of a CIB. Never raises on any bytes.

    data -- the whole file
    """
    from pyexpat import ExpatError, ParserCreate

    reader = _Reader()
    parser = ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(data, True)
    except _NotACibError as error:
        return Cib((), (str(error),))
    except ExpatError as error:
        return Cib((), (f"line {error.lineno}: it is not well-formed XML",))
    except (ValueError, LookupError) as error:  # an encoding that expat does not know
        return Cib((), (f"it cannot be read as XML: {error}",))
    if not reader.is_cib:
        return Cib((), ("it is not a CIB",))
    return Cib(tuple(reader.nodes()), ())


def join(nodes: Iterable[Node], cib: Iterable[CibNode]) -> tuple[Node, ...]:
    """All nodes of the cluster: those of corosync.conf, with what the CIB has of them, and others.

    nodes -- of corosync.conf; a node without a name gets the name that the CIB has for its id
    cib -- nodes of the CIB
    """
    rest = list(cib)
    names = {node.nodeid: node.name for node in rest if node.nodeid}
    found: dict[bytes, list[CibNode]] = {}
    for node in rest:
        found.setdefault(fold(node.name), []).append(node)
    joined = []
    for member in nodes:
        nameless = member.name == member.addresses[0]
        name = names.get(member.nodeid, member.name) if nameless else member.name
        known = found.get(fold(name), [])
        addresses = tuple(dict.fromkeys(text for node in known for text in node.addresses))
        joined.append(member._replace(name=name, cib=addresses))
    taken = {fold(member.name) for member in joined}
    for known in (known for name, known in found.items() if name not in taken):
        addresses = tuple(dict.fromkeys(text for node in known for text in node.addresses))
        joined.append(Node(known[0].name, "", (), (), addresses))
    return tuple(joined)


class _NotACibError(ValueError):
    pass


class _Resource:
    """A primitive or a template, and the pairs of its sets."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.name = keys.get("id", "")
        self.template = keys.get("template", "")
        self.kind = tuple(keys.get(key, "") for key in ("class", "provider", "type"))
        self.sets: list[_Set] = []


class _Set:
    """Pairs of one kind: (name, value, id of the pair referred to)."""

    def __init__(self, kind: str, reference: str) -> None:
        self.kind = kind
        self.reference = reference
        self.pairs: list[tuple[str, str, str]] = []


class _Reader:
    """The handlers for pyexpat."""

    def __init__(self) -> None:
        self.is_cib = False
        self._path: list[str] = []
        self._members: list[tuple[str, str]] = []
        self._resources: list[_Resource] = []
        self._templates: dict[str, _Resource] = {}
        self._sets: dict[str, _Set] = {}
        self._pairs: dict[str, tuple[str, str]] = {}
        self._resource: _Resource | None = None
        self._set: _Set | None = None

    def doctype(self, *_: object) -> None:
        raise _NotACibError("it has a DOCTYPE, which no CIB has")

    def start(self, tag: str, keys: dict[str, str]) -> None:
        self._path.append(tag)
        if len(self._path) == 1:
            self.is_cib = tag == "cib"
        elif self._path[1:2] == ["configuration"]:
            self._configured(tag, keys)

    def end(self, tag: str) -> None:
        self._path.pop()
        if tag in ("primitive", "template"):
            self._resource = None
        elif tag in _SETS:
            self._set = None

    def _configured(self, tag: str, keys: dict[str, str]) -> None:
        if tag == "node" and self._path[2:] == ["nodes", "node"]:
            remote = keys.get("type") in ("remote", "ping")
            self._members.append((keys.get("uname", ""), "" if remote else keys.get("id", "")))
        elif tag in ("primitive", "template"):
            self._resource = _Resource(keys)
            if tag == "template":
                self._templates[self._resource.name] = self._resource
            else:
                self._resources.append(self._resource)
        elif tag in _SETS:
            self._set = _Set(_SETS[tag], keys.get("id-ref", ""))
            if keys.get("id"):
                self._sets[keys["id"]] = self._set
            if self._resource:
                self._resource.sets.append(self._set)
        elif tag == "nvpair":
            pair = (keys.get("name", ""), keys.get("value", ""))
            if keys.get("id"):
                self._pairs[keys["id"]] = pair
            if self._set:
                self._set.pairs.append((*pair, keys.get("id-ref", "")))

    def nodes(self) -> Iterable[CibNode]:
        for name, nodeid in self._members:
            if name:
                yield CibNode(name, nodeid, ())
        for resource in self._resources:
            chain = self._with_template(resource)
            meta = self._values(chain, "meta")
            for name in meta.get("remote-node", ()):
                yield CibNode(name, "", _addresses(meta.get("remote-addr", ())))
            if any(part.kind == ("ocf", "pacemaker", "remote") for part in chain):
                attributes = self._values(chain, "attributes")
                values = [value for key in _ADDRESSES for value in attributes.get(key, ())]
                yield CibNode(resource.name, "", _addresses(values))

    def _with_template(self, resource: _Resource) -> list[_Resource]:
        template = self._templates.get(resource.template)
        return [resource, template] if template else [resource]

    def _values(self, chain: Iterable[_Resource], kind: str) -> dict[str, list[str]]:
        """Name -> all its values in the sets of that kind."""
        found: dict[str, list[str]] = {}
        for resource in chain:
            for own in resource.sets:
                if own.kind != kind:
                    continue
                pairs = self._sets.get(own.reference, own).pairs if own.reference else own.pairs
                for name, value, reference in pairs:
                    referred = self._pairs.get(reference, ("", ""))
                    found.setdefault(name or referred[0], []).append(value or referred[1])
        return found


def _addresses(values: Sequence[str]) -> tuple[str, ...]:
    """The values that are addresses or host names. "#uname" would mean the name of the node."""
    return tuple(dict.fromkeys(v for v in values if v and not v.startswith("#")))

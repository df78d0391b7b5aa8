"""The key of this node, with which it proves its identity from its crash kernel (docs/protocol.md).

Only this key goes into the image. So a stolen image can only speak for this node.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from fence_kdump_cluster import cib, corosync, files, keyfiles
from fence_kdump_cluster.addresses import pack
from fence_kdump_cluster.keyfiles import BadKeyFile
from fence_kdump_image import textfiles
from fence_kdump_protocol import keys

__all__ = ["NodeKey", "derive", "find"]


@dataclass(frozen=True)
class NodeKey:
    """A node's key.

    name -- of the node, as in corosync.conf
    key -- 32 bytes
    source -- path of the file that it comes from
    """

    name: str
    key: bytes = field(repr=False)
    source: str

    @property
    def id(self) -> str:
        """The id of the key in hex. It does not reveal the key."""
        return keys.key_id(self.key).hex()


def derive(path: str, name: str) -> bytes:
    """Derive the key of a node from a master key.

    path -- of the file with the master key
    name -- of the node

    Raises BadKeyFile.
    """
    try:
        return keys.node_key(keyfiles.read(path), name.encode("utf-8", "surrogateescape"))
    except keys.BadKey as error:
        raise BadKeyFile(f"{path}: {error}") from error


def find(root: str, name: str, host: str) -> tuple[NodeKey | None, tuple[str, ...]]:
    """The key for an image built now.

    root -- folder that all paths are below
    name -- of this node in corosync.conf, "" if it is not known
    host -- name of this host, for a Pacemaker Remote node, which has no corosync.conf

    Returns (None if there is none, one-line texts: what is wrong).
    """
    path = keyfiles.NODE if os.path.lexists(root + keyfiles.NODE) else keyfiles.master(root)
    if not os.path.lexists(root + path):
        return None, ()
    name = _cluster_name(root, name) or (host if path == keyfiles.NODE else "")
    without = "the image cannot prove the identity of this node"
    if not name:
        return None, (f"{without}: the name of this node in the cluster is unknown",)
    if not textfiles.is_utf8(name):
        return None, (f"{without}: this node's name {name!r} is not UTF-8",)
    try:
        key = _parse(root + path) if path == keyfiles.NODE else derive(root + path, name)
    except BadKeyFile as error:
        return None, (f"{without}: {error}",)
    exposure = keyfiles.exposure(root + path)
    return NodeKey(name, key, path), (exposure,) if exposure else ()


def _cluster_name(root: str, name: str) -> str:
    """This node's name in the cluster.

    If corosync.conf has only an address for this node, the CIB has the name for the node's id.
    """
    if pack(name) is None:
        return name
    try:
        text = corosync.read(root)
        known = cib.parse(files.read(root + cib.PATH, cib.MOST)).nodes
    except OSError:
        return ""
    nodes = corosync.parse(text).nodes
    names = [named.name for node, named in zip(nodes, cib.join(nodes, known)) if node.name == name]
    return names[0] if len(names) == 1 and pack(names[0]) is None else ""


def _parse(path: str) -> bytes:
    try:
        return keys.parse(keyfiles.read(path))
    except keys.BadKey as error:
        raise BadKeyFile(f"{path}: {error}") from error

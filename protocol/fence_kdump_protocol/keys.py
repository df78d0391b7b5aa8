"""Keys: the cluster's master key -> a key for each node -> the code that proves its identity.

The crash image of a node contains only the key of that node. So a stolen image can only speak for
this node. docs/protocol.md has the reasons.
"""

from __future__ import annotations

from _operator import _compare_digest

from fence_kdump_protocol.sha256 import hmac

__all__ = ["LEAST_MASTER", "BadKey", "authenticate", "is_right", "key_id", "node_key", "parse"]

LEAST_MASTER = 32  # bytes
_LENGTH = 32  # bytes of a node's key
_ID_LENGTH = 8


class BadKey(ValueError):
    """This is not a key; the text says why."""


def node_key(master: bytes, name: bytes) -> bytes:
    """The key of one node, 32 bytes.

    master -- all bytes of the cluster's key file
    name -- the node's name, as it stands in corosync.conf

    Raises BadKey for a master that is too short.
    """
    if len(master) < LEAST_MASTER:
        raise BadKey(f"the key has {len(master)} bytes, but needs at least {LEAST_MASTER}")
    return hmac(master, b"fence-kdump node key 1\0" + name)


def key_id(key: bytes) -> bytes:
    """The id of a node's key, 8 bytes. It identifies the key and does not reveal it."""
    return hmac(key, b"fence-kdump key id 1")[:_ID_LENGTH]


def authenticate(key: bytes, data: bytes) -> bytes:
    """The code that proves that data comes from the owner of a node's key, 32 bytes."""
    return hmac(key, b"fence-kdump response 1\0" + data)


def is_right(key: bytes, data: bytes, code: bytes) -> bool:
    """Whether a code is right. The comparison takes constant time."""
    return _compare_digest(authenticate(key, data), code)


def parse(text: bytes) -> bytes:
    """A node's key from its file: 64 hex digits, as ``fence-kdump key`` prints them.

    Raises BadKey.
    """
    try:
        key = bytes.fromhex(text.strip().decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _LENGTH:
        raise BadKey(f"a node key must have {2 * _LENGTH} hex digits")
    return key

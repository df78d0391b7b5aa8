"""Whether the target node must prove its identity, and with which keys it can."""

from __future__ import annotations

import os
from collections import namedtuple

from fence_kdump.options import POLICIES
from fence_kdump_cluster import keyfiles
from fence_kdump_cluster.keyfiles import BadKeyFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fence_kdump.options import Options

__all__ = ["OFF", "PREFER", "REQUIRED", "Keyring", "faults", "load"]

OFF, PREFER, REQUIRED = POLICIES


class Keyring(namedtuple("Keyring", "policy masters faults", defaults=((), ()))):
    """The master keys from which the key of a node may be derived.

    policy -- OFF, PREFER or REQUIRED
    masters -- tuple of bytes, the one in force first; () if none can be used
    faults -- tuple of one-line texts: what is wrong with the files
    """

    __slots__ = ()

    policy: str
    masters: tuple[bytes, ...]
    faults: tuple[str, ...]

    def keys(self, node: str) -> tuple[bytes, ...]:
        """The keys with which a node may prove its identity; () for a node without a name."""
        from fence_kdump_protocol.keys import node_key

        name = node.encode("utf-8", "surrogateescape")
        return tuple(node_key(master, name) for master in self.masters) if name else ()


def load(options: Options) -> Keyring:
    """The keyring that the options ask for.

    options -- auth, key

    If auth is not set, a proof is preferred if there is a key for fence_kdump. The key of Corosync
    is used only if auth is set.
    """
    made_for_it = options.key or os.path.lexists(keyfiles.MASTER)
    policy = options.auth or (PREFER if made_for_it else OFF)
    if policy == OFF:
        return Keyring(OFF)
    path = options.key or keyfiles.master()
    try:
        masters = [_master(path)]
    except BadKeyFile as error:
        return Keyring(policy, (), (str(error),))
    try:
        masters.append(_master(keyfiles.old(path)))
    except BadKeyFile as error:
        if os.path.lexists(keyfiles.old(path)):
            return Keyring(policy, tuple(masters), (f"{error}; this key is not used",))
    return Keyring(policy, tuple(masters))


def faults(options: Options) -> tuple[str, ...]:
    """What is wrong with the key files that the options ask for, one line each."""
    return load(options).faults


def _master(path: str) -> bytes:
    from fence_kdump_protocol.keys import LEAST_MASTER

    master = keyfiles.read(path)
    if len(master) < LEAST_MASTER:
        raise BadKeyFile(
            f"{path}: the key has {len(master)} bytes, but needs at least {LEAST_MASTER}"
        )
    exposure = keyfiles.exposure(path)
    if exposure:
        raise BadKeyFile(exposure)
    return master

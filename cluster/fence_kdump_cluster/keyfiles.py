"""The files with the cluster's keys: which one is in force, and what is wrong with it.

What is in them is fence_kdump_protocol's (keys), and docs/protocol.md's.
"""

from __future__ import annotations

import os
import stat

from fence_kdump_cluster import files

__all__ = ["COROSYNC", "MASTER", "NODE", "OLD", "BadKeyFile", "exposure", "master", "old", "read"]

MASTER = "/etc/fence_kdump/key"
OLD = "/etc/fence_kdump/key.old"  # a master key that still counts while a new one is rolled out
NODE = "/etc/fence_kdump/node.key"  # a node's own, for nodes that have no master key
COROSYNC = "/etc/corosync/authkey"

LARGEST = 1 << 20  # bytes; corosync-keygen(8) writes 256


class BadKeyFile(ValueError):
    """No key can be had of a file; the text names the file and the reason."""


def master(root: str = "") -> str:
    """Path of the cluster's master key: our own file, or else Corosync's.

    root -- folder that it is below
    """
    return MASTER if os.path.lexists(root + MASTER) else COROSYNC


def old(path: str) -> str:
    """Path of the key that a master key has replaced: it may still be in a node's crash image.

    path -- of the master key
    """
    return OLD if path == COROSYNC else f"{path}.old"


def read(path: str) -> bytes:
    """All bytes of a key file. Raises BadKeyFile."""
    try:
        return files.read(path, LARGEST)
    except OSError as error:
        raise BadKeyFile(f"{path}: {error.strerror}") from error


def exposure(path: str) -> str:
    """Who else can read or change a key file, as one line with the remedy; "" if nobody can."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        return f"{path}: other users can read or change this file: run 'chmod 600 {path}'"
    return ""

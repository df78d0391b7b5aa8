"""The files with the keys of the cluster: which one is used, and what is wrong with it.

fence_kdump_protocol (keys) and docs/protocol.md describe their content.
"""

from __future__ import annotations

import os
import stat

from fence_kdump_cluster import files

__all__ = ["COROSYNC", "MASTER", "NODE", "OLD", "BadKeyFile", "exposure", "master", "old", "read"]

MASTER = "/etc/fence_kdump/key"
OLD = "/etc/fence_kdump/key.old"  # a master key that still counts while a new one is rolled out
NODE = "/etc/fence_kdump/node.key"  # the key of this node, for nodes that have no master key
COROSYNC = "/etc/corosync/authkey"

LARGEST = 1 << 20  # bytes; corosync-keygen(8) writes 256


class BadKeyFile(ValueError):
    """A file contains no usable key; the text names the file and the reason."""


def master(root: str = "") -> str:
    """Path of the cluster's master key: our own file if it exists, otherwise Corosync's.

    root -- directory below which it is
    """
    return MASTER if os.path.lexists(root + MASTER) else COROSYNC


def old(path: str) -> str:
    """Path of the previous master key, which may still be in the crash image of a node.

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
    """One line with the remedy if other users can read or change a key file; "" otherwise."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        return f"{path}: other users can read or change this file: run 'chmod 600 {path}'"
    return ""

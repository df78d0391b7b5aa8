"""The rig works only where nothing it does can be heard or stay: inside tools/sandbox."""

from __future__ import annotations

import os

from .host import RigError

__all__ = ["require"]


def require() -> None:
    """Raises RigError unless this process has a network and a /run of its own, and is root."""
    with open("/proc/net/route", encoding="ascii") as table:
        routes = table.read().splitlines()[1:]
    if routes or not os.path.ismount("/run"):
        raise RigError("this must not run in the machine's own network: use tools/sandbox")
    if os.geteuid() != 0:
        raise RigError("overlay mounts and tap devices need root: run this as root")

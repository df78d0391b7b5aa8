"""The rig works only where nothing it does can be heard or stay: inside tools/sandbox."""

from __future__ import annotations

import os

from .host import RigError

__all__ = ["require"]


def require() -> None:
    """Raises RigError unless this process is in namespaces that end with it, as their root."""
    if not os.environ.get("FENCE_KDUMP_SANDBOX"):
        raise RigError("this makes networks and mounts: start it with tools/sandbox")
    with open("/proc/self/uid_map", encoding="ascii") as uids:
        if uids.read().split()[1] != "0":
            raise RigError("overlay mounts and tap devices need the machine's root: run it as root")

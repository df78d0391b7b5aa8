"""Private namespaces: whatever the rig makes there vanishes with it, however it ends."""

from __future__ import annotations

import os
import sys

from .host import RigError

__all__ = ["enter", "require"]

_MARK = "FENCE_KDUMP_PRIVATE"


def enter() -> None:
    """Starts the running program anew in private mount, network, IPC and PID namespaces.

    Returns only inside of them. /run is a fresh tmpfs there, so that `ip netns` keeps its own list.
    """
    if os.environ.get(_MARK):
        return
    if os.geteuid() != 0:
        raise RigError("namespaces and tap devices need root: run this as root")
    inside = 'mount -t tmpfs tmpfs /run && exec "$@"'
    os.environ[_MARK] = "1"
    argv = ["unshare", "--mount", "--net", "--ipc", "--pid", "--fork", "--kill-child"]
    argv += ["--mount-proc", "sh", "-c", inside, "sh", sys.executable, *sys.argv]
    os.execvp(argv[0], argv)  # noqa: S606 - a list of arguments, no shell expands it


def require() -> None:
    """Raises RigError unless this process is cut off from the machine's network."""
    with open("/proc/net/route", encoding="ascii") as table:
        routes = table.read().splitlines()[1:]
    if routes:
        raise RigError(
            "this would run in the machine's own network: start it with "
            "unshare --mount --net --ipc --pid --fork --mount-proc, and a tmpfs on /run"
        )

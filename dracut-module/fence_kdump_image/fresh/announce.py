"""Tell the cluster by which key this node's crash image proves itself.

Under auth=required a node is believed only if the right key is in its crash image, and only the
node itself can look there. So it tells the key's id as a node attribute of Pacemaker's. On any node
that has the cluster's key, `fence-kdump doctor` compares the ids of all nodes with those that they
should have. An id tells nothing of the key: it goes over the wire whenever a node proves itself.

The attribute is a transient one (attrd_updater(8)): Pacemaker forgets it when the node leaves.
"""

from __future__ import annotations

import contextlib
import os
import time

from fence_kdump_image import programs
from fence_kdump_image.image import finished

__all__ = ["ATTRIBUTE", "announce", "held"]

ATTRIBUTE = "fence-kdump-key"
TOLD = "/run/fence-kdump-key"  # the id that was told since this node has started
_PATIENCE = 5.0  # seconds for attrd_updater, which may wait without end
_PAUSE = 5.0  # seconds until it is asked again


def held(root: str) -> str:
    """The id of the key in the crash image, "" if it has none or is not loaded.

    root -- of the file system

    Raises ImageError if the image cannot be read.
    """
    if finished.is_loaded(root) is False:
        return ""
    made = finished.read_manifest(finished.find(root))
    key = made.get("key") if isinstance(made, dict) else None
    found = key.get("id") if isinstance(key, dict) else None
    return found if isinstance(found, str) else ""


def announce(root: str, key: str, seconds: float = 0.0) -> None:
    """Tell the cluster a key's id, or that there is no key any more. A node that has never told one
    since its start, and has none, says nothing.

    root -- of the file system
    key -- the id, "" for none
    seconds -- to go on trying while Pacemaker does not take it

    Raises ProgramError if Pacemaker did not take it.
    """
    updater = programs.find("attrd_updater")
    if not updater or not (key or os.path.exists(root + TOLD)):
        return
    value = ("--update", key) if key else ("--delete",)
    end = time.monotonic() + seconds
    while True:
        try:
            programs.run([updater, "--name", ATTRIBUTE, *value], _PATIENCE)
            break
        except programs.ProgramError:
            if time.monotonic() + _PAUSE > end:
                raise
        time.sleep(_PAUSE)
    with contextlib.suppress(OSError):
        if key:
            with open(root + TOLD, "w") as file:
                file.write(f"{key}\n")
        else:
            os.unlink(root + TOLD)

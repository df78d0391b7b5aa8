"""Publishes in the cluster the id of the key in this node's crash image.

With auth=required, a node is believed only if the right key is in its crash image, and only the
node itself can read the image. So the node publishes the id of the key as a node attribute of
Pacemaker. On any node that has the cluster's key, `fence-kdump doctor` compares the ids of all
nodes with those that they should have. The id does not reveal the key: it is sent whenever a node
proves its identity.

The attribute is transient (crm_attribute(8)): Pacemaker deletes it when the node leaves. With
attrd_updater(8), Pacemaker 3.0.3 keeps the attribute of a Pacemaker Remote node to itself.
"""

from __future__ import annotations

import contextlib
import os
import time

from fence_kdump_image import programs
from fence_kdump_image.image import finished, manifest

__all__ = ["ATTRIBUTE", "announce", "held"]

ATTRIBUTE = "fence-kdump-key"
TOLD = "/run/fence-kdump-key"  # the id that was published since this node was started
_PATIENCE = 5.0  # seconds for crm_attribute, which may wait for ever
_PAUSE = 5.0  # seconds until the next attempt


def held(root: str) -> str:
    """The id of the key in the crash image, "" if it has none or is not loaded.

    root -- of the file system

    Raises ImageError if the image cannot be read.
    """
    if finished.is_loaded(root) is False:
        return ""
    return manifest.key_id(finished.read_manifest(finished.find(root)))


def announce(root: str, key: str, seconds: float = 0.0) -> None:
    """Publish the id of a key, or that there is no key any more.

    If this node has no key, and has published none since it was started, nothing is done.

    root -- of the file system; nothing is told of another system than the running one
    key -- the id, "" for none
    seconds -- how long to keep trying while Pacemaker does not accept it

    Raises ProgramError if Pacemaker did not accept it.
    """
    if root:
        return  # the cluster is that of the running system
    updater = programs.find("crm_attribute")
    if not updater or not (key or os.path.exists(TOLD)):
        return
    value = ("--update", key) if key else ("--delete",)
    end = time.monotonic() + seconds
    while True:
        try:
            programs.run([updater, "--lifetime", "reboot", "--name", ATTRIBUTE, *value], _PATIENCE)
            break
        except programs.ProgramError:
            if time.monotonic() + _PAUSE > end:
                raise
        time.sleep(_PAUSE)
    with contextlib.suppress(OSError):
        if key:
            with open(TOLD, "w") as file:
                file.write(f"{key}\n")
        else:
            os.unlink(TOLD)

"""How many nodes may crash at once and still be fenced: a cluster without quorum fences nobody.

votequorum(5): the survivors need more than half of the votes. Some of its options, and a quorum
device (corosync-qdevice(8)), let fewer go on. Pacemaker Remote nodes have no vote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fence_kdump_admin.doctor.cib import CibError, tree
from fence_kdump_image import programs

__all__ = ["fences_together", "together"]

# the last one that is left goes on; half of the nodes may go on
_LAST = re.compile(r"^\s*(?:last_man_standing\s*:\s*1|algorithm\s*:\s*lms)\s*$", re.MULTILINE)
_HALF = re.compile(r"^\s*(?:auto_tie_breaker\s*:\s*1|model\s*:\s*net)\s*$", re.MULTILINE)
_TWO = re.compile(r"^\s*two_node\s*:\s*1\s*$", re.MULTILINE)
_DAEMONS = ("/usr/libexec/pacemaker", "/usr/lib/pacemaker", "/usr/lib64/pacemaker")
_PATIENCE = 5.0  # seconds for the daemon that tells its options


def together(members: int, remotes: int, corosync: str, properties: Mapping[str, str]) -> int:
    """How many nodes may crash at once and still be fenced.

    members, remotes -- how many full members and Pacemaker Remote nodes the cluster has
    corosync -- the text of corosync.conf
    properties -- of the cluster
    """
    without = properties.get("no-quorum-policy", "").lower() == "ignore"
    if without or _LAST.search(corosync) or (members == 2 and _TWO.search(corosync)):
        lost = members - 1
    elif _HALF.search(corosync):
        lost = members // 2
    else:
        lost = (members - 1) // 2
    return max(lost, 0) + remotes


def fences_together() -> bool | None:
    """Whether Pacemaker, as it was built, fences concurrently if it is not told; None if it does
    not say."""
    for folder in _DAEMONS:
        try:
            said = programs.run([f"{folder}/pacemaker-schedulerd", "metadata"], _PATIENCE)
            top = tree(said.encode("utf-8", "surrogateescape"))
        except (programs.ProgramError, CibError):
            continue
        content = top.find(".//parameter[@name='concurrent-fencing']/content")
        if content is not None:
            return content.get("default") == "true"
    return None

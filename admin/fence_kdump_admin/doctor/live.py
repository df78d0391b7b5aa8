"""The running cluster: which nodes are members now, and which key each one's crash image has.

Both are in the status section of the CIB, which is in no file: cibadmin(8) asks Pacemaker for it.
The elements are those of its `node_state`. Since Pacemaker 2.1.7 (CRM_NODE_MEMBERSHIP in its
sources) the time since when a node is a member stands in place of "true".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fence_kdump_admin.doctor.cib import CibError, tree
from fence_kdump_cluster.cib import MOST
from fence_kdump_cluster.corosync import fold
from fence_kdump_image import programs
from fence_kdump_image.fresh.announce import ATTRIBUTE

__all__ = ["Live", "look", "parse"]

_PATIENCE = 5.0  # seconds for cibadmin, which may wait without end
_KEY_ID = re.compile(r"[0-9a-f]{16}\Z")
_NO = ("", "0", "false", "offline")


@dataclass(frozen=True)
class Live:
    """What the cluster says of its nodes now; their names compare as Pacemaker compares them.

    problem -- why the cluster says nothing, "" if it does
    """

    members: Mapping[bytes, bool] = field(default_factory=dict)
    keys: Mapping[bytes, str] = field(default_factory=dict)
    problem: str = ""

    def is_absent(self, node: str) -> bool:
        """Whether the cluster says that a node is no member now."""
        return bool(self.members) and not self.members.get(fold(node), False)

    def key_of(self, node: str) -> str:
        """The id of the key in a node's crash image, as the node told it; "" if it told none."""
        return self.keys.get(fold(node), "")


def look(root: str) -> Live:
    """Ask the cluster. Takes some seconds at most.

    root -- folder that all paths are below: with one, the running cluster is another's
    """
    if root:
        return Live(problem="the running cluster is not asked, because of --root")
    cibadmin = programs.find("cibadmin")
    if not cibadmin:
        return Live(problem="Pacemaker's command cibadmin is not installed")
    try:
        said = programs.run([cibadmin, "--query", "--local", "--scope", "status"], _PATIENCE)
        return parse(said.encode("utf-8", "surrogateescape"))
    except (programs.ProgramError, CibError) as error:
        return Live(problem=f"the running cluster does not answer: {error}")


def parse(data: bytes) -> Live:
    """Read the status section.

    data -- what cibadmin prints of it

    Raises CibError.
    """
    if len(data) > MOST:
        raise CibError("the status section is too large")
    top = tree(data)
    members: dict[bytes, bool] = {}
    keys: dict[bytes, str] = {}
    for state in top.iter("node_state"):
        node = fold(state.get("uname") or state.get("id") or "")
        # a Pacemaker Remote node has only the first
        signs = [state.get(name) for name in ("in_ccm", "crmd")]
        is_member = signs[0] is not None and not any(sign in _NO for sign in signs)
        # a node with another id, that had the same name before, may still be there
        members[node] = members.get(node, False) or is_member
        for pair in state.iterfind("transient_attributes/instance_attributes/nvpair"):
            value = pair.get("value", "")
            if is_member and pair.get("name") == ATTRIBUTE and _KEY_ID.match(value):
                keys[node] = value
    return Live(members, keys)

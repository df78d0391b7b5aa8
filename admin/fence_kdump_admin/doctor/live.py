"""The running cluster: which nodes are members now, and which key each one's crash image has.

crm_mon(8) tells both. The status section of the CIB says less: Pacemaker 3 may note a Pacemaker
Remote node there as lost that is online.
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

_ASK = ("--one-shot", "--include=none,nodes,attributes", "--output-as=xml")
_PATIENCE = 5.0  # seconds for crm_mon, which may wait without end
_KEY_ID = re.compile(r"[0-9a-f]{16}\Z")


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
    crm_mon = programs.find("crm_mon")
    if not crm_mon:
        return Live(problem="Pacemaker's command crm_mon is not installed")
    try:
        said = programs.run([crm_mon, *_ASK], _PATIENCE, check=False)
        return parse(said.encode("utf-8", "surrogateescape"))
    except (programs.ProgramError, CibError) as error:
        return Live(problem=f"the running cluster does not answer: {error}")


def parse(data: bytes) -> Live:
    """Read what crm_mon prints of the nodes and their attributes.

    data -- XML

    Raises CibError, also if it is an error that crm_mon prints.
    """
    if len(data) > MOST:
        raise CibError("crm_mon prints too much")
    top = tree(data)
    status = top.find("status")
    if status is None or status.get("code") != "0":
        message = "" if status is None else status.get("message", "")
        raise CibError(f"crm_mon says: {message or 'nothing of its status'}")
    members: dict[bytes, bool] = {}
    for node in top.iterfind("nodes/node"):
        name = fold(node.get("name", ""))
        # only Corosync runs on a node that is pending
        is_member = node.get("online") == "true" and node.get("pending") != "true"
        # a node with another id, that had the same name before, may still be there
        members[name] = members.get(name, False) or is_member
    keys: dict[bytes, str] = {}
    for node in top.iterfind("node_attributes/node"):
        name = fold(node.get("name", ""))
        for pair in node.iterfind("attribute"):
            value = pair.get("value", "")
            if members.get(name) and pair.get("name") == ATTRIBUTE and _KEY_ID.match(value):
                keys[name] = value
    return Live(members, keys)

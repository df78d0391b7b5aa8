"""The members of the cluster, for a Pacemaker Remote node, which has no corosync.conf.

crm_node(8) knows them only while the node is connected to the cluster, but kdump builds its image
at boot before that. So a good answer is stored, and used if asking fails.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from fence_kdump_cluster import corosync
from fence_kdump_cluster.addresses import is_loopback, pack
from fence_kdump_image import programs, textfiles

__all__ = ["PATH", "Members", "current", "parse"]

PATH = "/var/lib/fence-kdump/members"

_PATIENCE = 5.0  # seconds for each question: crm_node itself has no time-out
_AUTHKEY = "/etc/pacemaker/authkey"  # with which a Pacemaker Remote node accepts the cluster
_HEADER = "# the cluster's members, as crm_node told this Pacemaker Remote node; written anew\n"


@dataclass(frozen=True)
class Members:
    """What a Pacemaker Remote node knows about its cluster.

    local -- this node's name there, "" if it is not known
    nodes -- the names of the members
    problems -- one-line texts: why no members are known
    """

    local: str = ""
    nodes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def parse(text: str) -> Members:
    """Read what `current` returned. Never raises on any text."""
    found: dict[str, list[str]] = {"local": [], "member": [], "problem": []}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value:
            found.get(key, []).append(value)
    local = found["local"][-1] if found["local"] else ""
    return Members(local, tuple(found["member"]), tuple(found["problem"]))


def current(root: str, texts: Mapping[str, str]) -> str:
    """The text with the members: from a new answer, which is stored, or from the stored one.

    Raises nothing because of the state of this node.

    root -- of the file system with the stored answer
    texts -- path -> text of this node's configuration

    Returns "" if there is no crm_node, or if a file lists the nodes.
    """
    crm_node = programs.find("crm_node")
    if not crm_node or _is_member(texts.get(corosync.PATH)):
        return ""
    kept = textfiles.read(root + PATH)
    try:
        text = _ask(crm_node)
    except programs.ProgramError as error:
        remote = os.path.exists(root + _AUTHKEY)
        problem = f"{error}: the members of the cluster are unknown"
        return kept or f"problem {problem}\n" * remote
    if text and text != kept:
        with contextlib.suppress(OSError):  # not root, or no such folder yet
            textfiles.write(root + PATH, text)
    return text or kept


def _is_member(text: str | None) -> bool:
    """Whether a corosync.conf lists nodes, or may have listed some before it was damaged."""
    if text is None:
        return False
    nodelist = corosync.parse(text)
    packed = [pack(host) for node in nodelist.nodes for host in node.addresses]
    sample = all(address is not None and is_loopback(address) for address in packed)
    return bool(nodelist.problems) or not sample


def _ask(crm_node: str) -> str:
    """Raises programs.ProgramError."""
    # one line for each node: "1 node1 member"; there is no line if the state is not known
    lines = programs.run([crm_node, "-l"], _PATIENCE).splitlines()
    nodes = [words[1] for words in map(str.split, lines) if len(words) > 1 and words[1] != "(null)"]
    if not nodes:
        return ""
    local = programs.run([crm_node, "-n"], _PATIENCE).strip()
    return _HEADER + f"local {local}\n" + "".join(f"member {node}\n" for node in nodes)

"""Reads the files that say which node has which name and address.

The package fence_kdump_cluster parses them. The agent listens before it reads them, so messages
that arrive in the meantime wait.
"""

from __future__ import annotations

import os

from fence_kdump.expect import Question
from fence_kdump.roll import Roll
from fence_kdump_cluster import cib, corosync, files
from fence_kdump_cluster.addresses import pack

__all__ = ["ask", "strange_addresses"]


def ask(nodename: tuple[str, ...], plug: tuple[str, ...]) -> tuple[Question, tuple[str, ...]]:
    """Which node is the target, with all nodes in the files. Never raises for their content.

    nodename, plug -- names and addresses, from the options

    Returns (the question; one-line texts: what is wrong with the files).
    """
    nodelist = _corosync()
    known = _cib()
    nodes = cib.join(nodelist.nodes if nodelist else (), known.nodes if known else ())
    warnings = [f"{corosync.PATH}: {text}" for text in (nodelist.problems if nodelist else ())]
    warnings += [f"{cib.PATH}: {text}" for text in (known.problems if known else ())]
    faulty = bool(warnings)
    # If corosync.conf lists no node, as with multicast, a single name can be looked up. A list in
    # nodename may be a list of nodes, and only corosync.conf could say which name is which node's.
    if nodelist and not nodelist.nodes and len(nodename) > 1:
        faulty = True
        warnings.append(f"{corosync.PATH}: it lists no node, so set only one name in nodename")
    # If no file lists a node, this host is in no cluster, and no name can be that of a node.
    complete = not faulty and (known is not None or not nodes)
    return Question(nodename, plug, nodes, faulty, complete), tuple(warnings)


def strange_addresses(question: Question) -> list[str]:
    """The literal addresses in nodename that no node has in the files of the cluster.

    question -- from `ask`

    Returns [] if the files list no node at all.
    """
    if not question.nodes:
        return []
    roll = Roll(question.nodes, {})
    return [name for name in question.nodename if pack(name) and not roll.says(name)]


def _corosync() -> corosync.Nodelist | None:
    """corosync.conf; None if there is none."""
    try:
        text = corosync.read()
    except OSError as error:
        why = _why_not_read(corosync.PATH, error)
        return corosync.Nodelist((), (why,)) if why else None
    return corosync.parse(text)


def _cib() -> cib.Cib | None:
    """The CIB; None if there is none."""
    try:
        data = files.read(cib.PATH, cib.MOST)
    except OSError as error:
        why = _why_not_read(cib.PATH, error)
        return cib.Cib((), (why,)) if why else None
    return cib.parse(data)


def _why_not_read(path: str, error: OSError) -> str:
    """Why a file could not be read; "" if it does not exist, or if that cannot be found out."""
    hidden = isinstance(error, (FileNotFoundError, NotADirectoryError, PermissionError))
    if hidden and not os.path.lexists(path):
        return ""
    return f"it cannot be read: {error.strerror}"

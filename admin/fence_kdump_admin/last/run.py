"""The story of this machine's, or a saved, crash."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fence_kdump_admin.checks import Check, unknown
from fence_kdump_admin.doctor import cib
from fence_kdump_admin.last import crashlog, find, records, story
from fence_kdump_cluster.cib import PATH

__all__ = ["Last", "NoCrashError", "last"]


class NoCrashError(Exception):
    """There is no record of a crash; the text names the places."""


@dataclass(frozen=True)
class Last:
    """The last crash.

    node -- which has crashed
    sources -- paths of the records
    timelines -- one, or two where their clocks cannot be compared
    checks -- what follows
    """

    node: str
    sources: tuple[str, ...]
    timelines: tuple[story.Timeline, ...]
    checks: tuple[Check, ...]


def last(root: str, node: str, path: str) -> Last:
    """Read the records.

    root -- folder that all paths are below
    node -- which has crashed; "" for this node if it has a dump, else for the one fenced last
    path -- of a crash kernel's log, or its folder; "" for the newest on this node

    Raises NoCrashError, and OSError for a path that cannot be read.
    """
    where = path or find.newest_dump(root)
    dump = find.read_dump(where) if where else None
    crash, relative = crashlog.parse(dump.text, dump.year) if dump else ([], False)
    doubts = []
    try:
        log = find.pacemaker_log(root)
    except OSError as error:
        log = None
        remedy = ": run it as root" if isinstance(error, PermissionError) else ""
        doubts.append(unknown("records", f"{error.filename}: {error.strerror}{remedy}"))
    node = node or (os.uname().nodename if dump and not path else "")
    fenced, events = records.parse(log.text.splitlines(), log.year, node) if log else ("", [])
    if not crash and not events:
        places = ", ".join([*find.dump_folders(root), *(root + p for p in find.PACEMAKER_LOGS)])
        remedy = ": run it as root" if os.geteuid() else ""
        raise NoCrashError(f"no record of a crash (looked into {places}){remedy}")
    node = fenced or node
    try:
        cluster = cib.read(root + PATH)
    except (FileNotFoundError, cib.CibError):
        cluster = None
    return Last(
        node=node,
        sources=tuple(found.path for found in (dump, log) if found),
        timelines=tuple(story.merge(crash, relative, events)),
        checks=(*doubts, *story.judge(crash, events, node, cluster)),
    )

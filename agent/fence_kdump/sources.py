"""The files that say who is who in the cluster, read. What is in them is the cluster package's.

The agent listens before it reads them: however long that takes, what comes meanwhile waits.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_cluster import corosync

__all__ = ["Sources", "read_sources"]


class Sources(namedtuple("Sources", "nodes faulty warnings")):
    """What the files say.

    nodes -- tuple of corosync.conf's `Node`, empty if there is none
    faulty -- whether corosync.conf has faults: `nodes` may then lack a node or an address
    warnings -- tuple of one-line texts: what is wrong with the files
    """

    __slots__ = ()

    nodes: tuple[corosync.Node, ...]
    faulty: bool
    warnings: tuple[str, ...]


def read_sources() -> Sources:
    """Read them. Never raises for what stands in a file, or for one that cannot be read."""
    try:
        with open(corosync.PATH, encoding="utf-8", errors="replace", newline="\n") as file:
            nodelist = corosync.parse(file.read())
    except FileNotFoundError:
        return Sources((), False, ())
    except OSError as error:
        return Sources((), False, (f"cannot read {corosync.PATH}: {error.strerror}",))
    warnings = tuple(f"{corosync.PATH}: {problem}" for problem in nodelist.problems)
    return Sources(nodelist.nodes, bool(nodelist.problems), warnings)

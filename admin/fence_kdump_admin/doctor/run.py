"""All checks, group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor import (
    cluster,
    crash,
    device,
    firewall,
    image,
    keys,
    quorum,
    watchdog,
    way,
)
from fence_kdump_admin.doctor.here import Here, look
from fence_kdump_admin.probe.run import port_of
from fence_kdump_cluster import corosync

__all__ = ["groups"]


def groups(root: str, node: str, sender: str) -> Iterator[tuple[str, list[Check]]]:
    """Each subject with its checks, as they are done.

    root -- folder that all paths are below
    node -- this node's name, "" for the host name
    sender -- the sender's folder
    """
    here = look(root, node)
    subjects: tuple[tuple[str, Callable[[], list[Check]]], ...] = (
        ("crash kernel", lambda: crash.checks(here)),
        ("crash image", lambda: image.checks(here, node, sender)),
        ("watchdog", lambda: watchdog.checks(here)),
        ("network", lambda: [*firewall.checks(here), *way.checks(here)]),
        ("cluster", lambda: _cluster(here)),
        ("keys", lambda: keys.checks(here)),
    )
    for subject, checks in subjects:
        yield subject, _safely(subject, checks)


def _safely(subject: str, checks: Callable[[], list[Check]]) -> list[Check]:
    """A fault in one group must not hide what the others have to say."""
    try:
        return checks()
    except Exception as error:
        return [unknown("fault", f"fault of this program, please report it: {subject}: {error!r}")]


def _cluster(here: Here) -> list[Check]:
    if here.cluster_problem:
        return [unknown("cib", here.cluster_problem)]
    if not here.cluster:
        if here.text(corosync.PATH):
            text = "this node has no configuration of Pacemaker yet: start the cluster once"
            return [bad("cib", text, "pcs cluster start")]
        return [
            unknown(
                "cib",
                "this node has no CIB: it is a Pacemaker Remote node, or in no cluster",
            )
        ]
    found = [ok("cib", "Pacemaker's configuration is readable")]
    remotes = len(here.remote)
    members = len(here.addresses) - remotes
    text = here.text(corosync.PATH)
    together = quorum.together(members, remotes, text, here.cluster.properties)
    default = quorum.fences_together
    found += cluster.checks(here.cluster, list(here.addresses), together, default)
    return found + device.checks(here.cluster, here.addresses, port_of(here.plan))

"""Five nodes, so that two may crash at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from lab.cluster import Cluster, wait_for

Took = Callable[[str, float], None]

NODES = ("node1", "node2", "node3", "node4", "node5")
LIMITS = "timeout=10 pcmk_off_timeout=12 pcmk_off_retries=1"


@pytest.fixture
def cluster(five: Cluster) -> Cluster:
    five.reset()
    # the default of Pacemaker 3, which calls the option deprecated
    five["node1"].shell("pcs property set concurrent-fencing=true", outdated=True)
    return five


ONE_FOR_ALL = (f"{LIMITS} pcmk_action_limit=-1", {"kdump": NODES})
ONE_EACH = (LIMITS, {f"kdump-{name}": (name,) for name in NODES})


@pytest.mark.parametrize(
    ("options", "devices"), [ONE_FOR_ALL, ONE_EACH], ids=["one-device", "one-each"]
)
def test_two_at_once(
    cluster: Cluster, took: Took, options: str, devices: Mapping[str, tuple[str, ...]]
) -> None:
    cluster.two_levels(options, devices)
    # Losing the coordinator as well is another case.
    first, second = [name for name in NODES if name != cluster.coordinator()][-2:]
    crash = cluster.crash(first, second)
    others = cluster.others(first, second)
    # The C agent fails here: both are waited for at once, maybe on one host.
    wait_for(
        lambda: sum(len(node.agents()) for node in cluster.survivors) == 2,
        lambda: f"two agents to listen\n{cluster.status()}",
    )
    with cluster[first].sender(*others), cluster[second].sender(*others):
        for name in (first, second):
            (device,) = (device for device, nodes in devices.items() if name in nodes)
            cluster.fenced(name, device)
            took(f"crash to fenced, {name}", time.monotonic() - crash)
    assert "using power returned" not in cluster.log()


@pytest.mark.parametrize("coordinator", [False, True], ids=["survivor", "coordinator"])
def test_the_waiting_one_crashes(cluster: Cluster, took: Took, coordinator: bool) -> None:
    cluster.two_levels(f"{LIMITS} pcmk_action_limit=-1")
    others = [name for name in NODES if name != cluster.coordinator()]
    waiter, target = cluster.coordinator() if coordinator else others[0], others[-1]
    # The node where the device is started runs the agent. A new coordinator has a node fenced
    # that was lost before its time only if something ran there.
    cluster.place("kdump", waiter)
    cluster.place("power", target)
    crash = cluster.crash(target)
    wait_for(cluster[waiter].agents, lambda: f"an agent on {waiter}\n{cluster.status()}")
    cluster.crash(waiter)
    told = cluster.others(target, waiter)
    with cluster[target].sender(*told), cluster[waiter].sender(*told):
        for name in (target, waiter):
            cluster.fenced(name, "kdump")  # by a survivor of both
            took(f"crash of the first to {name} fenced", time.monotonic() - crash)
    cluster.shows(rf"power\s.*Started (?!{target})")
    assert "using power returned" not in cluster.log()

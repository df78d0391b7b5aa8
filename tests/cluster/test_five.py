"""Five nodes, so that two may crash at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from lab.cluster import Cluster, wait_for

Took = Callable[[str, float], None]

NODES = ("node1", "node2", "node3", "node4", "node5")
LIMITS = "timeout=10 pcmk_off_timeout=12 pcmk_off_retries=1 pcmk_reboot_action=off"


@pytest.fixture
def cluster(five: Cluster) -> Cluster:
    five.reset()
    return five


def set_up(cluster: Cluster, devices: Mapping[str, tuple[str, ...]]) -> None:
    """Devices of level 1, and the nodes that each fences; a power agent for all at level 2."""
    node1 = cluster["node1"]
    hosts = " ".join(NODES)
    node1.shell(f'pcs stonith create power fence_always_off pcmk_host_list="{hosts}"')
    for device, nodes in devices.items():
        limit = "pcmk_action_limit=-1" if len(nodes) > 1 else ""
        listed = f'pcmk_host_list="{" ".join(nodes)}"'
        node1.shell(f"pcs stonith create {device} fence_kdump {listed} {LIMITS} {limit}")
        for node in nodes:
            node1.shell(f"pcs stonith level add 1 {node} {device}")
            node1.shell(f"pcs stonith level add 2 {node} power")
    node1.shell("pcs property set concurrent-fencing=true")
    for device in ("power", *devices):
        cluster.shows(rf"{device}\s.*Started")
    cluster.settle()


ONE_FOR_ALL = {"kdump": NODES}
ONE_EACH = {f"kdump-{name}": (name,) for name in NODES}


@pytest.mark.parametrize("devices", [ONE_FOR_ALL, ONE_EACH], ids=["one-device", "one-each"])
def test_two_at_once(cluster: Cluster, took: Took, devices: Mapping[str, tuple[str, ...]]) -> None:
    set_up(cluster, devices)
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

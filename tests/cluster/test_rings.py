"""Clusters with IPv6: one ring of it, or beside one of IPv4 that the crashed node has lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.cluster import IPV4, IPV6, Cluster

Took = Callable[[str, float], None]


# Corosync takes no ring in which some nodes have IPv4 and others IPv6.
@pytest.mark.parametrize("rings", [(IPV4, IPV6), (IPV6,)], ids=["ipv4-and-ipv6", "ipv6"])
def test_the_last_ring(tmp_path: Path, took: Took, rings: tuple[str, ...]) -> None:
    with Cluster(3, str(tmp_path), rings) as cluster:
        cluster.two_levels("timeout=30 pcmk_off_timeout=40 pcmk_off_retries=1")
        node2 = cluster["node2"]
        crash = cluster.crash("node2")
        for ring in range(len(rings) - 1):
            node2.host.ip(f"link set eth{ring} down")
        with node2.sender(*cluster.others("node2")):
            cluster.fenced("node2", "kdump")
            took("crash to fenced", time.monotonic() - crash)
        assert "using power returned" not in cluster.log()

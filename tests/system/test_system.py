"""A whole Debian system as a node: it panics, dumps, boots again and rejoins, all by itself."""

from __future__ import annotations

import os

import pytest

from lab.cluster import Cluster
from lab.system import System
from rig import disk, dump
from rig.timeline import PANIC, SYSTEM_STAGES, Timeline

pytestmark = pytest.mark.timeout(3600)


def assert_well(report: dict[str, str]) -> None:
    assert report.pop("image").startswith("fresh /boot/initramfs-")
    assert report == {"refresh": "success 0", "watched": "active", "monitor": "0", "failed": ""}


def test_a_node_s_life(tmp_path: os.PathLike[str]) -> None:
    folder = os.path.join(os.fspath(tmp_path), "machine")
    os.mkdir(folder)
    timeline = Timeline("10.77.0.1", stages=SYSTEM_STAGES)
    with Cluster(3, os.fspath(tmp_path), absent=("node2",), token=5000) as cluster:
        system = System(cluster, "node2", folder, timeline)
        system.fencing()
        with system:
            assert_well(system.report(1))
            system.joined()
            system.panic()
            assert_well(system.report(2))
        assert cluster.fenced_by("node2") == "kdump"
    assert None not in timeline.seconds().values(), timeline.seconds()
    vmcore = system.vmcore()
    assert vmcore
    assert dump.signature(vmcore) == dump.SIGNATURE
    assert PANIC in dump.dmesg(vmcore)
    disk.check(f"{folder}/system.img")

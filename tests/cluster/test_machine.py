"""The whole promise: a kernel panics, and the node is fenced by what its crash kernel says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab import machine
from lab.cluster import Cluster
from lab.dumps import assert_dumped
from rig import image, survey
from rig.timeline import CLUSTER_STAGES, PANIC, Timeline


@pytest.mark.timeout(600)  # a machine under emulation; the rig has limits
def test_a_panic(
    three: Cluster, tmp_path_factory: pytest.TempPathFactory, took: Callable[[str, float], None]
) -> None:
    three.two_levels("timeout=45 pcmk_off_timeout=60 pcmk_off_retries=1")
    node = machine.machine_of(three, "node2")
    folder = str(tmp_path_factory.mktemp("machine"))
    crash_image = f"{folder}/crash.img"
    image.build(image.Image("cluster", node), survey.survey(node, f"{folder}/node"), crash_image)
    timeline = Timeline(node.survivor_address, stages=CLUSTER_STAGES)
    outcome = machine.run(three, node, crash_image, folder, timeline)

    three.fenced("node2", "kdump")
    assert "targeting node2 using power" not in three.log()
    assert_dumped(outcome)
    panic = outcome.time_of(PANIC)
    assert panic is not None
    assert all(datagram.time > panic for datagram in outcome.datagrams)
    seconds = timeline.seconds()
    assert None not in seconds.values(), f"{seconds}\n{outcome.console.tail()}"
    took("panic to fenced", seconds["fenced"] or 0)
    three.start()

"""The demo of a cluster: a node panics in a virtual machine, and Pacemaker fences it by our agent.

Three nodes with real Corosync and Pacemaker. node2's panic, crash kernel and dump happen in a
virtual machine on the cluster's network; the other two nodes run our agent when Pacemaker tells
them to. Prints each stage as it is reached and a picture at the end. Leaves timeline.json, vmcore,
serial.log and what the survivors logged in build/demo-cluster/. Exits 1 if a stage was not reached.
At the end stands what `fence-kdump` says of it, before and after.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from demo.show import Progress, announcer, build, conclude
from lab import machine
from lab.cluster import Cluster
from lab.programs import ADMIN
from rig import host, image, private
from rig.boot import Outcome
from rig.timeline import CLUSTER_STAGES, Timeline

FOLDER = os.path.join(host.REPOSITORY, "build", "demo-cluster")
TARGET, SURVIVOR = "node2", "node1"
OPTIONS = "timeout=45 pcmk_off_timeout=60 pcmk_off_retries=1"


def main() -> int:
    """Runs it; returns the exit code."""
    private.require()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    with tempfile.TemporaryDirectory() as disks:
        progress = Progress("starting a cluster of three nodes")
        with Cluster(3, disks) as cluster:
            progress.done()
            progress = Progress("setting up fencing: our agent first, power fencing second")
            cluster.two_levels(OPTIONS)
            progress.done()
            before = said(cluster, "doctor")
            outcome, seconds = panic(cluster)
            if cluster.fenced_by(TARGET) != "kdump":
                seconds["fenced"] = None  # the second level did it
            for survivor in cluster.survivors:
                log = f"{survivor.folder}/log/pacemaker/pacemaker.log"
                shutil.copyfile(log, os.path.join(FOLDER, f"{survivor.name}-pacemaker.log"))
            after = said(cluster, "last", *([outcome.log] if outcome.log else []))
    code = conclude(FOLDER, outcome, seconds, CLUSTER_STAGES)
    print(f"\nfence-kdump doctor on {SURVIVOR}, before the crash. Of {SURVIVOR} itself it finds")
    print("little, as that is a set of namespaces, without a crash kernel or a real NIC.\n")
    print(before)
    print(f"fence-kdump last on {SURVIVOR}, with the crash kernel's log from {TARGET}'s disk.\n")
    print(after)
    return code


def said(cluster: Cluster, *arguments: str) -> str:
    """What the administrator's command says on a survivor."""
    result = cluster[SURVIVOR].run(ADMIN, *arguments)
    return result.stdout + result.stderr


def panic(cluster: Cluster) -> tuple[Outcome, dict[str, float | None]]:
    """Lets node2 panic; what came of it, and the seconds from the panic to each stage."""
    node = machine.machine_of(cluster, TARGET)
    crash_image = build(image.Image("demo", node), FOLDER)
    print(f"{TARGET} boots, loads its crash kernel, and panics; the cluster notices by itself")
    timeline = Timeline(node.survivor_address, announcer(CLUSTER_STAGES), CLUSTER_STAGES)
    outcome = machine.run(cluster, node, crash_image, FOLDER, timeline)
    return outcome, timeline.seconds()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (host.RigError, AssertionError) as error:  # the lab asserts
        sys.exit(f"demo: {error}")

"""The demo of a whole system: a Debian node panics, dumps, boots again and rejoins its cluster.

node2 is a virtual machine with systemd, Corosync, Pacemaker and our programs installed in it; the
other two nodes are namespaces. Prints each stage as it is reached and a picture at the end. Leaves
timeline.json, vmcore and serial.log in build/demo-system/. Exits 1 if a stage was not reached.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from demo.show import Progress, announcer, conclude
from lab.cluster import Cluster
from lab.system import System
from rig import host, private
from rig.boot import Outcome
from rig.timeline import SYSTEM_STAGES, Timeline

FOLDER = os.path.join(host.REPOSITORY, "build", "demo-system")
TARGET = "node2"


def main() -> int:
    """Runs it; returns the exit code."""
    private.require()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    timeline = Timeline("10.77.0.1", announcer(SYSTEM_STAGES), SYSTEM_STAGES)
    with tempfile.TemporaryDirectory() as disks:
        progress = Progress("starting a cluster of three nodes without node2")
        with Cluster(3, disks, absent=(TARGET,), token=5000) as cluster:
            progress.done()
            progress = Progress("installing node2's disk, and setting up fencing")
            system = System(cluster, TARGET, FOLDER, timeline)
            system.fencing()
            progress.done()
            progress = Progress("node2 boots and builds its crash image: some minutes")
            with system:
                system.report(1)
                system.joined()
                progress.done()
                print("node2 panics; all else happens by itself")
                system.panic()
                tell(system.report(2))
            seconds = timeline.seconds()
            if cluster.fenced_by(TARGET) != "kdump":
                seconds["fenced"] = None  # the second level did it
    outcome = Outcome(system.console, system.datagrams, system.vmcore(), None, None)
    return conclude(FOLDER, outcome, seconds, SYSTEM_STAGES)


def tell(report: dict[str, str]) -> None:
    """Prints what the node says of itself."""
    print(f"\nnode2 after its boot: {'; '.join(f'{key} {report[key]}' for key in report)}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (host.RigError, AssertionError) as error:  # the lab asserts
        sys.exit(f"demo: {error}")

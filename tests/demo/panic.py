"""The demo: a node panics in a virtual machine, and the survivor hears of it.

Everything is the real thing: kernel, kexec, dracut with our module, the frozen sender in the crash
image, our agent on the other side. Prints each stage as it is reached and a picture at the end.
Leaves timeline.json, vmcore and serial.log in build/demo/. Exits 1 if a stage was not reached.
"""

from __future__ import annotations

import os
import shutil
import sys

from demo.show import announcer, build, conclude
from rig import host, image, nodes, private, run
from rig.timeline import STAGES, Timeline

FOLDER = os.path.join(host.REPOSITORY, "build", "demo")


def main() -> int:
    """Runs it; returns the exit code."""
    private.require()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)

    wanted = image.Image("demo", nodes.PLAIN)
    crash_image = build(wanted, FOLDER)

    print("node2 boots, loads its crash kernel, and panics; node1's agent waits for it")
    timeline = Timeline(wanted.node.survivor_address, announcer(STAGES))
    outcome = run.run(run.Scenario("demo", wanted), crash_image, FOLDER, timeline)

    return conclude(FOLDER, outcome, timeline.seconds(), STAGES)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except host.RigError as error:
        sys.exit(f"demo: {error}")

"""The demo: a node panics in a virtual machine, and the survivor hears of it.

Everything is the real thing: kernel, kexec, dracut with our module, the frozen sender in the crash
image, our agent on the other side. Prints each stage as it is reached and a picture at the end.
Leaves timeline.json, vmcore and serial.log in build/demo/. Exits 1 if a stage was not reached.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time

from rig import dump, host, image, nodes, private, run, survey
from rig.timeline import PANIC, STAGES, Timeline

FOLDER = os.path.join(host.REPOSITORY, "build", "demo")
_WIDTH = 48  # columns of the picture's time axis


class Progress:
    """One line that is written over while something goes on; without a terminal, just its end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = time.monotonic()

    def tell(self, detail: str) -> None:
        """Shows what it is at."""
        if sys.stdout.isatty():
            print(f"\r\033[K{self._line()}  {detail}"[:100], end="", flush=True)

    def done(self) -> None:
        """Leaves the line with the time it took."""
        print(
            f"{chr(13) + chr(27) + '[K' if sys.stdout.isatty() else ''}{self._line()}", flush=True
        )

    def _line(self) -> str:
        return f"{self._what} ({time.monotonic() - self._start:.0f} s)"


def picture(timeline: dict[str, float]) -> str:
    """The timeline as text: a row per stage, its moment on an axis of seconds."""
    scale = _WIDTH / max(timeline.values())
    rows = []
    for stage, seconds in timeline.items():
        column = round(seconds * scale)
        bar = "─" * column + "●" + " " * (_WIDTH - column)
        rows.append(f"  {STAGES[stage]:<34} │{bar}│ {seconds:6.2f} s")
    return "\n".join(rows)


def announce(stage: str, seconds: float) -> None:
    """Prints a stage that was just reached."""
    print(f"{seconds:8.2f} s  {STAGES[stage]}", flush=True)


def main() -> int:
    """Runs it; returns the exit code."""
    private.require()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)

    crash_image = os.path.join(FOLDER, "crash.img")
    wanted = image.Image("demo", nodes.PLAIN)
    progress = Progress("asking node2's own kernel about its network and drivers")
    node = survey.survey(wanted.node, os.path.join(FOLDER, "node"))
    progress.done()
    progress = Progress("building node2's crash image with dracut")
    image.build(wanted, node, crash_image, progress.tell)
    progress.done()

    print("node2 boots, loads its crash kernel, and panics; node1's agent waits for it")
    timeline = Timeline(wanted.node.survivor_address, announce)
    outcome = run.run(run.Scenario("demo", wanted), crash_image, FOLDER, timeline)

    seconds = timeline.seconds()
    if not outcome.vmcore or PANIC not in dump.dmesg(outcome.vmcore):
        seconds["vmcore_saved"] = None  # whatever the console said
    with open(os.path.join(FOLDER, "timeline.json"), "w", encoding="ascii") as file:
        json.dump(seconds, file, indent=4)
        file.write("\n")
    for leftover in ("disk", "production.img"):
        os.remove(os.path.join(FOLDER, leftover))

    reached = {stage: moment for stage, moment in seconds.items() if moment is not None}
    if reached:
        print(f"\nseconds since the panic\n{picture(reached)}\n")
    print(f"{len(outcome.datagrams)} messages; the vmcore and the console are in {FOLDER}")
    missing = [STAGES[stage] for stage in seconds if stage not in reached]
    if missing:
        print(f"this did not happen: {'; '.join(missing)}", file=sys.stderr)
        print(f"the serial console ended with\n{outcome.console.tail()}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except host.RigError as error:
        sys.exit(f"demo: {error}")

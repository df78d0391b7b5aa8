"""What the demos print: progress, stages as they are reached, and a picture of them at the end."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping

from rig import dump, image, survey
from rig.boot import Outcome
from rig.timeline import PANIC

__all__ = ["Progress", "announcer", "build", "conclude"]

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


def build(wanted: image.Image, folder: str) -> str:
    """Builds a node's crash image, as its own kernel sees its network; returns its path.

    wanted -- the image
    folder -- for it and what comes with it; must exist

    Raises RigError when the node or dracut fails.
    """
    name, path = wanted.node.name, os.path.join(folder, "crash.img")
    progress = Progress(f"asking {name}'s own kernel about its network and drivers")
    node = survey.survey(wanted.node, os.path.join(folder, "node"))
    progress.done()
    progress = Progress(f"building {name}'s crash image with dracut")
    image.build(wanted, node, path, progress.tell)
    progress.done()
    return path


def announcer(stages: Mapping[str, str]) -> Callable[[str, float], None]:
    """Prints each stage as it is reached, in the words that `stages` has for it."""
    return lambda stage, seconds: print(f"{seconds:8.2f} s  {stages[stage]}", flush=True)


def conclude(
    folder: str, outcome: Outcome, seconds: dict[str, float | None], stages: Mapping[str, str]
) -> int:
    """Writes timeline.json, prints the picture and what is missing; returns the exit code.

    seconds -- what the timeline says of the stages, in their order
    stages  -- the words for each
    """
    if not outcome.vmcore or PANIC not in dump.dmesg(outcome.vmcore):
        seconds["vmcore_saved"] = None  # whatever the console said
    with open(os.path.join(folder, "timeline.json"), "w", encoding="ascii") as file:
        json.dump(seconds, file, indent=4)
        file.write("\n")
    for leftover in ("disk", "production.img", "system.img", "initrd"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, leftover))

    reached = {stages[stage]: moment for stage, moment in seconds.items() if moment is not None}
    if reached:
        print(f"\nseconds since the panic\n{_picture(reached)}\n")
    print(f"{len(outcome.datagrams)} messages; the vmcore and the console are in {folder}")
    missing = [words for words in stages.values() if words not in reached]
    if missing:
        print(f"this did not happen: {'; '.join(missing)}", file=sys.stderr)
        print(f"the serial console ended with\n{outcome.console.tail()}", file=sys.stderr)
    return 1 if missing else 0


def _picture(reached: Mapping[str, float]) -> str:
    """A row for each stage, its moment on an axis of seconds."""
    scale = _WIDTH / max(reached.values())
    rows = []
    for words, seconds in sorted(reached.items(), key=lambda item: item[1]):
        column = round(seconds * scale)
        bar = "─" * column + "●" + " " * (_WIDTH - column)
        rows.append(f"  {words:<34} │{bar}│ {seconds:6.2f} s")
    return "\n".join(rows)

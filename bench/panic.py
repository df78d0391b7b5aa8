"""From a panic to the first message: ours against the C sender in the place where kdump has it.

Both are in the same crash image, which sets up the same link, and one of them speaks: ours from
its early unit, or the C one when the dump target is mounted, just before makedumpfile. The order
changes from run to run. Then once more with a dump target that appears ten seconds late. For
comparison, the C one in an image without us, with NetworkManager, as kdump has it. And what we
cost: the growth of the image, and RAM in the crash kernel.

Usage: panic.py [RUNS]. Writes build/bench/panic.json.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
from dataclasses import replace

from rig import boot, host, image, nodes, private, run, survey
from rig.timeline import Timeline
from table import HEADING, Row, as_json, save

FOLDER = os.path.join(host.REPOSITORY, "build", "bench", "panic")

BOTH = image.Image("both", nodes.PLAIN, extra_bins=host.C_SENDER)
STOCK = image.Image("stock", nodes.NETWORK_MANAGER, with_us=False, extra_bins=host.C_SENDER)
C_WORDS = f"rig.measure rig.stock_sender={nodes.PLAIN.survivor_address}"
OURS_OFF = "rd.systemd.mask=fence-kdump-sender.service"  # systemd-debug-generator(8)

OURS = run.Scenario("ours", BOTH, words="rig.measure")
C = run.Scenario("c", BOTH, words=f"{C_WORDS} {OURS_OFF}")
C_STOCK = run.Scenario("c-stock", STOCK, words=C_WORDS, memory="256M")


class Bench:
    """Builds images, runs scenarios, and keeps what came of them."""

    def __init__(self) -> None:
        self._images: dict[str, str] = {}
        self.costs: dict[str, list[str]] = {}

    def image(self, wanted: image.Image) -> str:
        """The path of the image, built when it is asked for the first time."""
        if wanted.name not in self._images:
            path = os.path.join(FOLDER, f"{wanted.name}.img")
            image.build(wanted, survey.survey(wanted.node, f"{path}.node"), path)
            self._images[wanted.name] = path
        return self._images[wanted.name]

    def first_message(self, scenario: run.Scenario) -> float:
        """Seconds from the panic to the first message of one run that also dumped."""
        timeline = Timeline(scenario.image.node.survivor_address)
        folder = os.path.join(FOLDER, scenario.name)
        outcome = run.run(scenario, self.image(scenario.image), folder, timeline)
        shutil.rmtree(folder)
        seconds = timeline.seconds()["first_message"]
        if seconds is None or outcome.vmcore is None:
            raise boot.BootFailed(f"{scenario.name}: no message, or no dump", outcome.console)
        measured = [line.text for line in outcome.console.lines if "RIG: measure " in line.text]
        if len(measured) != 2:  # a sender, and /tmp
            raise boot.BootFailed(f"{scenario.name}: not one sender alone", outcome.console)
        self.costs[scenario.name] = measured
        print(f"    {scenario.name:<12} {seconds:6.2f} s", flush=True)
        return seconds

    def compare(self, runs: int, *scenarios: run.Scenario) -> dict[str, list[float]]:
        """Runs each scenario so many times, every other round in the opposite order."""
        figures: dict[str, list[float]] = {scenario.name: [] for scenario in scenarios}
        for number in range(runs):
            for scenario in scenarios if number % 2 == 0 else reversed(scenarios):
                figures[scenario.name].append(self.first_message(scenario))
        return figures

    def growth(self, compress: str) -> tuple[float, float]:
        """By how many megabytes they and we make an image larger.

        One without systemd: there all of iproute2 that is in it is ours.
        """
        plain = image.Image("without", nodes.PLAIN, systemd=False, with_us=False)
        kinds = {"without": plain, "ours": replace(plain, with_us=True)}
        kinds["theirs"] = replace(plain, extra_bins=host.C_SENDER)
        size = {}
        for kind, wanted in kinds.items():
            path = self.image(replace(wanted, name=f"{kind}-{compress}", compress=compress))
            size[kind] = os.path.getsize(path) / 1e6
        return size["theirs"] - size["without"], size["ours"] - size["without"]


def ram(costs: list[str]) -> dict[str, int]:
    """What a run measured of a sender, in kB: Rss, Pss, Anonymous, and what lies in /tmp."""
    text = " ".join(costs)
    found = {name: int(kb) for name, kb in re.findall(r"(Rss|Pss|Anonymous): (\d+)", text)}
    return found | {"tmp": int(text.rpartition("tmp kB: ")[2])}


def pair(memory: dict[str, dict[str, int]], kind: str) -> tuple[int, int]:
    """That figure of theirs and of ours."""
    return memory["c"][kind], memory["ours"][kind]


def all_memory(bench: Bench, memory: dict[str, dict[str, int]]) -> tuple[float, float]:
    """What they and we take of the crash kernel's memory: unpacked files, and the sender's own."""
    files = bench.growth("cat")
    anonymous = pair(memory, "Anonymous")
    return files[0] + anonymous[0] * 1024 / 1e6, files[1] + anonymous[1] * 1024 / 1e6


def main(runs: int) -> None:
    """Measures everything and prints it."""
    private.require()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    bench = Bench()

    print("panic to first message (c-stock: in an image without us, with NetworkManager)")
    figures = bench.compare(runs, OURS, C, C_STOCK)
    print("panic to first message, the dump target appears ten seconds late")
    late_ones = [replace(it, name=f"{it.name}-late", target="late") for it in (OURS, C)]
    figures |= bench.compare(runs, *late_ones)

    first = {name: statistics.median(values) for name, values in figures.items()}
    memory = {name: ram(bench.costs[name]) for name in ("ours", "c")}
    same = first["c"], first["ours"]
    alone = first["c-stock"], first["ours"]
    late = first["c-late"], first["ours-late"]
    rows = [
        Row("panic to first message, same image", "s", *same),
        Row("panic to first message, C in its own image", "s", *alone, 0.45 * alone[0]),
        # no later than with a target in time
        Row("panic to first message, target 10 s late", "s", *late, max(figures["ours"])),
        Row("RAM while sending, anonymous", "kB", *pair(memory, "Anonymous"), 3500),
        Row("RAM while sending, proportional", "kB", *pair(memory, "Pss")),
        Row("in /tmp while sending", "kB", *pair(memory, "tmp"), 0),
        Row("added to the image, xz", "MB", *bench.growth("xz"), 2.7),
        Row("added to the image, zstd", "MB", *bench.growth("zstd")),
        Row("crash kernel's memory, files and sender", "MB", *all_memory(bench, memory), 11.5),
    ]
    save("panic", {"first_message_seconds": figures, "table": as_json(rows)})
    print(HEADING, *rows, sep="\n")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    except host.RigError as error:
        sys.exit(f"bench: {error}")

"""From a panic to the first message: ours against the C sender in the place where kdump has it.

Both are in the same crash image, which sets up the same link, and one of them speaks: ours from
its early unit, or the C one when the dump target is mounted, just before makedumpfile. The order
changes from run to run. Then once more with a dump target that appears ten seconds late. For
comparison, the C one in an image without us, with NetworkManager, as kdump has it. And what we
cost: the growth of the image, and RAM in the crash kernel.

Usage: panic.py [RUNS]. Writes build/bench/panic.json.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import sys
from dataclasses import replace

from rig import host, image, nodes, private, run, survey
from rig.timeline import Timeline

FOLDER = os.path.join(host.REPOSITORY, "build", "bench", "panic")
RESULT = os.path.join(host.REPOSITORY, "build", "bench", "panic.json")

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
            raise run.BootFailed(f"{scenario.name}: no message, or no dump", outcome.console)
        measured = [line.text for line in outcome.console.lines if "RIG: measure " in line.text]
        if len(measured) != 2:  # a sender, and /tmp
            raise run.BootFailed(f"{scenario.name}: not one sender alone", outcome.console)
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

    def growth(self, compress: str) -> int:
        """By how many bytes we make an image larger, without systemd: all of ip is ours there."""
        sizes = []
        for with_us in (True, False):
            name = f"growth-{compress}-{'with' if with_us else 'without'}"
            wanted = image.Image(
                name, nodes.PLAIN, systemd=False, with_us=with_us, compress=compress
            )
            sizes.append(os.path.getsize(self.image(wanted)))
        return sizes[0] - sizes[1]


def ratio(figures: dict[str, list[float]], ours: str, theirs: str) -> float:
    """Our median as a part of theirs."""
    return statistics.median(figures[ours]) / statistics.median(figures[theirs])


def ram(costs: list[str]) -> dict[str, int]:
    """What a run measured of a sender, in kB: Rss, Pss, Anonymous, and what lies in /tmp."""
    text = " ".join(costs)
    found = {name: int(kb) for name, kb in re.findall(r"(Rss|Pss|Anonymous): (\d+)", text)}
    return found | {"tmp": int(text.rpartition("tmp kB: ")[2])}


def main(runs: int) -> None:
    """Measures everything and prints it."""
    private.require()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    bench = Bench()

    print("panic to first message, the same image")
    figures = bench.compare(runs, OURS, C)
    print("panic to first message, the dump target appears ten seconds late")
    late = [replace(it, name=f"{it.name}-late", target="late") for it in (OURS, C)]
    figures |= bench.compare(runs, *late)
    print("panic to first message, the C sender in an image without us, with NetworkManager")
    figures |= bench.compare(runs, C_STOCK)

    ratios = {
        "ours / C, same image": ratio(figures, "ours", "c"),
        "ours / C, late target": ratio(figures, "ours-late", "c-late"),
        "ours / C in an image without us": ratio(figures, "ours", "c-stock"),
        "ours, late target / ours": ratio(figures, "ours-late", "ours"),
    }
    memory = {name: ram(bench.costs[name]) for name in ("ours", "c")}
    growth = {compress: bench.growth(compress) for compress in ("xz", "zstd")}
    result = {
        "first_message_seconds": figures,
        "ratios_of_medians": ratios,
        "ram_kb": memory,
        "image_growth_bytes": growth,
    }
    with open(RESULT, "w", encoding="ascii") as file:
        json.dump(result, file, indent=4)
        file.write("\n")

    print("median of first messages")
    for name, values in figures.items():
        print(f"    {name:<12} {statistics.median(values):6.2f} s  of {len(values)} runs")
    for what, value in ratios.items():
        print(f"{what:<34} {value:6.0%}")
    for name, costs in memory.items():
        print(f"RAM of {name:<5} {costs}, kB")
    for compress, size in growth.items():
        print(f"added to the image, {compress:<5} {size / 1e6:6.2f} MB")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    except host.RigError as error:
        sys.exit(f"bench: {error}")

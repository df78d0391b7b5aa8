"""Two of five nodes crash at once: with the C agent, and with ours.

Real clusters (Corosync, Pacemaker, pcs), with one device for all nodes, `pcmk_action_limit=-1` and
`concurrent-fencing=true`; a power agent at level 2 would end a dump. Both agents hear the same
sender, which begins some seconds after the crash, as a crash kernel has to boot first.

Usage: cluster.py [RUNS]. Writes build/bench/cluster.json.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time

from lab.cluster import Cluster, wait_for
from lab.programs import AGENT, C_AGENT, SENDER, started
from table import HEADING, Row, as_json, save

BOOT = 10.0  # seconds from a crash to the first message
# The C agent's monitor looks at this machine's kernel command line.
OPTIONS = (
    "timeout=30 pcmk_off_timeout=40 pcmk_off_retries=1 pcmk_action_limit=-1"
    " pcmk_monitor_action=metadata"
)


def crash_two(cluster: Cluster) -> dict[str, tuple[str, float]]:
    """By which device each of the crashed nodes was fenced, and how many seconds after."""
    cluster.reset()
    cluster["node1"].shell("pcs property set concurrent-fencing=true")
    cluster.two_levels(OPTIONS)
    coordinator = cluster.coordinator()
    cluster.place("kdump", coordinator)  # the agents of both run there
    crashed = [node.name for node in cluster.nodes if node.name != coordinator][-2:]
    targets = cluster.others(*crashed)
    found: dict[str, tuple[str, float]] = {}
    start = cluster.crash(*crashed)

    def all_fenced() -> bool:
        seconds = round(time.monotonic() - start, 1)
        for name in crashed:
            device = cluster.fenced_by(name)
            if device and name not in found:
                found[name] = device, seconds
        return len(found) == len(crashed)

    with contextlib.ExitStack() as stack:
        for name in crashed:
            script = f'sleep {BOOT}; exec {SENDER} "$@"'
            host = cluster[name].host
            stack.enter_context(started("sh", "-c", script, "sh", *targets, host=host))
        wait_for(all_fenced, lambda: f"{crashed} fenced: {found}")
    return found


def crashes(agent: str, label: str, runs: int) -> list[tuple[str, float]]:
    """Device and seconds of each crashed node of so many runs."""
    all_found = []
    with tempfile.TemporaryDirectory() as folder, Cluster(5, folder, agent=agent) as cluster:
        for _ in range(runs):
            for name, (device, seconds) in crash_two(cluster).items():
                print(
                    f"    {label:<5} {name}: fenced by {device} after {seconds:.1f} s", flush=True
                )
                all_found.append((device, seconds))
    return all_found


def main(runs: int) -> None:
    """Print who fenced whom, and the table, and save both."""
    print("two of five nodes crash at once")
    figures = {"C": crashes(C_AGENT, "C", runs), "ours": crashes(AGENT, "ours", runs)}
    by_kdump = {label: sum(device == "kdump" for device, _ in f) for label, f in figures.items()}
    median = {label: round(statistics.median(s for _, s in f), 1) for label, f in figures.items()}
    number = 2 * runs
    rows = [
        Row(f"left to dump, of {number}", "", by_kdump["C"], by_kdump["ours"], at_least=number),
        Row("crash to fenced, by whatever device", "s", median["C"], median["ours"]),
    ]
    save("cluster", {"device_and_seconds": figures, "table": as_json(rows)})
    print(HEADING, *rows, sep="\n")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    except AssertionError as error:
        sys.exit(f"bench: {error}")

"""Reports as text for people, and as JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from fence_kdump_admin.checks import BAD, OK, UNKNOWN, Check
from fence_kdump_admin.draw import draw
from fence_kdump_admin.last.run import Last
from fence_kdump_admin.probe import words
from fence_kdump_admin.probe.listen import Arrival
from fence_kdump_admin.probe.send import Result
from fence_kdump_cluster.plain import plain

__all__ = [
    "arrived",
    "checks",
    "group",
    "last",
    "listening",
    "painter",
    "probe_status",
    "probed",
    "verdict",
]

_MARKS = {OK: ("ok", "32"), BAD: ("BAD", "31;1"), UNKNOWN: ("?", "33")}  # and ECMA-48's colours


def painter(output: TextIO) -> Callable[[str, str], str]:
    """(text, colour) -> text in that colour, if it goes to a terminal that has colours."""
    if output.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ:
        return lambda text, colour: f"\033[{colour}m{text}\033[0m"
    return lambda text, colour: text


def group(subject: str, found: Sequence[Check], paint: Callable[[str, str], str]) -> str:
    """A subject's checks, one line each; below it the remedy, if there is one."""
    if not found:
        return ""
    lines = [paint(subject, "1")]
    for check in found:
        mark, colour = _MARKS[check.state]
        lines.append(f"  {paint(f'{mark:<3}', colour)} {plain(check.text)}")
        lines += [f"      -> {plain(check.remedy)}"] if check.remedy else []
    return "".join(f"{line}\n" for line in lines)


def verdict(found: Sequence[Check]) -> str:
    """The last line: how many things are wrong."""
    wrong = sum(check.state == BAD for check in found)
    open_ = sum(check.state == UNKNOWN for check in found)
    if not wrong and not open_:
        return "all is well\n"
    parts = [f"{wrong} bad"] if wrong else []
    parts += [f"{open_} unknown"] if open_ else []
    return f"{len(found)} checks: {', '.join(parts)}\n"


def checks(found: Mapping[str, Sequence[Check]]) -> str:
    """All checks as JSON, by their subjects."""
    every = [{"group": subject, **vars(check)} for subject in found for check in found[subject]]
    return json.dumps({"checks": every}, indent=2) + "\n"


def last(found: Last, paint: Callable[[str, str], str], as_json: bool) -> str:
    """The story of a crash, and what follows from it."""
    if as_json:
        return json.dumps(_story(found), indent=2) + "\n"
    parts = [plain(f"{found.node or 'a node'}, by {' and '.join(found.sources)}") + "\n"]
    parts += [f"\n{draw(timeline)}" for timeline in found.timelines]
    return "".join([*parts, "\n", group("what follows", found.checks, paint)])


def _story(found: Last) -> dict[str, object]:
    return {
        "node": found.node,
        "sources": list(found.sources),
        "timelines": [
            {
                "since": timeline.since,
                "events": [
                    {"seconds": round(seconds, 3), "stage": event.stage, "text": event.text}
                    for seconds, event in timeline.rows
                ],
            }
            for timeline in found.timelines
        ],
        "checks": [vars(check) for check in found.checks],
    }


def probe_status(results: Sequence[Result]) -> int:
    """The exit status of a probe."""
    if any(result.way in words.BAD for result in results):
        return 1
    return 2 if any(result.way in words.UNKNOWN for result in results) else 0


def probed(results: Sequence[Result], port: int, as_json: bool) -> str:
    """What a probe found.

    port -- the UDP port of messages
    """
    if as_json:
        return json.dumps({"targets": [_as_data(r, port) for r in results]}, indent=2) + "\n"
    lines = []
    for result in results:
        goal = result.goal
        name = "" if goal.node == goal.address else f" {goal.node}"
        lines.append(f"{goal.address}{name}: {result.way}: {words.sentence(result, port)}")
        lines += [f"    the crash kernel: {goal.doubt}"] if goal.doubt else []
        remedy = words.remedy(result, port)
        lines += [f"    -> {remedy}"] if remedy else []
    return "".join(f"{plain(line)}\n" for line in lines)


def listening(port: int, seconds: float, as_json: bool) -> str:
    """The line for the beginning of --listen."""
    if as_json:
        return ""
    return (
        f"listening for probes of UDP {port} for {seconds:g} s; now run this on another node:"
        " fence-kdump probe\n"
    )


def arrived(arrival: Arrival, port: int, as_json: bool) -> str:
    """The line for a probe that came in."""
    if as_json:
        return json.dumps(vars(arrival)) + "\n"
    what = (
        "let in" if arrival.passed else "dropped here, by the firewall or the reverse path filter"
    )
    return f"from {arrival.source} to {arrival.destination} UDP {port}: {what}\n"


def _as_data(result: Result, port: int) -> dict[str, str]:
    goal = result.goal
    return {
        "address": goal.address,
        "way": result.way,
        "node": goal.node,
        "source": goal.source,
        "device": goal.device,
        "text": words.sentence(result, port),
        "doubt": goal.doubt,
        "remedy": words.remedy(result, port),
    }

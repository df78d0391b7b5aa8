"""Reports as text for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fence_kdump_admin.probe import words
from fence_kdump_admin.probe.listen import Arrival
from fence_kdump_admin.probe.send import Result

__all__ = ["arrived", "listening", "probed", "status"]


def status(results: Sequence[Result]) -> int:
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
        remedy = words.remedy(result, port)
        lines += [f"    {remedy}"] if remedy else []
    return "".join(f"{line}\n" for line in lines)


def listening(port: int, seconds: float, as_json: bool) -> str:
    """The line for the beginning of --listen."""
    if as_json:
        return ""
    return (
        f"listening {seconds:g} s for probes of UDP {port}; on another node, run now:"
        " fence-kdump probe\n"
    )


def arrived(arrival: Arrival, port: int, as_json: bool) -> str:
    """The line for a probe that came in."""
    if as_json:
        return json.dumps(vars(arrival)) + "\n"
    what = (
        "let through" if arrival.passed else "dropped here, by the firewall or a filter of routes"
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
        "remedy": words.remedy(result, port),
    }

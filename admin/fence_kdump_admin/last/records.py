"""Pacemaker's log: how a node was lost and fenced (its words are those of 2.1 and 3.0)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fence_kdump_admin.last.event import Event, when

__all__ = ["parse"]

_NODE = r"(?P<node>[^\s:,|]+)"
_WORDS = (
    ("lost", re.compile(rf"Node {_NODE} state is now lost"), "the cluster has lost {node}"),
    (
        "fencing_wanted",
        re.compile(rf"Requesting fencing \(\w+\) (?:of|targeting) node {_NODE}"),
        "Pacemaker wants {node} fenced",
    ),
    (
        "agent_asked",
        # on the node that asks for the fencing; what comes of it is on the node that is asked
        re.compile(
            r"Requesting that (?P<runner>\S+) perform '\w+' action"
            rf" targeting {_NODE} using (?P<device>[^\s|]+)"
        ),
        "{runner} is asked to run device {device}",
    ),
    (
        "agent",
        re.compile(rf"targeting {_NODE} using (?P<device>\S+) returned 0\b"),
        "device {device} succeeds",
    ),
    (
        "agent_failed",
        re.compile(rf"targeting {_NODE} using (?P<device>\S+) returned -?\d+"),
        "device {device} fails",
    ),
    ("not_fenced", re.compile(rf"Peer {_NODE} was not terminated"), "{node} is not fenced"),
    ("fenced", re.compile(rf"Peer {_NODE} was terminated .*: (?:OK|complete)"), "{node} is fenced"),
)
_OVER = ("fenced", "not_fenced")
_RAN = ("agent", "agent_failed")
# a line of the agent, as Pacemaker logs it on the node that ran it
_SAID = re.compile(r"(?:stderr:|error output) \[ fence_kdump: (?P<text>.+?) \]$")


def parse(lines: Iterable[str], year: int, node: str = "") -> tuple[str, list[Event]]:
    """The last fencing: of which node, and its events in their order; ("", []) if there was none.

    lines -- of the log
    year -- of its end, for times without a year
    node -- the node to look for, "" for whichever was the last
    """
    stories: dict[str, list[Event]] = {}
    said: list[Event] = []  # by the agent; the line after them tells for which node it ran
    last = ""
    for line in lines:
        found = _said(line, year) or _find(line, year)
        if isinstance(found, Event):
            said.append(found)
            continue
        if not found:
            continue
        name, event = found
        story = stories.setdefault(name, [])
        if event.stage in ("lost", "fencing_wanted") and any(e.stage in _OVER for e in story):
            story.clear()  # it came back since, and this is another time
        known = {(e.stage, e.text) for e in story}
        new = [*said, event] if event.stage in _RAN else [event]
        story += {(e.stage, e.text): e for e in new if (e.stage, e.text) not in known}.values()
        said = [] if event.stage in _RAN else said
        last = last if event.stage == "lost" else name
    wanted = next((name for name in stories if name.lower() == node.lower()), "") if node else last
    return (wanted, stories[wanted]) if wanted else ("", [])


def _said(line: str, year: int) -> Event | None:
    found = _SAID.search(line)
    stamp = when(line, year) if found else None
    if not found or not stamp:
        return None
    return Event("agent_said", f"the agent: {found['text']}", stamp[0])


def _find(line: str, year: int) -> tuple[str, Event] | None:
    for stage, pattern, words in _WORDS:
        found = pattern.search(line)
        stamp = when(line, year) if found else None
        if found and stamp:
            names = found.groupdict()
            about, where = names.get("device", ""), names.get("runner", "")
            return names["node"], Event(stage, words.format(**names), stamp[0], about, where)
    return None

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
# what the agent says when nothing came, as Pacemaker logs it
_SAID = re.compile(rf"fence_kdump: (?P<text>timed out after .+? from {_NODE}.*?)[\s\]]*$")


def parse(lines: Iterable[str], year: int, node: str = "") -> tuple[str, list[Event]]:
    """The last fencing: of which node, and its events in their order; ("", []) if there was none.

    lines -- of the log
    year -- of its end, for times without a year
    node -- the node to look for, "" for whichever was the last
    """
    stories: dict[str, list[Event]] = {}
    last = ""
    for line in lines:
        found = _find(line)
        stamp = when(line, year) if found else None
        if not found or not stamp:
            continue
        name, stage, text, device = found
        story = stories.setdefault(name, [])
        if stage in ("lost", "fencing_wanted") and any(e.stage in _OVER for e in story):
            story.clear()  # it came back since, and this is another time
        if not any((event.stage, event.text) == (stage, text) for event in story):
            story.append(Event(stage, text, stamp[0], device))
        last = last if stage == "lost" else name
    wanted = next((name for name in stories if name.lower() == node.lower()), "") if node else last
    return (wanted, stories[wanted]) if wanted else ("", [])


def _find(line: str) -> tuple[str, str, str, str] | None:
    """(node, stage, text, device)"""
    said = _SAID.search(line)
    if said:
        return said["node"], "agent_said", f"the agent {said['text']}", ""
    for stage, pattern, words in _WORDS:
        found = pattern.search(line)
        if found:
            names = found.groupdict()
            return names["node"], stage, words.format(**names), names.get("device", "")
    return None

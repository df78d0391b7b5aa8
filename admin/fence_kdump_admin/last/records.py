"""Pacemaker's log: how a node was lost and fenced (its words are those of 2.1 and 3.0)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fence_kdump_admin.last.event import Event, when

__all__ = ["parse"]

_NODE = r"(?P<node>[^\s:,|]+)"
_ACTION = "'(?:off|reboot)'"  # no unfencing, no monitor
_RAN = rf"Operation {_ACTION} \[(?P<pid>\d+)\] targeting {_NODE} using (?P<device>\S+)"
# each at the beginning of a message: an agent may print anything in the middle of one
_WORDS = (
    ("lost", re.compile(rf"Node {_NODE} state is now lost"), "the cluster has lost {node}"),
    (
        "fencing_wanted",
        re.compile(rf"Requesting fencing \((?:off|reboot)\) (?:of|targeting) node {_NODE}"),
        "Pacemaker wants {node} fenced",
    ),
    (
        "agent_asked",
        # on the node that asks for the fencing; what comes of it is on the node that is asked
        re.compile(
            rf"Requesting that (?P<where>\S+) perform {_ACTION} action"
            rf" targeting {_NODE} using (?P<device>[^\s|]+)"
        ),
        "{where} is asked to run device {device}",
    ),
    (
        "self_fencing",
        re.compile(rf"Waiting \w+ for {_NODE} to self-fence"),
        "the cluster waits for {node}'s watchdog",
    ),
    ("agent", re.compile(rf"{_RAN} returned 0\b"), "device {device} succeeds"),
    (
        "agent_failed",
        re.compile(rf"{_RAN} (?:returned -?\d+|could not be executed)"),
        "device {device} fails",
    ),
    ("not_fenced", re.compile(rf"Peer {_NODE} was not terminated"), "{node} is not fenced"),
    (
        "fenced",
        re.compile(
            rf"Peer {_NODE} was terminated \(\w+\) by (?P<where>.+?) on behalf of"
            r" .*: (?:OK|complete)"
        ),
        "{node} is fenced",
    ),
)
_OVER = ("fenced", "not_fenced")
_BEGINS = ("fencing_wanted", "agent_asked")
# what precedes a message in Pacemaker's own log, in syslog and in the journal
_SEVERITY = re.compile(r".{0,200}?\b(?:crit|error|warning|notice|info|debug|trace): +")
# a line of the agent, and the end of any operation, on the node that ran it
_SAID = re.compile(
    r"fence_kdump\w* ?\[(?P<pid>\d+)\] (?:stderr:|error output) \[ fence_kdump: (?P<text>.+) \]$"
)
_ENDED = re.compile(r"Operation '\w+' \[(?P<pid>\d+)\] ")
_LONGEST = 4096  # characters of a line
_MOST_SAID = 20  # lines of one agent


class _Story:
    """The events of one node's last fencing, in their order, each once."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], Event] = {}
        self._lost: Event | None = None  # since the last fencing was over

    def add(self, event: Event) -> None:
        if self._is_over() and event.stage == "lost":
            self._lost = event  # a fencing that ends so is no new one: a live node was fenced
            return
        if self._is_over() and (event.stage in _BEGINS or self._lost):
            # it came back since, and this is another time
            self.events.clear()
            if self._lost:
                self._keep(self._lost)
            self._lost = None
        self._keep(event)

    def _is_over(self) -> bool:
        return any(stage in _OVER for stage, _ in self.events)

    def _keep(self, event: Event) -> None:
        self.events.setdefault((event.stage, event.text), event)


def parse(lines: Iterable[str], year: int, node: str = "") -> tuple[str, list[Event]]:
    """The last fencing: of which node, and its events in their order; ("", []) if there was none.

    lines -- of the log
    year -- of its end, for times without a year
    node -- the node to look for, "" for whichever was the last
    """
    stories: dict[str, _Story] = {}
    said: dict[str, list[Event]] = {}  # by agents, by their process ids
    last = ""
    for line in lines:
        severity = _SEVERITY.match(line[:_LONGEST])
        message = line[severity.end() : _LONGEST].rstrip() if severity else ""
        spoken = _SAID.match(message)
        found = None if spoken else _find(message)
        stamp = when(line, year) if spoken or found else None
        if spoken and stamp:
            own = said.setdefault(spoken["pid"], [])
            own += [Event("agent_said", f"the agent: {spoken['text']}", stamp[0])]
            del own[_MOST_SAID:]
        ended = _ENDED.match(message)
        spoken_before = said.pop(ended["pid"], []) if ended else []
        if not found or not stamp:
            continue
        stage, name, words, about, where = found
        story = stories.setdefault(name, _Story())
        for event in (*spoken_before, Event(stage, words, stamp[0], about, where)):
            story.add(event)
        last = last if stage == "lost" else name
    wanted = next((name for name in stories if name.lower() == node.lower()), "") if node else last
    return (wanted, list(stories[wanted].events.values())) if wanted else ("", [])


def _find(message: str) -> tuple[str, str, str, str, str] | None:
    """(stage, node, text, device, where)"""
    for stage, pattern, words in _WORDS:
        found = pattern.match(message)
        if found:
            names = found.groupdict()
            device, where = names.get("device", ""), names.get("where", "")
            return stage, names["node"], words.format(**names), device, where
    return None

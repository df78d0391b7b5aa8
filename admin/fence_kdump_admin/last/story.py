"""The records as one timeline, and what follows from it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor import commands
from fence_kdump_admin.doctor.cib import Configuration, Device
from fence_kdump_admin.doctor.options import serves, wait
from fence_kdump_admin.last.event import Event

__all__ = ["Timeline", "judge", "merge"]

# The log's clock starts with the crash kernel. The time from the panic to that start is in no
# record; 1 to 4 s were measured.
BEFORE = 5.0  # seconds
_LEAST = 15.0  # seconds; less is too little for a busy machine
_ZONE = 900.0  # seconds: time zones differ by quarters of an hour
_NEAR = 300.0  # seconds between a crash kernel's start and the cluster's loss, clocks being right
_DAY = 86400.0


@dataclass(frozen=True)
class Timeline:
    """Events on one clock.

    since -- what its zero is
    rows -- (seconds, event), in the order of time
    """

    since: str
    rows: tuple[tuple[float, Event], ...]


def merge(crash: Sequence[Event], relative: bool, records: Sequence[Event]) -> list[Timeline]:
    """One timeline, or two where the clocks cannot be compared.

    crash -- what the crash kernel's log tells
    relative -- its times count from the kernel's start
    records -- what Pacemaker's log tells
    """
    if not crash or not records:
        return [_timeline(crash or records, bool(crash))] if crash or records else []
    # an image without the time zone logs in UTC
    apart = crash[0].time - records[0].time
    zone = round(apart / _ZONE) * _ZONE
    if relative or abs(apart) > _DAY or abs(apart - zone) > _NEAR:
        return [_timeline(crash, True), _timeline(records, False)]
    moved = [replace(event, time=event.time + zone) for event in records]
    return [_timeline(sorted([*crash, *moved], key=lambda e: e.time), True)]


def _timeline(events: Sequence[Event], of_crash: bool) -> Timeline:
    start = next((e for e in events if e.stage == "crash_kernel"), events[0])
    since = "the crash kernel's start" if of_crash else "the first record"
    return Timeline(since, tuple((event.time - start.time, event) for event in events))


def judge(
    crash: Sequence[Event],
    records: Sequence[Event],
    node: str,
    cluster: Configuration | None,
) -> list[Check]:
    """What follows from the last crash.

    crash, records -- as for `merge`
    node -- which has crashed
    cluster -- Pacemaker's configuration, None if it is not known
    """
    found = []
    if crash:
        found += [_message(crash, node, cluster), *_dump(crash)]
    if records:
        found.append(_fenced(records, node, cluster))
    return found


def _message(crash: Sequence[Event], node: str, cluster: Configuration | None) -> Check:
    sent = [event.time for event in crash if event.stage == "message"]
    if not sent:
        trouble = [event.text for event in crash if event.stage == "trouble"]
        why = f": {trouble[-1]}" if trouble else ": the log has no line of fence-kdump"
        return bad("message", f"the crash kernel sent no message{why}", "fence-kdump doctor")
    first = min(sent) - crash[0].time
    devices = [d for d in cluster.ours if serves(d, node)] if cluster else []
    least = first + BEFORE
    advised = max(_LEAST, 5 * math.ceil((2 * first + BEFORE) / 5))
    told = f"the crash kernel sent its first message {first:g} s after its start"
    for device in devices:
        if wait(device) < least:
            return _too_short(device, told, advised)
    if not devices:
        text = f"{told}: a timeout of {advised:g} s would be twice that time"
        return ok("message", text)
    waits = ", ".join(f"timeout={wait(d):g} of {d.id}" for d in devices)
    return ok("message", f"{told}: {waits} is long enough; {advised:g} would be twice that time")


def _too_short(device: Device, told: str, advised: float) -> Check:
    text = f"{told}: timeout={wait(device):g} of {device.id} may be too short"
    options = {"timeout": f"{advised:g}", "pcmk_off_timeout": f"{advised + 15:g}"}
    return bad("message", text, commands.set_options(device.id, **options), device.id)


def _dump(crash: Sequence[Event]) -> list[Check]:
    stages = {event.stage: event for event in crash}
    if "dump_failed" in stages:
        return [bad("dump", "kdump could not save the dump", "journalctl -b -u kdump")]
    if "dump_saved" in stages:
        took = stages["dump_saved"].time - crash[0].time
        return [ok("dump", f"kdump saved the dump {took:g} s after the crash kernel's start")]
    return []


def _fenced(records: Sequence[Event], node: str, cluster: Configuration | None) -> Check:
    ends = [event for event in records if event.stage in ("fenced", "not_fenced")]
    if ends and ends[-1].stage == "not_fenced":
        remedy = f"stonith_admin --history {shlex.quote(node)} --verbose"
        return bad("fenced", f"{node} was not fenced", remedy)
    by = _device(records)
    if not by:
        return unknown("fenced", _without_device(records, node))
    ours = {device.id for device in cluster.ours} if cluster else set()
    if not ours:
        return unknown("fenced", f"{node} was fenced by {by}")
    if by in ours:
        return ok("fenced", f"{node} was fenced by {by}: the agent heard it, and no power was cut")
    return bad(
        "fenced", f"{node} was fenced by {by}: {_why(records)}", _where_to_look(records, ours)
    )


def _device(records: Sequence[Event]) -> str:
    """The device that fenced the node, "" if that is not known."""
    ran = [event.about for event in records if event.stage == "agent"]
    if ran:
        return ran[-1]
    stages = {event.stage for event in records}
    if "fenced" not in stages or "self_fencing" in stages or _by_hand(records):
        return ""
    # on the node that asked: levels are tried in turn, and it ended with the last one
    return next((e.about for e in reversed(records) if e.stage == "agent_asked"), "")


def _by_hand(records: Sequence[Event]) -> bool:
    return any(event.stage == "fenced" and event.where == "a human" for event in records)


def _without_device(records: Sequence[Event], node: str) -> str:
    if _by_hand(records):
        return f"{node} was declared fenced by hand (pcs stonith confirm): no device fenced it"
    if any(event.stage == "self_fencing" for event in records):
        return f"{node} counts as fenced, because its watchdog resets it"
    return f"Pacemaker's log does not say by which device {node} was fenced"


def _why(records: Sequence[Event]) -> str:
    said = [event.text for event in records if event.stage == "agent_said"]
    return "; ".join(said) if said else "no message counted"


def _where_to_look(records: Sequence[Event], ours: Collection[str]) -> str:
    """The node that ran the agent has its lines in the log."""
    asked = [e.where for e in records if e.stage == "agent_asked" and e.about in ours]
    if asked and not any(event.stage == "agent_said" for event in records):
        return f"on {asked[-1]}: fence-kdump last"
    return "fence-kdump doctor"

"""The crash kernel's own log, as kdump saves it beside the dump (kexec-dmesg.log).

kdump-utils writes `dmesg -T` into it and then `journalctl -ab`: whole seconds, and most lines
twice. A plain `dmesg` counts, too.
"""

from __future__ import annotations

import re

from fence_kdump_admin.last.event import Event, when

__all__ = ["parse"]

_OURS = (
    (
        re.compile(r"fence_kdump_send: (.+): message sent"),
        "message",
        "the first message leaves for {}",
    ),
    (re.compile(r"fence-kdump: links up: (.+)"), "links_up", "the link over {} is up"),
    (re.compile(r"(?:fence-kdump|fence_kdump_send): (.+)"), "trouble", "{}"),
)
# kdump-utils' words
_DUMP = (
    (re.compile(r"kdump.*saving vmcore complete"), "dump_saved", "the dump is saved"),
    (re.compile(r"kdump.*saving vmcore failed"), "dump_failed", "the dump fails"),
    (re.compile(r"kdump.*saving vmcore$"), "dump_begins", "the dump begins"),
)


def parse(text: str, year: int) -> tuple[list[Event], bool]:
    """What the log tells, in its order; and whether its times count from the kernel's start.

    text -- the whole file
    year -- when it was written, for times without a year
    """
    found: dict[tuple[str, str], Event] = {}
    relative = False
    for line in text.splitlines():
        stamp = when(line, year)
        if not stamp:
            continue
        at, rest, since_start = stamp
        if not found:
            relative = since_start
            found["crash_kernel", ""] = Event("crash_kernel", "the crash kernel starts", at)
        read = _read(rest) if since_start == relative else None
        if read:
            found.setdefault(read, Event(*read, at))
    return list(found.values()), relative


def _read(line: str) -> tuple[str, str] | None:
    for pattern, stage, words in (*_OURS, *_DUMP):
        found = pattern.search(line.rstrip())
        if found:
            return stage, words.format(*found.groups())
    return None

"""One thing that happened, and when."""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass

__all__ = ["Event", "when"]

# [Wed Nov 25 10:04:20 2026] of dmesg -T; Nov 25 10:04:20 or Nov 25 10:04:20.123 of syslog, the
# journal and Pacemaker; 2026-11-25T10:04:20.123 of the journal in ISO 8601
_DMESG = re.compile(r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ?")
_SYSLOG = re.compile(r"(\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(\.\d+)? ")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)([.,]\d+)?\S* ")
# [   12.345678] of the kernel
_KERNEL = re.compile(r"(?:<\d+>)?\[ *(\d+\.\d+)\] ?")
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    stage -- a stable word for programs
    text -- the same for people
    time -- in seconds: since the epoch, as if the record's time zone were UTC, or since the
        kernel's start
    about -- the fencing device, "" where it is about none
    where -- the node that is asked to run it, "" where the record does not say
    """

    stage: str
    text: str
    time: float
    about: str = ""
    where: str = ""


def when(line: str, year: int) -> tuple[float, str, bool] | None:
    """When a line of a log was written: seconds, the rest of the line, and whether they count from
    the kernel's start. None if the line does not say.

    year -- for times that have none
    """
    found = _KERNEL.match(line)
    if found:
        return float(found[1]), line[found.end() :], True
    for pattern, read in ((_DMESG, _dmesg), (_SYSLOG, _syslog), (_ISO, _iso)):
        found = pattern.match(line)
        if found:
            try:
                return read(found, year), line[found.end() :], False
            except (KeyError, ValueError, OverflowError):  # no such month, or day of it
                return None
    return None


def _dmesg(found: re.Match[str], year: int) -> float:
    return float(calendar.timegm(time.strptime(found[1], "%a %b %d %H:%M:%S %Y")))


def _syslog(found: re.Match[str], year: int) -> float:
    day, hour, minute, second = (int(found[n]) for n in (2, 3, 4, 5))
    at = calendar.timegm((year, _MONTHS[found[1]], day, hour, minute, second, 0, 0, 0))
    return at + float(found[6] or 0)


def _iso(found: re.Match[str], year: int) -> float:
    numbers = [int(found[n]) for n in range(1, 7)]
    at = calendar.timegm((*numbers, 0, 0, 0))
    return at + float((found[7] or "0").replace(",", "."))

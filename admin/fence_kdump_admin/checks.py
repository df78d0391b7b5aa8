"""The result of a check, as a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["BAD", "OK", "UNKNOWN", "Check", "bad", "ok", "status", "unknown"]

OK, BAD, UNKNOWN = "ok", "bad", "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    name -- a stable word for programs
    state -- OK, BAD or UNKNOWN
    text -- what was found, one line
    remedy -- a command to type, or what to do; "" if nothing is wrong
    about -- which node, address or device it is about, "" for this node as a whole
    """

    name: str
    state: str
    text: str
    remedy: str = ""
    about: str = ""


def ok(name: str, text: str, about: str = "") -> Check:
    """It is right."""
    return Check(name, OK, text, "", about)


def bad(name: str, text: str, remedy: str, about: str = "") -> Check:
    """It is wrong."""
    return Check(name, BAD, text, remedy, about)


def unknown(name: str, text: str, remedy: str = "", about: str = "") -> Check:
    """It could not be checked."""
    return Check(name, UNKNOWN, text, remedy, about)


def status(checks: Iterable[Check]) -> int:
    """The exit status: 0 if all is well, 1 if something is bad, 2 if something is unknown."""
    states = {check.state for check in checks}
    return 1 if BAD in states else 2 if UNKNOWN in states else 0

"""What the agent says, and where: stderr, where Pacemaker reads it, and syslog."""

from __future__ import annotations

import sys
import syslog

from fence_kdump.addresses import show
from fence_kdump.wait import Heard, TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error", "heard", "info", "timed_out", "waiting", "warning"]

NAME = "fence_kdump"


def error(text: str) -> None:
    """Why the action fails: one line."""
    _write(sys.stderr, text)
    _log(syslog.LOG_ERR, text)


def warning(text: str) -> None:
    """What is wrong, although the action goes on: one line."""
    _write(sys.stderr, f"warning: {text}")
    _log(syslog.LOG_WARNING, text)


def info(text: str) -> None:
    """What happened: one line."""
    _write(sys.stdout, text)
    _log(syslog.LOG_INFO, text)


def heard(result: Heard) -> str:
    """The line for a message that counted."""
    return f"received a valid message from {_node(result.source, result.name)}: it is fenced"


def waiting(expected: Mapping[bytes, str], port: int, timeout: float) -> str:
    """The line for the beginning."""
    return f"waiting {timeout:g} s for a message from {_nodes(expected)} on UDP port {port}"


def timed_out(result: TimedOut, port: int, timeout: float) -> str:
    """The line for a time-out. Pacemaker knows one by the words "timed out"."""
    nodes = _nodes(result.expected)
    parts = [
        f"timed out after {timeout:g} s waiting for a message from {nodes} on UDP port {port}",
        _came(result.datagrams, result.reasons),
    ]
    if result.strangers:
        parts.append(
            f"valid messages came from {_counts(result.strangers)}:"
            " if that is the node, name the address in nodename or corosync.conf"
        )
    if result.blind:
        parts.append(result.blind)
    return "; ".join(parts)


def _came(datagrams: int | None, reasons: Mapping[str, int]) -> str:
    why = ", ".join(f"{number} x {reason}" for reason, number in reasons.items())
    if datagrams == 0:
        return "no datagram came"
    if datagrams is None:
        return "none counted of the datagrams that came" + (f" ({why})" if why else "")
    return f"{datagrams} datagrams came, and none counted" + (f" ({why})" if why else "")


def _counts(strangers: Mapping[bytes, int]) -> str:
    return ", ".join(f"{show(address)} ({number})" for address, number in strangers.items())


def _nodes(expected: Mapping[bytes, str]) -> str:
    return ", ".join(_node(address, name) for address, name in expected.items())


def _node(address: bytes, name: str) -> str:
    text = show(address)
    return text if text == name else f"{name} ({text})"


def _write(stream: object, text: str) -> None:
    try:
        print(f"{NAME}: {text}", file=stream, flush=True)  # type: ignore[call-overload]
    except (OSError, ValueError, AttributeError):  # closed, or nobody reads: the exit code tells
        pass


def _log(priority: int, text: str) -> None:
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(priority, text)

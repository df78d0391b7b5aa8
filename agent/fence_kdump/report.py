"""The lines of the agent, on standard output and standard error for Pacemaker, and in syslog.

Nothing here waits: a reader that does not read must not delay the fencing, or the next level.
"""

from __future__ import annotations

import os
import select
import socket
import time

from fence_kdump import advice
from fence_kdump.outcome import Heard, Missed, Stranger, TimedOut
from fence_kdump_cluster.addresses import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error", "heard", "info", "stranger", "timed_out", "waiting", "warning"]

NAME = "fence_kdump"
STDOUT, STDERR = 1, 2
LONGEST = 1000  # characters of at most 4 bytes; a writable pipe accepts 4096 bytes (pipe(7))
LOG_DAEMON, LOG_ERR, LOG_WARNING, LOG_INFO = 3 << 3, 3, 4, 6  # syslog(3)


def error(text: str) -> None:
    """Why the action fails: one line."""
    _write(STDERR, text)
    _log(LOG_ERR, text)


def warning(text: str) -> None:
    """What is wrong, although the action goes on: one line."""
    _write(STDERR, f"warning: {text}")
    _log(LOG_WARNING, text)


def info(text: str) -> None:
    """What happened: one line."""
    _write(STDOUT, text)
    _log(LOG_INFO, text)


def heard(result: Heard) -> str:
    """The line for what counted."""
    node = _node(result.source, result.name)
    if result.doubt is None:
        return f"received a valid message from {node}: the node is fenced"
    if result.doubt:
        return (
            f"received a valid message from {node} without a proof of identity"
            f" ({result.doubt}): the node is fenced"
        )
    return f"{node} proved that it runs its crash kernel: the node is fenced"


def waiting(expected: Mapping[bytes, str], port: int, timeout: float) -> str:
    """The line for the beginning."""
    return f"waiting {timeout:g} s for a message from {_nodes(expected)} on UDP port {port}"


def stranger(result: Stranger, port: int) -> str:
    """The line for a message that does not count, while the agent goes on waiting."""
    found = advice.strangers({result.source: 1}, result.nodes, result.node, result.family)
    nodes = _nodes(result.expected)
    return "; ".join([f"still waiting for a message from {nodes} on UDP port {port}", *found])


def timed_out(result: TimedOut, port: int, timeout: float) -> str:
    """The line for a time-out. Some versions of Pacemaker look for the words "timed out"."""
    nodes = _nodes(result.expected)
    parts = [
        f"timed out after {timeout:g} s waiting for a message from {nodes} on UDP port {port}",
        *_at_the_port(result, port),
        *advice.strangers(result.strangers, result.nodes, result.node, result.family),
    ]
    parts += [f"{name} could not be looked up ({why})" for name, why in result.unknown.items()]
    if result.proof:
        parts.append(result.proof)
    if result.blind:
        parts.append(result.blind)
    return "; ".join([*parts, "to find the cause, run 'fence-kdump doctor'"])


def _at_the_port(result: TimedOut, port: int) -> list[str]:
    came = _came(result.datagrams, result.reasons)
    if not result.missed:
        return [came]
    missed = _missed(result.missed, port)
    return [missed] if result.datagrams == 0 else [came, missed]


def _came(datagrams: int | None, reasons: Mapping[str, int]) -> str:
    why = ", ".join(f"{number} x {reason}" for reason, number in reasons.items())
    if datagrams == 0:
        return "no datagram came"
    if datagrams is None:
        return "datagrams came, but none counted" + (f" ({why})" if why else "")
    return f"{datagrams} datagrams came, but none counted" + (f" ({why})" if why else "")


def _missed(missed: Missed, port: int) -> str:
    came = f"{missed.number} valid messages arrived on {missed.device}"
    if missed.by_path:
        setting = f"net.ipv4.conf.{missed.device}.rp_filter=2"
        return f"{came}, but the reverse path filter dropped them: set {setting}"
    remedy = f"open UDP port {port} (firewalld: firewall-cmd --add-service=fence-kdump)"
    return f"{came}, but the firewall of this host dropped them: {remedy}"


def _nodes(expected: Mapping[bytes, str]) -> str:
    return (
        ", ".join(_node(address, name) for address, name in expected.items())
        or "an unknown address"
    )


def _node(address: bytes, name: str) -> str:
    text = show(address)
    return text if text == name else f"{name} ({text})"


def _write(fd: int, text: str) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    try:
        if any(events & select.POLLOUT for _, events in poll.poll(0)):
            os.write(fd, f"{NAME}: {_plain(text)}\n".encode("utf-8", "backslashreplace"))
    except OSError:  # closed, or nobody reads: the exit status has the result
        pass


def _log(priority: int, text: str) -> None:
    # syslog(3) is not used: it waits for a log that nobody reads, longer than any timeout.
    stamp = time.strftime("%b %e %T")
    line = f"<{LOG_DAEMON | priority}>{stamp} {NAME}[{os.getpid()}]: {_plain(text)}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.setblocking(False)
            log.sendto(line.encode("utf-8", "backslashreplace"), "/dev/log")
    except OSError:
        pass


def _plain(text: str) -> str:
    """One line without control characters, short enough for one write to a pipe."""
    return "".join(char if char.isprintable() else "?" for char in text)[:LONGEST]

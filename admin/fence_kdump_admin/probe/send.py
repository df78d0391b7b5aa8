"""The sockets of a probe, and when they send what."""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fence_kdump_admin.probe import PAYLOAD
from fence_kdump_admin.probe.errors import Answer, drain, open_queue
from fence_kdump_admin.probe.goals import Goal
from fence_kdump_admin.probe.judge import NO_ROUTE, PROHIBITED, judge
from fence_kdump_cluster.addresses import literal

__all__ = ["Result", "beside", "try_all"]

# Hosts answer an address with one ICMP error a second, and a few more at first (icmp(7),
# icmp_ratelimit): a faster probe would be silent by itself.
PACE = 1.0  # seconds
TURNS = 4  # beside, the port, and both again; a neighbour is given up after 3 s (arp(7))
# linux/in.h, linux/in6.h. Not SO_BINDTODEVICE: the error that this host sends itself about a
# missing neighbour comes in by another device.
_UNICAST_IF = {
    socket.AF_INET: (socket.IPPROTO_IP, 50),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 76),
}


@dataclass(frozen=True)
class Result:
    """How far the probes of one address got.

    way -- one of `judge`'s words
    answer -- the ICMP error that tells, None if none does
    trouble -- why nothing left this host, "" if something did
    """

    goal: Goal
    way: str
    answer: Answer | None = None
    trouble: str = ""


def beside(port: int) -> int:
    """The port beside it, which is probed as well."""
    return port + 1 if port < 65535 else port - 1


def try_all(
    goals: Sequence[Goal],
    port: int,
    own: Collection[str],
    theirs: Mapping[str, Collection[str]],
) -> list[Result]:
    """Probe all addresses at the same time; at most TURNS seconds.

    goals -- what to probe
    port -- the UDP port of messages
    own -- this host's addresses
    theirs -- an address -> all that are known of the host that has it
    """
    tries = [_Try(goal, port) for goal in goals]
    start = time.monotonic()
    for turn in range(TURNS):
        for one in tries:
            one.send(turn)
        _collect([one for one in tries if one.is_open], start + (turn + 1) * PACE)
        if not any(one.is_open for one in tries):
            break
    return [one.result(own, theirs.get(one.goal.address, ())) for one in tries]


def _collect(tries: Sequence[_Try], end: float) -> None:
    """Take answers until all tries are closed, or until `end` on the monotonic clock."""
    poll = select.poll()
    by_fd = {one.fileno(): one for one in tries}
    for fd in by_fd:
        poll.register(fd, 0)  # errors alone
    while by_fd and (left := end - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            by_fd[fd].take()
            if not by_fd[fd].is_open:
                poll.unregister(fd)
                by_fd.pop(fd).close()


class _Try:
    """The probes of one address, from a socket of their own."""

    def __init__(self, goal: Goal, port: int) -> None:
        self.goal = goal
        self._port = port
        self._answers: list[Answer] = []
        self._asked_beside = 0
        self._fault: tuple[str, str] | None = None
        self._socket: socket.socket | None = None
        if literal(goal.address) is None:
            self._fault = NO_ROUTE, f"{goal.address} does not resolve"
            return
        try:
            self._socket = _open(goal)
        except OSError as error:
            self._fault = NO_ROUTE, f"{goal.source or goal.address}: {error.strerror}"

    @property
    def is_open(self) -> bool:
        """Whether more can be learned."""
        at_port = any(answer.port == self._port for answer in self._answers)
        return self._socket is not None and not self._fault and not at_port

    def fileno(self) -> int:
        """For poll(2)."""
        return self._socket.fileno() if self._socket else -1

    def close(self) -> None:
        """Give the socket back."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def send(self, turn: int) -> None:
        """The probe of that turn: to the port beside first, then to the port, and so on."""
        if not self.is_open:
            return
        to = beside(self._port) if turn % 2 == 0 else self._port
        self.take()
        trouble = self._send(to)
        if trouble and trouble.errno != errno.EPERM:
            self.take()  # the answer to an earlier probe may show as the error of this one
            trouble = self._send(to)
        if not trouble:
            self._asked_beside += to != self._port
            return
        if trouble.errno == errno.EPERM:  # a firewall drops it on its way out
            self._fault = PROHIBITED, "this node's own firewall drops what it sends"
        elif not self._answers:
            self._fault = NO_ROUTE, trouble.strerror or str(trouble)

    def take(self) -> None:
        """Take the answers that are there."""
        if self._socket:
            self._answers += drain(self._socket)

    def result(self, own: Collection[str], theirs: Collection[str]) -> Result:
        """What came of it; ends it."""
        self.take()
        self.close()
        if self._fault:
            return Result(self.goal, self._fault[0], trouble=self._fault[1])
        theirs = {*theirs, self.goal.address.partition("%")[0]}
        way, answer = judge(self._answers, self._port, self._asked_beside, own, theirs)
        return Result(self.goal, way, answer)

    def _send(self, port: int) -> OSError | None:
        try:
            if self._socket:
                self._socket.sendto(PAYLOAD, _sockaddr(self.goal.address, port))
        except OSError as error:
            return error
        return None


def _open(goal: Goal) -> socket.socket:
    family = socket.AF_INET6 if ":" in goal.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        open_queue(sock)
        if goal.device:
            index = socket.if_nametoindex(goal.device).to_bytes(4, "big")
            sock.setsockopt(*_UNICAST_IF[family], index)
        if goal.source:
            sock.bind(_sockaddr(goal.source, 0))
    except OSError:
        sock.close()
        raise
    return sock


def _sockaddr(address: str, port: int) -> tuple[object, ...]:
    """What sendto and bind take; a scope is a part of it."""
    found = socket.getaddrinfo(address, port, 0, socket.SOCK_DGRAM, 0, socket.AI_NUMERICHOST)
    return tuple(found[0][4])

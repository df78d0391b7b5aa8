"""The other end of a probe: which probes arrive, and which of them this node's firewall lets in.

There are two looks at the same datagram. A packet socket (packet(7)) sees it before the firewall,
a raw socket (raw(7)) after it. What only the first one sees was dropped or rejected here. The UDP
port itself is not bound, so any other program can have it.
"""

from __future__ import annotations

import select
import socket
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fence_kdump_admin.probe import PAYLOAD

__all__ = ["Arrival", "Ear"]

PATIENCE = 0.5  # seconds from the one look to the other
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_ETH_P_IP, _ETH_P_IPV6 = 0x0800, 0x86DD
_UDP = 17
_IPV4_ADDRESSES, _IPV6_ADDRESSES = slice(12, 20), slice(8, 40)  # source and destination

# Classic BPF (linux/bpf_common.h): UDP for the port, and nothing else, of all that a host receives
_LOAD_BYTE, _LOAD_HALF, _LOAD_HALF_AT_X = 0x30, 0x28, 0x48
_X_HEADER_LENGTH, _JUMP_EQUAL, _RETURN = 0xB1, 0x15, 0x06
Program = Sequence["tuple[int, int, int, int]"]


@dataclass(frozen=True)
class Arrival:
    """A probe that arrived.

    source, destination -- addresses
    passed -- whether the firewall let it in
    """

    source: str
    destination: str
    passed: bool


class Ear:
    """Hears probes; a context manager. Needs root (CAP_NET_RAW).

    port -- the UDP port of messages
    """

    def __init__(self, port: int) -> None:
        """Raises OSError."""
        self._before: list[socket.socket] = []
        self._after: list[socket.socket] = []
        try:
            for protocol, program in (
                (_ETH_P_IP, _over_ipv4(port)),
                (_ETH_P_IPV6, _over_ipv6(port)),
            ):
                packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
                self._before.append(packets)
                _attach(packets, program)
            for family, program in (
                (socket.AF_INET, _over_ipv4(port)),
                (socket.AF_INET6, _udp_alone(port)),
            ):
                raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP)
                self._after.append(raw)
                _attach(raw, program)
                if family == socket.AF_INET6:
                    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            for sock in (*self._before, *self._after):
                _empty(sock)  # it may have taken datagrams before it had its filter
        except OSError:
            self.__exit__()
            raise

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (*self._before, *self._after):
            sock.close()

    def arrivals(self, seconds: float) -> Iterator[Arrival]:
        """Each probe, as soon as its fate is known, for so many seconds."""
        end = time.monotonic() + seconds
        waiting: list[tuple[float, tuple[str, str]]] = []  # until when, and whence and where
        while (now := time.monotonic()) < end:
            due = min([end, *(until for until, _ in waiting)])
            ready, _, _ = select.select([*self._before, *self._after], [], [], max(0.0, due - now))
            for sock in [s for s in self._before if s in ready]:
                way = _seen(sock)
                if way:
                    waiting.append((time.monotonic() + PATIENCE, way))
            for sock in [s for s in self._after if s in ready]:
                way = _delivered(sock)
                for entry in [e for e in waiting if e[1] == way][:1]:
                    waiting.remove(entry)
                if way:
                    yield Arrival(*way, passed=True)
            for entry in [e for e in waiting if e[0] <= time.monotonic()]:
                waiting.remove(entry)
                yield Arrival(*entry[1], passed=False)


def _seen(sock: socket.socket) -> tuple[str, str] | None:
    packet, where = sock.recvfrom(2048)
    # not what this host sends to others; what it sends to itself comes in by lo
    if where[2] != socket.PACKET_HOST or PAYLOAD not in packet:
        return None
    return _addresses(packet[_IPV4_ADDRESSES if where[1] == _ETH_P_IP else _IPV6_ADDRESSES])


def _delivered(sock: socket.socket) -> tuple[str, str] | None:
    packet, ancillary, _, peer = sock.recvmsg(2048, 64)
    if PAYLOAD not in packet:
        return None
    if sock.family == socket.AF_INET:
        return _addresses(packet[_IPV4_ADDRESSES])
    source = socket.inet_pton(socket.AF_INET6, peer[0].partition("%")[0])
    return _addresses(source + ancillary[0][2][:16])  # struct in6_pktinfo


def _addresses(both: bytes) -> tuple[str, str]:
    half = len(both) // 2
    family = socket.AF_INET if half == 4 else socket.AF_INET6
    return socket.inet_ntop(family, both[:half]), socket.inet_ntop(family, both[half:])


def _over_ipv4(port: int) -> Program:
    return (
        (_LOAD_BYTE, 0, 0, 9),
        (_JUMP_EQUAL, 0, 4, _UDP),
        (_X_HEADER_LENGTH, 0, 0, 0),
        (_LOAD_HALF_AT_X, 0, 0, 2),
        (_JUMP_EQUAL, 0, 1, port),
        (_RETURN, 0, 0, 0xFFFF),
        (_RETURN, 0, 0, 0),
    )


def _over_ipv6(port: int) -> Program:
    return (
        (_LOAD_BYTE, 0, 0, 6),
        (_JUMP_EQUAL, 0, 3, _UDP),
        (_LOAD_HALF, 0, 0, 42),
        (_JUMP_EQUAL, 0, 1, port),
        (_RETURN, 0, 0, 0xFFFF),
        (_RETURN, 0, 0, 0),
    )


def _udp_alone(port: int) -> Program:
    return (
        (_LOAD_HALF, 0, 0, 2),
        (_JUMP_EQUAL, 0, 1, port),
        (_RETURN, 0, 0, 0xFFFF),
        (_RETURN, 0, 0, 0),
    )


def _empty(sock: socket.socket) -> None:
    try:
        while True:
            sock.recv(1, socket.MSG_DONTWAIT)
    except BlockingIOError:
        pass


def _attach(sock: socket.socket, program: Program) -> None:
    code = array("B")
    for operation, if_true, if_false, constant in program:  # struct sock_filter
        code.frombytes(array("H", [operation]).tobytes() + bytes((if_true, if_false)))
        code.frombytes(array("I", [constant]).tobytes())
    address, _ = code.buffer_info()
    head = array("H", [len(program), 0, 0, 0]).tobytes()  # struct sock_fprog
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head + array("Q", [address]).tobytes())

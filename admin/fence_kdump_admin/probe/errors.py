"""What ICMP has answered to a datagram: a socket's error queue (ip(7), IP_RECVERR).

errno alone would not do: several answers of different meaning share one, and a local fault has the
same ones.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass

__all__ = ["Answer", "drain", "open_queue"]

# linux/in.h, linux/in6.h; Python has no names for these
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_OPTIONS: dict[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, _IP_RECVERR),
    socket.AF_INET6: (socket.IPPROTO_IPV6, _IPV6_RECVERR),
}
# struct sock_extended_err of linux/errqueue.h: errno, origin, type, code, padding, info, data;
# then the sockaddr of whoever sent the answer
_ERROR = struct.Struct("=IBBBBII")
_FROM_ICMP = (2, 3)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
# where a sockaddr has its address: offset and length
_ADDRESS: dict[int, tuple[int, int]] = {socket.AF_INET: (4, 4), socket.AF_INET6: (8, 16)}

# "destination unreachable": RFC 792 with RFC 1812 section 5.2.7.1, RFC 4443 section 3.1
_UNREACHABLE = {
    4: (
        3,
        {
            0: "network unreachable",
            1: "host unreachable",
            2: "protocol unreachable",
            3: "port unreachable",
            9: "network administratively prohibited",
            10: "host administratively prohibited",
            13: "communication administratively prohibited",
        },
    ),
    6: (
        1,
        {
            0: "no route",
            1: "communication administratively prohibited",
            3: "address unreachable",
            4: "port unreachable",
            5: "source address failed its policy",
            6: "route is set to reject",
        },
    ),
}


@dataclass(frozen=True)
class Answer:
    """One ICMP or ICMPv6 error.

    port -- the UDP port that the datagram was for
    offender -- who sent the error, an address without scope
    text -- what it says: "port unreachable", "host unreachable"...
    """

    port: int
    offender: str
    text: str

    @property
    def is_port(self) -> bool:
        """Whether it says that nobody has that port."""
        return self.text == "port unreachable"


def open_queue(sock: socket.socket) -> None:
    """Have the kernel keep the errors of a UDP socket. Raises OSError."""
    level, option = _OPTIONS[sock.family]
    sock.setsockopt(level, option, 1)


def drain(sock: socket.socket) -> list[Answer]:
    """The ICMP errors that came since the last call; takes them off the queue."""
    found: list[Answer] = []
    while True:
        try:
            _, ancillary, _, to = sock.recvmsg(256, 512, socket.MSG_ERRQUEUE)
        except OSError:  # BlockingIOError: no more
            return found
        for level, kind, data in ancillary:
            if (level, kind) == _OPTIONS[sock.family]:
                answer = _answer(sock.family, data, int(to[1]))
                if answer:
                    found.append(answer)


def _answer(family: int, data: bytes, port: int) -> Answer | None:
    if len(data) < _ERROR.size:
        return None
    _, origin, kind, code, *_ = _ERROR.unpack_from(data)
    if origin not in _FROM_ICMP:
        return None
    offset, length = _ADDRESS[family]
    packed = data[_ERROR.size + offset : _ERROR.size + offset + length]
    if len(packed) < length:
        return None
    unreachable, codes = _UNREACHABLE[4 if length == 4 else 6]
    text = codes.get(code, f"unreachable, code {code}") if kind == unreachable else ""
    text = text or f"ICMP type {kind}, code {code}"
    return Answer(port, str(ipaddress.ip_address(packed)), text)

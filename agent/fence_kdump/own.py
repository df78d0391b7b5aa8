"""This host's own addresses: a message from one of them proves nothing of another node.

Asked of the kernel by rtnetlink(7), whose answers are as long as this host's list of addresses,
however many routes it has. Unlike a try to bind(2), it is not misled by net.ipv4.ip_nonlocal_bind,
which clusters with floating addresses set.
"""

from __future__ import annotations

import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["own_addresses"]

# linux/netlink.h, linux/rtnetlink.h, linux/if_addr.h
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_RTM_NEWADDR, _RTM_GETADDR, _RTM_NEWROUTE, _RTM_GETROUTE = 20, 22, 24, 26
_NLM_F_REQUEST, _NLM_F_DUMP = 0x001, 0x300
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_DST = 1
_DELIVERED_HERE = (2, 3, 4)  # RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST
_LARGEST = 1 << 16  # bytes the kernel answers at once: fewer

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg
_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg
_ERROR = struct.Struct("=i")  # struct nlmsgerr: a negative errno
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type


def own_addresses(candidates: Iterable[bytes]) -> frozenset[bytes]:
    """The packed addresses that are this host's own, and the broadcast ones of its networks.

    candidates -- packed addresses; those of them that a local route gives to this host (`ip route
        add local`) are its own, too

    Raises OSError.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        own = _assigned(kernel)
        return own | {a for a in candidates if a not in own and _is_delivered_here(kernel, a)}


def _assigned(kernel: socket.socket) -> frozenset[bytes]:
    """The addresses of all devices, up or down, and the broadcast ones."""
    request = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    found = set()
    for kind, body in _ask(kernel, _RTM_GETADDR, _NLM_F_DUMP, request):
        if kind != _RTM_NEWADDR:
            continue
        attributes = dict(_attributes(body[_ADDRESS.size :]))
        # of a link between two hosts, IFA_ADDRESS is the other one's
        found.add(attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS, b""))
        found.add(attributes.get(_IFA_BROADCAST, b""))
    return frozenset(found - {b""})


def _is_delivered_here(kernel: socket.socket, address: bytes) -> bool:
    """Whether what is sent to an address stays on this host."""
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    request = _ROUTE.pack(family, 8 * len(address), 0, 0, 0, 0, 0, 0, 0)
    request += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(address), _RTA_DST) + address
    try:
        answers = _ask(kernel, _RTM_GETROUTE, 0, request)
    except OSError:  # no route
        return False
    return any(
        kind == _RTM_NEWROUTE and _ROUTE.unpack_from(body)[7] in _DELIVERED_HERE
        for kind, body in answers
    )


def _ask(kernel: socket.socket, kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
    """The kernel's answer: (type, body) of each message. Raises OSError."""
    header = _HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST | flags, 1, 0)
    kernel.sendto(header + body, (0, 0))
    found: list[tuple[int, bytes]] = []
    while True:
        data = kernel.recv(_LARGEST)
        while data:
            length, answer, *_ = _HEADER.unpack_from(data)
            if answer == _NLMSG_ERROR:
                error = -_ERROR.unpack_from(data, _HEADER.size)[0]
                raise OSError(error, os.strerror(error))
            if answer == _NLMSG_DONE:
                return found
            found.append((answer, data[_HEADER.size : length]))
            data = data[(length + 3) & ~3 :]
        if not flags & _NLM_F_DUMP:
            return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]

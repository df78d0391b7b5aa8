"""The addresses of this host. A message from one of them proves nothing about another node.

The kernel is asked by rtnetlink. Its answer has only the addresses, however many routes there are.
Unlike an attempt to bind(2), it does not depend on net.ipv4.ip_nonlocal_bind, which clusters with
floating addresses set.
"""

from __future__ import annotations

import socket
import struct

from fence_kdump import rtnetlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["own_addresses"]

# linux/rtnetlink.h, linux/if_addr.h
_NEWADDR, _GETADDR, _NEWROUTE, _GETROUTE = 20, 22, 24, 26
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_DST = 1
_DELIVERED_HERE = (2, 3, 4)  # RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST

_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg
_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type


def own_addresses(candidates: Iterable[bytes]) -> frozenset[bytes]:
    """The packed addresses of this host, and the broadcast addresses of its networks.

    candidates -- packed addresses; those that a local route assigns to this host (`ip route add
        local`) are in the result as well

    Raises OSError.
    """
    with rtnetlink.connect() as kernel:
        own = _assigned(kernel)
        return own | {a for a in candidates if a not in own and _is_delivered_here(kernel, a)}


def _assigned(kernel: socket.socket) -> frozenset[bytes]:
    """The addresses of all devices, up or down, and the broadcast addresses."""
    request = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    found = set()
    for kind, body in rtnetlink.ask(kernel, _GETADDR, rtnetlink.DUMP, request):
        if kind != _NEWADDR:
            continue
        attributes = dict(rtnetlink.attributes(body[_ADDRESS.size :]))
        # on a point-to-point link, IFA_ADDRESS is the address of the other host
        found.add(attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS, b""))
        found.add(attributes.get(_IFA_BROADCAST, b""))
    return frozenset(found - {b""})


def _is_delivered_here(kernel: socket.socket, address: bytes) -> bool:
    """Whether packets to an address stay on this host."""
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    request = _ROUTE.pack(family, 8 * len(address), 0, 0, 0, 0, 0, 0, 0)
    request += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(address), _RTA_DST) + address
    try:
        answers = rtnetlink.ask(kernel, _GETROUTE, 0, request)
    except OSError:  # no route
        return False
    return any(
        kind == _NEWROUTE and _ROUTE.unpack_from(body)[7] in _DELIVERED_HERE
        for kind, body in answers
    )

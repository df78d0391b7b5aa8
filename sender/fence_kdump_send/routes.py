"""rtnetlink(7): changes of links, addresses, routes and neighbours.

A UDP sendto fails while there is no route, and a change says when to try again. But sendto also
*succeeds* while nothing can arrive: without a carrier, before a neighbour is found, or while a
switch port is blocking. So this module also detects the moments when something becomes reachable.
"""

from __future__ import annotations

import sys

__all__ = ["GROUPS", "Reachability"]

# RTMGRP_LINK, NEIGH, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE of linux/rtnetlink.h
GROUPS = 0x1 | 0x4 | 0x10 | 0x40 | 0x100 | 0x400

_HEADER = 16  # struct nlmsghdr
_NEWLINK, _DELLINK, _NEWNEIGH, _DELNEIGH = 16, 17, 28, 29
_IFF_RUNNING = 0x40
_NUD_NO_WAY = 0x1 | 0x20  # INCOMPLETE, FAILED
_NDA_DST = 1


class Reachability:
    """Follows rtnetlink messages and knows which links and neighbours can be reached."""

    __slots__ = ("_up",)

    def __init__(self) -> None:
        # ("link", index) or ("neighbour", index, address): those known to be up
        self._up: set[tuple[object, ...]] = set()

    def feed(self, data: bytes) -> bool:
        """Take in one datagram of rtnetlink.

        Returns whether a link came up or a neighbour was found that was not known before. Truncated
        messages are ignored.
        """
        came_up = False
        while len(data) >= _HEADER:
            length = _int(data, 0, 4)
            if not _HEADER <= length <= len(data):
                break
            kind, body = _int(data, 4, 2), data[_HEADER:length]
            if kind in (_NEWLINK, _DELLINK) and len(body) >= 16:  # struct ifinfomsg
                up = kind == _NEWLINK and bool(_int(body, 8, 4) & _IFF_RUNNING)
                came_up |= self._note(("link", _int(body, 4, 4)), up)
            elif kind in (_NEWNEIGH, _DELNEIGH) and len(body) >= 12:  # struct ndmsg
                state = _int(body, 8, 2)
                up = kind == _NEWNEIGH and bool(state) and not state & _NUD_NO_WAY
                came_up |= self._note(("neighbour", _int(body, 4, 4), _destination(body)), up)
            data = data[_aligned(length) :]
        return came_up

    def _note(self, what: tuple[object, ...], up: bool) -> bool:
        if not up:
            self._up.discard(what)
            return False
        new = what not in self._up
        self._up.add(what)
        return new


def _destination(body: bytes) -> bytes:
    attributes = body[12:]
    while len(attributes) >= 4:  # struct rtattr
        length = _int(attributes, 0, 2)
        if not 4 <= length <= len(attributes):
            break
        if _int(attributes, 2, 2) == _NDA_DST:
            return attributes[4:length]
        attributes = attributes[_aligned(length) :]
    return b""


def _int(data: bytes, offset: int, size: int) -> int:
    return int.from_bytes(data[offset : offset + size], sys.byteorder)


def _aligned(length: int) -> int:
    return (length + 3) & ~3

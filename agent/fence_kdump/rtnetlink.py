"""Questions to the kernel about its network, by rtnetlink(7)."""

from __future__ import annotations

import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DUMP", "ask", "attributes", "connect"]

DUMP = 0x300  # NLM_F_DUMP: all there are of a kind

# linux/netlink.h
_ERROR_MESSAGE, _DONE_MESSAGE = 2, 3
_REQUEST, _DUMP_INTERRUPTED = 0x001, 0x010
_LARGEST = 1 << 16  # bytes the kernel answers at once: fewer
_MOST_TRIES = 10
_ATTRIBUTE_TYPE = 0x3FFF  # NLA_TYPE_MASK: the rest are flags

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_ERROR = struct.Struct("=i")  # struct nlmsgerr: a negative errno
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type


def connect() -> socket.socket:
    """A socket for `ask`. Raises OSError."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def ask(kernel: socket.socket, kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
    """The kernel's answer: (type, body) of each message.

    kernel -- of `connect`
    kind -- type of the request, such as RTM_GETADDR
    flags -- DUMP, or 0 for one answer
    body -- the request after its header

    If something changes during a dump, the kernel may leave out entries that did not change. Then
    it is asked again, and the result has the entries of all answers. Raises OSError.
    """
    found: list[tuple[int, bytes]] = []
    for _ in range(_MOST_TRIES):
        if _ask_once(kernel, kind, flags, body, found):
            break
    return found


def _ask_once(
    kernel: socket.socket, kind: int, flags: int, body: bytes, found: list[tuple[int, bytes]]
) -> bool:
    """Add the messages of the answer to `found`. Returns whether nothing changed meanwhile."""
    kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 1, 0) + body)
    unchanged = True
    while True:
        data = kernel.recv(_LARGEST)
        while data:
            length, answer, answer_flags, *_ = _HEADER.unpack_from(data)
            unchanged = unchanged and not answer_flags & _DUMP_INTERRUPTED
            if answer == _ERROR_MESSAGE:
                error = -_ERROR.unpack_from(data, _HEADER.size)[0]
                raise OSError(error, os.strerror(error))
            if answer == _DONE_MESSAGE:
                return unchanged
            found.append((answer, data[_HEADER.size : length]))
            data = data[(length + 3) & ~3 :]
        if not flags & DUMP:
            return unchanged


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, value) of each attribute, such as of a message's body after its fixed part."""
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        yield kind & _ATTRIBUTE_TYPE, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]

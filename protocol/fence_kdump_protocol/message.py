"""One datagram, version 1.

Eight bytes: ``uint32 magic``, ``uint32 version``, both in the byte order of the machine that sends
(fence-agents, agents/kdump/message.h). The receiver recognizes the byte order by the magic. Bytes
after the first eight are an extension, which receivers of version 1 ignore.
"""

from __future__ import annotations

from sys import byteorder as NATIVE  # noqa: N812  a constant of this machine

__all__ = [
    "HEADER_LENGTH",
    "MAGIC",
    "PORT",
    "VERSION",
    "DecodeError",
    "Message",
    "decode",
    "encode",
]

MAGIC = 0x1B302A40
VERSION = 1
PORT = 7410  # UDP
HEADER_LENGTH = 8

_HEADERS = {
    "little": MAGIC.to_bytes(4, "little") + VERSION.to_bytes(4, "little"),
    "big": MAGIC.to_bytes(4, "big") + VERSION.to_bytes(4, "big"),
}


class DecodeError(ValueError):
    """These bytes are not a fence_kdump message; the text says why."""


class Message:
    """A fence_kdump message as it arrived.

    byteorder -- "little" or "big": the byte order of the machine that sent it
    extension -- the bytes after the header, b"" from a peer of plain version 1
    """

    __slots__ = ("byteorder", "extension")

    def __init__(self, byteorder: str, extension: bytes = b"") -> None:
        self.byteorder = byteorder
        self.extension = extension

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return (self.byteorder, self.extension) == (other.byteorder, other.extension)

    def __hash__(self) -> int:
        return hash((self.byteorder, self.extension))

    def __repr__(self) -> str:
        return f"Message({self.byteorder!r}, {self.extension!r})"


def encode(byteorder: str = NATIVE, extension: bytes = b"") -> bytes:
    """The datagram that says "I am dumping".

    byteorder -- "little" or "big"; peers of version 1 expect their own
    extension -- bytes to append to the header
    """
    return _HEADERS[byteorder] + extension


def decode(data: bytes) -> Message:
    """Read a received datagram.

    data -- exactly the payload

    Raises DecodeError for everything that is not a complete, valid message.
    """
    if len(data) < HEADER_LENGTH:
        raise DecodeError(f"{len(data)} bytes instead of {HEADER_LENGTH}")
    for byteorder, header in _HEADERS.items():
        if data[:4] == header[:4]:
            if data[4:HEADER_LENGTH] != header[4:]:
                raise DecodeError(f"version {data[4:HEADER_LENGTH].hex()} in {byteorder}-endian")
            return Message(byteorder, data[HEADER_LENGTH:])
    raise DecodeError(f"wrong magic {data[:4].hex()}")

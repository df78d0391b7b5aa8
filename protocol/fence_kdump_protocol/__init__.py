"""The fence_kdump message, sans-IO: bytes in, values out.

Here live the wire format and nothing else: no sockets, no clock, no files, no printing.
It imports nothing of ours. The sender runs it frozen in the crash kernel's small memory, so it
imports nothing but `sys` either.
"""

from fence_kdump_protocol.message import (
    HEADER_LENGTH,
    MAGIC,
    PORT,
    VERSION,
    DecodeError,
    Message,
    decode,
    encode,
)

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

"""The fence_kdump message, sans-IO: bytes in, values out.

Here live the wire format and nothing else: no sockets, no clock, no files, no printing.
It imports nothing of ours. The sender runs it frozen in the crash kernel's small memory, so it
imports nothing but what every interpreter has built in. docs/protocol.md specifies it, and
protocol/vectors.json has examples.

message   version 1, which all speak: this node is dumping
dialogue  the extension: a challenge, and the response that proves who says so
keys      master key -> node key -> what a response is made with
sha256    what those are made of
times     times as administrators write them, which sender and agent must read alike

All but the first are for those who need them, and are imported by those alone.
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

"""The fence_kdump message, sans-IO: bytes in, values out.

This package contains only the wire format: no sockets, no clock, no files, no printing. It imports
no other package of ours. The frozen sender runs it in the small memory of the crash kernel, so it
imports only modules that are built into every interpreter. docs/protocol.md specifies the format,
and protocol/vectors.json has examples.

message   version 1, which all programs understand: this node is dumping
dialogue  the extension: a challenge, and the response that proves the identity of the node
keys      master key -> node key -> code of a response
sha256    the hash for these
times     times as administrators write them, which sender and agent must read in the same way

Only the programs that need them import the modules after the first one.
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

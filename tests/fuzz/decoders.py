"""The decoders in libFuzzer's hands: `decoders.py [OPTION OF LIBFUZZER]... CORPUS`.

A decoder raises nothing but DecodeError; what it takes, encoding makes again, byte for byte; and
nothing but the one right answer proves anything.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

with atheris.instrument_imports():
    from fence_kdump_protocol import DecodeError, decode, encode
    from fence_kdump_protocol.dialogue import (
        decode_challenge,
        decode_response,
        encode_challenge,
        encode_response,
    )
    from fence_kdump_protocol.keys import node_key

NONCE, NAME = bytes(range(16)), b"node2"
KEY = node_key(bytes(range(32)), NAME)
RIGHT = encode_response(NONCE, NAME, KEY)


def look_at(data: bytes) -> None:
    """Give one datagram to all decoders."""
    try:
        message = decode(data)
        assert encode(message.byteorder, message.extension) == data
    except DecodeError:
        pass
    try:
        assert encode_challenge(decode_challenge(data)) == data
    except DecodeError:
        pass
    try:
        response = decode_response(data)
        assert len(data) == 62 + len(response.name)
        assert response.proves(KEY, NAME, NONCE) == (data == RIGHT)
    except DecodeError:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, look_at)
    atheris.Fuzz()

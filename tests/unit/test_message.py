"""The wire format: rows serve encode and decode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_protocol import HEADER_LENGTH, DecodeError, Message, decode, encode

LITTLE = bytes.fromhex("402a301b01000000")
BIG = bytes.fromhex("1b302a4000000001")

MESSAGES = [
    (Message("little"), LITTLE),
    (Message("big"), BIG),
    (Message("little", b"FKX1 and more"), LITTLE + b"FKX1 and more"),
    (Message("big", b"\x00"), BIG + b"\x00"),
]


@pytest.mark.parametrize(("message", "data"), MESSAGES)
def test_rows_both_ways(message: Message, data: bytes) -> None:
    assert encode(message.byteorder, message.extension) == data
    assert decode(data) == message


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "0 bytes"),
        (LITTLE[:7], "7 bytes"),
        (BIG[:4], "4 bytes"),
        (bytes(8), "wrong magic 00000000"),
        (b"\x00" + LITTLE, "wrong magic"),
        (LITTLE[:4] + BIG[4:], "version 00000001 in little-endian"),
        (BIG[:4] + LITTLE[4:], "version 01000000 in big-endian"),
        (LITTLE[:4] + b"\x02\x00\x00\x00", "version 02000000"),
        (LITTLE[:4] + b"\x01\x00\x00\x01", "version 01000001"),
        (LITTLE[:4] + bytes(4), "version 00000000"),
    ],
)
def test_what_is_no_message(data: bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        decode(data)


def test_native_order_is_the_default() -> None:
    import sys

    assert encode() == {"little": LITTLE, "big": BIG}[sys.byteorder]


@given(st.binary(max_size=64))
def test_decode_never_raises_anything_else(data: bytes) -> None:
    try:
        message = decode(data)
    except DecodeError:
        assert data[:HEADER_LENGTH] not in (LITTLE, BIG)
    else:
        assert encode(message.byteorder, message.extension) == data


def test_equal_messages_hash_alike() -> None:
    assert len({Message("big"), Message("big"), Message("little")}) == 2
    assert Message("big") != BIG
    assert repr(Message("big", b"x")) == "Message('big', b'x')"

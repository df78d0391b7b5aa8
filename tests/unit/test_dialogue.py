"""Challenge and response: rows of protocol/vectors.json, and all that must not pass for one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_protocol import DecodeError, decode
from fence_kdump_protocol.dialogue import (
    CHALLENGE_LENGTH,
    decode_challenge,
    decode_response,
    encode_challenge,
    encode_response,
)
from fence_kdump_protocol.keys import BadKey, key_id, node_key, parse

FILE = os.path.join(os.path.dirname(__file__), "../../protocol/vectors.json")
with open(FILE, encoding="ascii") as file:
    VECTORS = json.load(file)
DIALOGUES = [
    pytest.param({k: bytes.fromhex(v) for k, v in row.items() if k != "about"}, id=row["about"])
    for row in VECTORS["dialogues"]
]
MALFORMED = [
    pytest.param(row["kind"], bytes.fromhex(row["data"]), id=f"{row['kind']}: {row['about']}")
    for row in VECTORS["malformed"]
]
DECODERS = {"challenge": decode_challenge, "response": decode_response}

MASTER = bytes(range(100, 164))
NAME = b"node2"
NONCE = bytes(range(16))
KEY = node_key(MASTER, NAME)
RESPONSE = encode_response(NONCE, NAME, KEY)
CHALLENGE = encode_challenge(NONCE)


@pytest.mark.parametrize("row", DIALOGUES)
def test_vectors(row: Mapping[str, bytes]) -> None:
    key = node_key(row["master"], row["name"])
    assert key == row["node_key"]
    assert key_id(key) == row["key_id"]
    assert encode_challenge(row["nonce"]) == row["challenge"]
    assert decode_challenge(row["challenge"]) == row["nonce"]
    assert encode_response(row["nonce"], row["name"], key) == row["response"]
    response = decode_response(row["response"])
    assert (response.name, response.nonce) == (row["name"], row["nonce"])
    assert response.key_id == row["key_id"]
    assert response.proves(key, row["name"], row["nonce"])


@pytest.mark.parametrize(("kind", "data"), MALFORMED)
def test_what_is_malformed(kind: str, data: bytes) -> None:
    with pytest.raises(DecodeError):
        DECODERS[kind](data)


@pytest.mark.parametrize("data", [CHALLENGE, RESPONSE, encode_response(NONCE, b"n" * 255, KEY)])
def test_listeners_of_version_1_hear_no_message(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(data)
    assert data[0] not in (0x40, 0x1B)


def test_no_response_is_longer_than_the_challenge() -> None:
    assert len(encode_response(NONCE, b"n" * 255, KEY)) < CHALLENGE_LENGTH == len(CHALLENGE)


def proves(data: bytes) -> bool:
    """Whether an agent that expects NAME and has asked with NONCE takes it for a proof."""
    try:
        return decode_response(data).proves(KEY, NAME, NONCE)
    except DecodeError:
        return False


def test_the_response_proves() -> None:
    assert proves(RESPONSE)


def test_truncated() -> None:
    assert [length for length in range(len(RESPONSE)) if proves(RESPONSE[:length])] == []


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_one_bit_flipped() -> None:
    assert [bit for bit in range(8 * len(RESPONSE)) if proves(flipped(RESPONSE, bit))] == []


def test_one_bit_of_a_challenge_flipped() -> None:
    """Only in the nonce that makes a challenge, and then another one."""
    nonces = set()
    for bit in range(8 * CHALLENGE_LENGTH):
        try:
            nonces.add(decode_challenge(flipped(CHALLENGE, bit)))
        except DecodeError:
            assert not 6 <= bit // 8 < 22
    assert len(nonces - {NONCE}) == 8 * len(NONCE)


@pytest.mark.parametrize("more", [b"\0", b"x", RESPONSE])
def test_longer(more: bytes) -> None:
    assert not proves(RESPONSE + more)


OTHERS = {
    "another node": encode_response(NONCE, b"node3", node_key(MASTER, b"node3")),
    "this node's name with another node's key": encode_response(
        NONCE, NAME, node_key(MASTER, b"node3")
    ),
    "another node's name with this node's key": encode_response(NONCE, b"node3", KEY),
    "another cluster": encode_response(NONCE, NAME, node_key(bytes(64), NAME)),
    "replayed from another run": encode_response(bytes(16), NAME, KEY),
    "the name in another case": encode_response(NONCE, b"NODE2", node_key(MASTER, b"NODE2")),
    "the challenge itself": CHALLENGE,
    "the challenge as a response": CHALLENGE[:4] + b"\x02" + CHALLENGE[5:],
    "a message of version 1": bytes.fromhex("402a301b01000000"),
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_what_another_says_proves_nothing(data: bytes) -> None:
    assert not proves(data)


@pytest.mark.parametrize("name", [b"", b"n" * 256, b"node\x002", b"\0"])
def test_no_node_name(name: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 255 bytes"):
        encode_response(NONCE, name, KEY)


@pytest.mark.parametrize("length", [0, 15, 17])
def test_no_nonce(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes"):
        encode_challenge(bytes(length))


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_master_key_that_is_too_short(length: int) -> None:
    with pytest.raises(BadKey, match=f"has {length} bytes"):
        node_key(bytes(length), NAME)


@pytest.mark.parametrize("text", [KEY.hex().encode(), KEY.hex().upper().encode() + b"\r\n"])
def test_a_key_in_a_file(text: bytes) -> None:
    assert parse(text) == KEY


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"0" * 63, b"0" * 65, b"0" * 66, b"g" * 64, b"\xff" * 64, KEY, b"0x" * 32]
)
def test_no_key_in_a_file(text: bytes) -> None:
    with pytest.raises(BadKey, match="64 hex digits"):
        parse(text)


NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: b"\0" not in name)


@given(st.binary(min_size=16, max_size=16), NAMES, st.binary(min_size=32, max_size=64))
def test_any_name_both_ways(nonce: bytes, name: bytes, master: bytes) -> None:
    key = node_key(master, name)
    response = decode_response(encode_response(nonce, name, key))
    assert response.proves(key, name, nonce)
    assert not response.proves(KEY, name, nonce)


@given(st.binary(max_size=330) | st.binary(max_size=330).map(lambda data: b"FKX1\x02" + data))
def test_decoding_any_bytes(data: bytes) -> None:
    try:
        response = decode_response(data)
    except DecodeError:
        return
    assert len(data) == 62 + len(response.name)
    assert not response.proves(KEY, NAME, NONCE)


@given(st.binary(min_size=314, max_size=326).map(lambda data: b"FKX1\x01\0" + data))
def test_decoding_any_challenge(data: bytes) -> None:
    try:
        nonce = decode_challenge(data)
    except DecodeError:
        return
    assert encode_challenge(nonce) == data

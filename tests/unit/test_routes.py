"""rtnetlink messages: which of them mean that something became reachable."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_send.routes import Reachability

NEWLINK, DELLINK, NEWROUTE, NEWNEIGH, DELNEIGH = 16, 17, 24, 28, 29
UP, RUNNING = 0x1, 0x40
INCOMPLETE, REACHABLE, STALE, PROBE, FAILED, PERMANENT = 0x1, 0x2, 0x4, 0x10, 0x20, 0x80


def message(kind: int, body: bytes) -> bytes:
    data = struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body
    return data + bytes(-len(data) % 4)


def link(flags: int, index: int = 2, kind: int = NEWLINK) -> bytes:
    return message(kind, struct.pack("=BxHiII", 0, 1, index, flags, 0))


def neighbour(state: int, address: str = "0a000001", index: int = 2, kind: int = NEWNEIGH) -> bytes:
    packed = bytes.fromhex(address)
    attributes = struct.pack("=HH", 8, 3) + b"xxxx" + struct.pack("=HH", 4 + len(packed), 1)
    return message(kind, struct.pack("=BxHiHBB", 2, 0, index, state, 0, 1) + attributes + packed)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([link(UP)], [False]),
        ([link(UP | RUNNING)], [True]),
        ([link(UP | RUNNING), link(UP | RUNNING)], [True, False]),
        ([link(UP | RUNNING), link(UP), link(UP | RUNNING)], [True, False, True]),
        ([link(RUNNING, 2), link(RUNNING, 3)], [True, True]),
        ([link(RUNNING), link(RUNNING, kind=DELLINK), link(RUNNING)], [True, False, True]),
        ([neighbour(INCOMPLETE), neighbour(REACHABLE)], [False, True]),
        ([neighbour(REACHABLE), neighbour(STALE), neighbour(PROBE)], [True, False, False]),
        ([neighbour(STALE), neighbour(FAILED), neighbour(REACHABLE)], [True, False, True]),
        ([neighbour(REACHABLE), neighbour(REACHABLE, "0a000002")], [True, True]),
        ([neighbour(PERMANENT), neighbour(0, kind=DELNEIGH)], [True, False]),
        ([neighbour(0)], [False]),
        ([message(NEWROUTE, bytes(12))], [False]),
        ([link(UP) + link(UP | RUNNING)], [True]),
        ([link(UP | RUNNING)[:20]], [False]),
        ([b""], [False]),
    ],
)
def test_what_came_up(messages: list[bytes], expected: list[bool]) -> None:
    reachability = Reachability()
    assert [reachability.feed(data) for data in messages] == expected


@given(st.binary(max_size=128))
def test_never_raises(data: bytes) -> None:
    Reachability().feed(data)


@given(st.integers(0, 64), st.integers(0, 255))
def test_never_raises_on_a_damaged_message(position: int, value: int) -> None:
    data = bytearray(neighbour(REACHABLE) + link(RUNNING))
    data[position] = value
    Reachability().feed(bytes(data))

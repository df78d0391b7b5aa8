"""One word for a way: of the answers to the probes of an address, and of those alone."""

from __future__ import annotations

import pytest

from fence_kdump_admin.probe import PAYLOAD
from fence_kdump_admin.probe.errors import Answer
from fence_kdump_admin.probe.judge import judge
from fence_kdump_protocol import HEADER_LENGTH, decode

ME, NODE, NODE_TOO, ROUTER = "10.0.0.2", "10.0.0.1", "10.1.0.1", "10.0.0.254"
PORT_UNREACHABLE, HOST_UNREACHABLE = "port unreachable", "host unreachable"
PROHIBITED = "communication administratively prohibited"


def answers(*rows: tuple[int, str, str]) -> list[Answer]:
    return [Answer(*row) for row in rows]


@pytest.mark.parametrize(
    ("rows", "asked_beside", "way"),
    [
        ([], 2, "silent"),
        ([(7410, NODE, PORT_UNREACHABLE)], 1, "free"),
        ([(7410, NODE_TOO, PORT_UNREACHABLE)], 1, "free"),
        ([(7410, NODE, PROHIBITED)], 1, "prohibited"),
        ([(7410, NODE, HOST_UNREACHABLE)], 1, "prohibited"),
        ([(7410, ROUTER, HOST_UNREACHABLE)], 1, "router"),
        ([(7410, ROUTER, PORT_UNREACHABLE)], 1, "router"),
        ([(7410, ME, HOST_UNREACHABLE)], 1, "no-neighbour"),
        ([(7410, ME, "address unreachable")], 1, "no-neighbour"),
        ([(7410, ME, PROHIBITED)], 1, "prohibited"),
        ([(7411, NODE, PORT_UNREACHABLE)] * 2, 2, "listening"),
        ([(7411, NODE, PROHIBITED)] * 2, 2, "listening"),
        # one of two is missing: answers are held back, or lost
        ([(7411, NODE, PORT_UNREACHABLE)], 2, "silent"),
        ([(7411, ROUTER, HOST_UNREACHABLE)], 2, "router"),
        ([(7411, ME, HOST_UNREACHABLE)], 2, "no-neighbour"),
        ([(7411, NODE, PORT_UNREACHABLE), (7410, NODE, PROHIBITED)], 1, "prohibited"),
    ],
)
def test_word(rows: list[tuple[int, str, str]], asked_beside: int, way: str) -> None:
    assert judge(answers(*rows), 7410, asked_beside, {ME}, {NODE, NODE_TOO})[0] == way


def test_a_probe_is_no_message() -> None:
    assert len(PAYLOAD) >= HEADER_LENGTH
    assert PAYLOAD[0] not in (0x40, 0x1B)
    with pytest.raises(ValueError, match="magic"):
        decode(PAYLOAD)

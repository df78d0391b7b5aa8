"""Answers of the kernel. Only a race interrupts a dump of the real one: a stand-in answers here."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from fence_kdump import rtnetlink, vrf

HEADER = struct.Struct("=IHHII")
NEWADDR, DONE = 20, 3
INTERRUPTED = 0x10


def message(kind: int, flags: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + len(body), kind, flags, 1, 0) + body


def answer(*datagrams: bytes) -> list[tuple[int, bytes]]:
    """What `ask` makes of these, each given to the request that comes when it is due."""
    agent, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def be_the_kernel() -> None:
        for datagram in datagrams:
            kernel.recv(4096)
            kernel.send(datagram)

    thread = threading.Thread(target=be_the_kernel)
    thread.start()
    with agent, kernel:
        found = rtnetlink.ask(agent, 22, rtnetlink.DUMP, b"")
        thread.join()
    return found


WHOLE = message(NEWADDR, 0, b"one ") + message(NEWADDR, 0, b"two ") + message(DONE, 0, bytes(4))


def test_a_whole_dump_is_asked_for_once() -> None:
    assert answer(WHOLE) == [(NEWADDR, b"one "), (NEWADDR, b"two ")]


@pytest.mark.parametrize("at", ["message", "end"])
def test_an_interrupted_dump_is_asked_for_again(at: str) -> None:
    first = message(NEWADDR, INTERRUPTED * (at == "message"), b"one ")
    lacking = first + message(DONE, INTERRUPTED * (at == "end"), bytes(4))
    assert set(answer(lacking, lacking, WHOLE)) == {(NEWADDR, b"one "), (NEWADDR, b"two ")}


def test_a_dump_that_is_always_interrupted_ends() -> None:
    lacking = message(NEWADDR, INTERRUPTED, b"one ") + message(DONE, 0, bytes(4))
    assert set(answer(*[lacking] * 10)) == {(NEWADDR, b"one ")}


def test_an_error_is_raised() -> None:
    with pytest.raises(OSError, match="No such device"):
        answer(message(2, 0, struct.pack("=i", -19)))


@pytest.mark.parametrize(("index", "heard"), [(1, True), (0, False), (2**31 - 1, False)])
def test_an_interface_that_nobody_knows_is_not_heard(index: int, heard: bool) -> None:
    """1 is the loopback's. VRFs are tests/packet/test_agent_vrf.py's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        assert vrf.is_heard(listener, index) == heard

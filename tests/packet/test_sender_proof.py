"""The frozen sender with a key: whom it answers, with what, from where, and what it must not cost.

The survivor challenges from 10.0.0.1 or 10.0.0.4 (fd00::1), which the sender on the peer tells. It
has a second host's address, 10.0.0.5, that it does not tell.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest

from fence_kdump_protocol import DecodeError, encode
from fence_kdump_protocol.dialogue import decode_response, encode_challenge
from fence_kdump_protocol.keys import node_key
from lab.flood import flood
from lab.hosts import Host, address
from lab.packets import IP, UDP, Raw, Tap, Wire
from lab.pair import pair
from lab.programs import SENDER, Program, run, started, until

MASTER = bytes(range(64))
NAME = b"node2"
KEY = node_key(MASTER, NAME)
NONCE = bytes(range(16))
CHALLENGE = encode_challenge(NONCE)
HOUR = "3600"
TOLD = ("10.0.0.1", "10.0.0.4", "fd00::1")


@pytest.fixture
def key(tmp_path: os.PathLike[str]) -> str:
    path = f"{tmp_path}/node.key"
    with open(path, "w") as file:
        file.write(KEY.hex() + "\n")
    return path


@contextlib.contextmanager
def proving(host: Host, key: str, *options: str, name: str = "node2") -> Iterator[Program]:
    """A sender that has told everybody and takes challenges."""
    with started(
        SENDER, "--key", key, "--node", name, "-i", HOUR, *options, *TOLD, host=host
    ) as program:
        until(lambda: program.is_listening(2), "the sender to take the port")
        yield program
        if program.process.poll() is None:
            assert program.stop().status == 0


class Survivor:
    """A socket of the survivor's that challenges."""

    def __init__(self, host: Host, source: str = "10.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        with host.entered():
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((source, 0))

    def __enter__(self) -> Survivor:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes, to: str = "10.0.0.2", port: int = 7410) -> None:
        self._socket.sendto(data, (to, port))

    def answer(self, seconds: float = 30) -> tuple[bytes, str]:
        """The next datagram, and the address that it came from."""
        self._socket.settimeout(seconds)
        data, peer = self._socket.recvfrom(1024)
        return data, peer[0]

    def proof(self, to: str = "10.0.0.2", nonce: bytes = NONCE) -> str:
        """Challenge until there is an answer, which must prove; the address that it came from."""
        while True:
            self.send(encode_challenge(nonce), to)
            with contextlib.suppress(TimeoutError):
                data, source = self.answer(1)
                assert decode_response(data).proves(KEY, NAME, nonce)
                return source


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("10.0.0.1", "10.0.0.2"),
        ("10.0.0.4", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3"),  # it would not send from there by itself
        ("fd00::1", "fd00::2"),
        ("fd00::1", "fd00::3"),
    ],
)
def test_it_proves_itself_from_the_address_that_was_challenged(
    survivor: Host, peer: Host, key: str, source: str, to: str
) -> None:
    with proving(peer, key), Survivor(survivor, source) as asking:
        assert asking.proof(to) == to


def test_the_messages_stay_what_they_are(survivor: Host, peer: Host, tap: Tap, key: str) -> None:
    with proving(peer, key):
        for _, packet in zip(range(3), tap):
            assert bytes(packet[UDP].payload) == encode()
            assert packet[UDP].sport == 7410


def test_without_a_key_it_takes_no_port(survivor: Host, peer: Host, tap: Tap) -> None:
    with started(SENDER, "-i", HOUR, "10.0.0.1", host=peer):
        packet = next(iter(tap))
    assert packet[UDP].sport != 7410


def test_the_port_is_in_use(survivor: Host, peer: Host, tap: Tap, key: str) -> None:
    """Then a survivor can still challenge where the message came from."""
    with peer.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 7410))
        command = [SENDER, "--key", key, "--node", "node2", "-i", HOUR, "10.0.0.1"]
        with started(*command, host=peer) as program, Survivor(survivor) as asking:
            program.line("stderr")
            assert "cannot send from UDP port 7410: Address already in use" in program.line(
                "stderr"
            )
            port = next(iter(tap))[UDP].sport
            asking.send(CHALLENGE, port=port)
            assert decode_response(asking.answer()[0]).proves(KEY, NAME, NONCE)


@pytest.mark.parametrize("name", ["n", "n" * 255, "kn\u00f6ten 2"])
def test_odd_names(survivor: Host, peer: Host, key: str, name: str) -> None:
    with proving(peer, key, name=name), Survivor(survivor) as asking:
        asking.send(CHALLENGE)
        assert decode_response(asking.answer()[0]).proves(KEY, name.encode(), NONCE)


RESPONSE_LIKE = CHALLENGE[:4] + b"\x02" + CHALLENGE[5:]
MALFORMED = {
    "empty": b"",
    "a byte short": CHALLENGE[:-1],
    "a byte long": CHALLENGE + b"\0",
    "64 kB": CHALLENGE + bytes(60000),
    "another magic": b"FKX2" + CHALLENGE[4:],
    "kind 2": RESPONSE_LIKE,
    "sixth byte not 0": CHALLENGE[:5] + b"\x01" + CHALLENGE[6:],
    "the last byte not 0": CHALLENGE[:-1] + b"\x01",
    "a message": encode(),
    "junk": b"junkjunk" * 40,
}


def test_what_is_malformed_is_not_answered(survivor: Host, peer: Host, key: str) -> None:
    other = bytes(16)
    with proving(peer, key), Survivor(survivor) as asking:
        for data in MALFORMED.values():
            asking.send(data)
        asking.send(encode_challenge(other))
        assert decode_response(asking.answer()[0]).nonce == other


def test_a_stranger_is_not_answered(survivor: Host, peer: Host, key: str) -> None:
    address(survivor, "10.0.0.5/24")
    with (
        proving(peer, key),
        Survivor(survivor, "10.0.0.5") as stranger,
        Survivor(survivor) as asking,
    ):
        stranger.send(CHALLENGE)
        asking.proof()
        with pytest.raises(BlockingIOError):
            stranger.answer(0)


def test_a_challenge_forged_in_the_sender_s_own_name(
    survivor: Host, peer: Host, wire: Wire, key: str
) -> None:
    """It makes no two senders talk to each other, and none to itself."""
    forged = IP(src="10.0.0.2", dst="10.0.0.2") / UDP(sport=7410, dport=7410) / Raw(CHALLENGE)
    back = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=7410, dport=7410) / Raw(CHALLENGE)
    for sent in (forged, back):
        wire.send(sent, peer.mac())
    with proving(peer, key), Survivor(survivor) as asking:
        asking.proof()


BAD_KEYS = {
    "missing": (None, "node2", "No such file"),
    "empty": ("", "node2", "64 hex digits"),
    "short": ("00" * 31, "node2", "64 hex digits"),
    "not hex": ("xy" * 32, "node2", "64 hex digits"),
    "no name": (KEY.hex(), "", "--node ''"),
    "a long name": (KEY.hex(), "n" * 256, "1 to 255 bytes"),
}


@pytest.mark.parametrize(("text", "name", "why"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_costs_no_message(
    survivor: Host, peer: Host, tap: Tap, key: str, text: str | None, name: str, why: str
) -> None:
    os.unlink(key)
    if text is not None:
        with open(key, "w") as file:
            file.write(text)
    command = [SENDER, "--key", key, "--node", name, "-c", "3", "-i", "0.01", "10.0.0.1"]
    result = run(command, host=peer)
    assert result.status == 0
    for _, packet in zip(range(3), tap):
        assert bytes(packet[UDP].payload) == encode()
    (line,) = [line for line in result.stderr.splitlines() if "cannot answer challenges" in line]
    assert why in line


def test_names_that_resolve_late_are_answered(key: str) -> None:
    survivor, peer = pair(peer_etc={"hosts": ""})
    command = [SENDER, "--key", key, "--node", "node2", "-i", HOUR, "10.0.0.4", "node1"]
    with started(*command, host=peer) as program, Survivor(survivor) as asking:
        while "node1:" not in program.line("stderr"):
            pass
        with open(f"/etc/netns/{peer.name}/hosts", "w") as file:
            file.write("10.0.0.1 node1\n")
        asking.proof()


def test_challenges_forged_in_one_name_silence_nothing_else(
    survivor: Host, peer: Host, tap: Tap, key: str
) -> None:
    """At full rate, from all ports of 10.0.0.1: every round goes out, and 10.0.0.4 gets proofs."""
    command = [SENDER, "--key", key, "--node", "node2", "-c", "40", "-i", "0.05", *TOLD[:2]]
    forged = (
        IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=7410, chksum=0) / Raw(CHALLENGE)
    )
    with (
        flood(survivor, forged, peer.mac()) as sent,
        started(*command, host=peer) as program,
        Survivor(survivor, "10.0.0.4") as asking,
    ):
        for number in range(20):
            asking.proof(nonce=number.to_bytes(16, "big"))
        assert program.result().status == 0
    assert sent() > 10000
    rounds = 0
    for packet in tap:
        with contextlib.suppress(DecodeError):
            rounds += bytes(packet[UDP].payload) == encode()
        if rounds == 80:
            break

"""Which datagrams make the agent succeed: whole, right messages from expected addresses, and no
others. Each row runs against a bound socket and, with the port in use, against a raw one.

A bad datagram comes first, from 10.0.0.2 (fd00::2), then a good one from 10.0.0.3 (fd00::3); both
are expected. The agent names the address that counted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from fence_kdump_protocol import encode
from lab.hosts import Host
from lab.packets import (
    ICMP,
    IP,
    UDP,
    IPv6,
    IPv6ExtHdrFragment,
    Packet,
    Raw,
    Wire,
    fragment,
    fragment6,
)
from lab.programs import AGENT, Program, listening_agent, one_node

GOOD = encode("little")
PORT = 7410


def ipv4(payload: bytes, source: str = "10.0.0.2", **udp: int) -> Packet:
    fields: dict[str, Any] = {"sport": 40000, "dport": PORT, **udp}
    return IP(src=source, dst="10.0.0.1") / UDP(**fields) / Raw(payload)


def ipv6(payload: bytes, source: str = "fd00::2", **udp: int) -> Packet:
    fields: dict[str, Any] = {"sport": 40000, "dport": PORT, **udp}
    return IPv6(src=source, dst="fd00::1") / UDP(**fields) / Raw(payload)


def pseudo_header_sum(packet: Packet) -> Packet:
    """As a local virtual link leaves the checksum to hardware that never sees the packet."""
    segment = bytes(packet[UDP])
    header = bytes(packet)[: len(bytes(packet)) - len(segment)]
    addresses = header[12:20] if packet.version == 4 else header[8:40]
    words = addresses + len(segment).to_bytes(2, "big") + b"\x00\x11"
    total = sum(int.from_bytes(words[i : i + 2], "big") for i in range(0, len(words), 2))
    packet[UDP].chksum = total % 0xFFFF or 0xFFFF
    return packet


@contextlib.contextmanager
def agent_in(
    survivor: Host, nodes: str = "10.0.0.2,10.0.0.3,fd00::2,fd00::3", agent: str = AGENT
) -> Iterator[Program]:
    options = (*one_node(agent, *nodes.split(",")), "-t", "20")
    with listening_agent(*options, agent=agent, host=survivor) as program:
        yield program


BAD = {
    "empty": b"",
    "one byte": GOOD[:1],
    "magic only": GOOD[:4],
    "seven bytes": GOOD[:7],
    "junk": b"junkjunk",
    "zeros": bytes(8),
    "wrong magic": b"\x41" + GOOD[1:],
    "shifted": b"\x00" + GOOD,
    "version 0": GOOD[:4] + bytes(4),
    "version 2": GOOD[:4] + b"\x02\x00\x00\x00",
    "version in the other byte order": GOOD[:4] + encode("big")[4:],
    "big and wrong version": encode("big")[:4] + GOOD[4:],
    "1,440 bytes of junk": b"junkjunk" * 180,
}


def assert_does_not_count(survivor: Host, wire: Wire, bad: Packet, good: Packet) -> None:
    with agent_in(survivor) as agent:
        wire.send(bad, survivor.mac())
        wire.send(good, survivor.mac())
        result = agent.result()
    assert result.status == 0, result
    assert f"valid message from {good.src}:" in result.stdout


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD)
@pytest.mark.parametrize(("make", "good"), [(ipv4, "10.0.0.3"), (ipv6, "fd00::3")])
def test_a_bad_payload_does_not_count(
    survivor: Host, wire: Wire, inlet: str, payload: bytes, make: type, good: str
) -> None:
    assert_does_not_count(survivor, wire, make(payload), make(GOOD, source=good))


@pytest.mark.parametrize(
    "payload", [b"junkjunk" * 8000, GOOD[:4] + bytes(63996)], ids=["junk", "wrong version"]
)
@pytest.mark.parametrize("family", [4, 6])
def test_64_kb_do_not_count(
    survivor: Host, wire: Wire, inlet: str, payload: bytes, family: int
) -> None:
    if family == 4:
        pieces, good = fragment(ipv4(payload), fragsize=1400), ipv4(GOOD, source="10.0.0.3")
    else:
        header = IPv6(src="fd00::2", dst="fd00::1") / IPv6ExtHdrFragment(id=7)
        pieces = fragment6(header / UDP(sport=40000, dport=PORT) / Raw(payload), 1400)
        good = ipv6(GOOD, source="fd00::3")
    with agent_in(survivor) as agent:
        for piece in pieces:
            wire.send(piece, survivor.mac())
        wire.send(good, survivor.mac())
        result = agent.result()
    assert result.status == 0, result
    assert f"valid message from {good.src}:" in result.stdout


WRONG_PACKETS = {
    "spoofed source": ipv4(GOOD, source="10.0.0.99"),
    "source on another network": ipv4(GOOD, source="192.0.2.2"),
    "the survivor's own address": ipv4(GOOD, source="10.0.0.1"),
    "another port": ipv4(GOOD, dport=7411),
    "from our port to another": ipv4(GOOD, dport=9, sport=PORT),
    "wrong checksum": ipv4(GOOD, chksum=0x1234),
    "checksum off by one": ipv4(GOOD, chksum=1),
    "UDP length beyond the packet": ipv4(GOOD, len=100),
    "UDP length beyond the packet, no checksum": ipv4(GOOD, len=100, chksum=0),
    "UDP length below the message": ipv4(GOOD, len=12, chksum=0),
    "UDP length below the header": ipv4(GOOD, len=4, chksum=0),
    "in an ICMP message": IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / ipv4(GOOD),
    "first fragment only": fragment(ipv4(GOOD + bytes(64)), fragsize=32)[0],
    "last fragment only": fragment(ipv4(GOOD + bytes(64)), fragsize=32)[-1],
}
WRONG_PACKETS_6 = {
    "spoofed source": ipv6(GOOD, source="fd00::99"),
    "IPv4-mapped source of an expected node": ipv6(GOOD, source="::ffff:10.0.0.2"),
    "another port": ipv6(GOOD, dport=7411),
    "wrong checksum": ipv6(GOOD, chksum=0x1234),
    "no checksum": ipv6(GOOD, chksum=0),
    "UDP length beyond the packet": ipv6(GOOD, len=100),
    "first fragment only": fragment6(
        IPv6(src="fd00::2", dst="fd00::1")
        / IPv6ExtHdrFragment(id=7)
        / UDP(sport=40000, dport=PORT)
        / Raw(GOOD + bytes(1400)),
        1280,
    )[0],
}


@pytest.mark.parametrize("packet", WRONG_PACKETS.values(), ids=WRONG_PACKETS)
def test_a_wrong_packet_does_not_count(
    survivor: Host, wire: Wire, inlet: str, packet: Packet
) -> None:
    assert_does_not_count(survivor, wire, packet, ipv4(GOOD, source="10.0.0.3"))


@pytest.mark.parametrize("packet", WRONG_PACKETS_6.values(), ids=WRONG_PACKETS_6)
def test_a_wrong_ipv6_packet_does_not_count(
    survivor: Host, wire: Wire, inlet: str, packet: Packet
) -> None:
    assert_does_not_count(survivor, wire, packet, ipv6(GOOD, source="fd00::3"))


RIGHT_PACKETS = {
    "little-endian": ipv4(encode("little")),
    "big-endian": ipv4(encode("big")),
    "with an extension": ipv4(encode("little", b"FKX1" + bytes(120))),
    "large": ipv4(encode("little", bytes(1400))),
    "no checksum": ipv4(GOOD, chksum=0),
    "IP options": IP(src="10.0.0.2", dst="10.0.0.1", options=[b"\x01"] * 8)
    / UDP(sport=40000, dport=PORT)
    / Raw(GOOD),
    "from port 7410": ipv4(GOOD, sport=PORT),
    "to the broadcast address": IP(src="10.0.0.2", dst="10.0.0.255")
    / UDP(sport=40000, dport=PORT)
    / Raw(GOOD),
    "IPv6": ipv6(encode("little")),
    "IPv6 big-endian": ipv6(encode("big")),
    "IPv6 large": ipv6(encode("little", bytes(1400))),
}


@pytest.mark.parametrize("packet", RIGHT_PACKETS.values(), ids=RIGHT_PACKETS)
def test_a_right_packet_counts(survivor: Host, wire: Wire, inlet: str, packet: Packet) -> None:
    with agent_in(survivor) as agent:
        wire.send(packet, survivor.mac())
        result = agent.result()
    assert result.status == 0, result


@pytest.mark.parametrize("inlet", ["raw"], indirect=True)
@pytest.mark.parametrize("make", [ipv4, ipv6])
def test_a_checksum_left_to_hardware_counts(
    survivor: Host, wire: Wire, inlet: str, make: type
) -> None:
    with agent_in(survivor) as agent:
        wire.send(pseudo_header_sum(make(GOOD)), survivor.mac())
        result = agent.result()
    assert result.status == 0, result


def test_duplicates_do_no_harm(survivor: Host, wire: Wire, inlet: str) -> None:
    with agent_in(survivor) as agent:
        for _ in range(100):
            wire.send(ipv4(GOOD), survivor.mac())
        result = agent.result()
    assert result.status == 0, result
    assert result.stdout.count("valid message") == 1


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 0, 1, 2]])
def test_fragments_are_put_together(
    survivor: Host, wire: Wire, inlet: str, order: list[int]
) -> None:
    pieces = fragment(ipv4(encode("little", bytes(72))), fragsize=32)
    with agent_in(survivor) as agent:
        for number in order:
            wire.send(pieces[number], survivor.mac())
        result = agent.result()
    assert result.status == 0, result

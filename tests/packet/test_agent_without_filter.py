"""The agent's own checks, where the filter lets everything through: they alone decide.

The agent runs in this process, where its filter can be replaced.
"""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from fence_kdump import bpf
from fence_kdump.expect import Question
from fence_kdump.inlet import CannotListen, open_inlet
from fence_kdump.options import read
from fence_kdump.outcome import Heard
from fence_kdump.tell import Tell
from fence_kdump.wait import wait
from fence_kdump_cluster.addresses import show
from fence_kdump_protocol import encode
from lab.hosts import Host
from lab.packets import IP, UDP, IPv6, Packet, Raw, Wire
from lab.programs import listening_agent

GOOD = encode()


def ipv4(source: str, port: int = 7410, payload: bytes = GOOD) -> Packet:
    return IP(src=source, dst="10.0.0.1") / UDP(sport=40000, dport=port) / Raw(payload)


def ipv6(source: str, port: int = 7410, payload: bytes = GOOD) -> Packet:
    return IPv6(src=source, dst="fd00::1") / UDP(sport=40000, dport=port) / Raw(payload)


BAD = {
    "stranger": ipv4("10.0.0.99"),
    "another port": ipv4("10.0.0.2", port=7411),
    "junk": ipv4("10.0.0.2", payload=b"junkjunk"),
    "short": ipv4("10.0.0.2", payload=GOOD[:7]),
    "empty": ipv4("10.0.0.2", payload=b""),
    "IPv6 stranger": ipv6("fd00::99"),
    "IPv6 another port": ipv6("fd00::2", port=7411),
    "IPv4-mapped on the wire": ipv6("::ffff:10.0.0.2"),
}


@pytest.mark.parametrize("packet", BAD.values(), ids=BAD)
def test_without_any_filter(
    survivor: Host,
    wire: Wire,
    inlet: str,
    packet: Packet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def everything(*_: object, **__: object) -> list[tuple[int, int, int, int]]:
        return [(0x06, 0, 0, 0xFFFFFFFF)]

    monkeypatch.setattr("fence_kdump.bpf.program", everything)
    mac = survivor.mac()

    class Sending(Tell):
        def listening(self, _: object) -> None:
            wire.send(packet, mac)
            wire.send(ipv4("10.0.0.3") if packet.version == 4 else ipv6("fd00::3"), mac)

    question = Question((), ("10.0.0.2", "10.0.0.3", "fd00::2", "fd00::3"), ())
    with survivor.entered():
        result = wait(lambda: question, read({}), time.monotonic() + 20, Sending())
    assert isinstance(result, Heard), result
    assert show(result.source) in ("10.0.0.3", "fd00::3")
    assert result.inlet == inlet


@pytest.mark.parametrize(
    ("make", "prefix", "packet"),
    [
        (ipv4, "10.5.{}.{}", BAD["stranger"]),
        (ipv6, "fd05::{}:{}", BAD["IPv6 stranger"]),
        (ipv6, "fd05::{}:{}", BAD["IPv4-mapped on the wire"]),
    ],
)
def test_more_addresses_than_a_filter_takes(
    survivor: Host, wire: Wire, inlet: str, make: type, prefix: str, packet: Packet
) -> None:
    """The filter then knows no sources; the agent does."""
    many = ",".join(prefix.format(high, low) for high in range(10) for low in range(1, 251))
    good = "10.0.0.3" if make is ipv4 else "fd00::3"
    nodes = f"{many},10.0.0.2,{good}"
    with listening_agent("--plug", nodes, "-t", "20", host=survivor) as agent:
        wire.send(packet, survivor.mac())
        wire.send(make(good), survivor.mac())
        result = agent.result()
    assert result.status == 0, result.stderr
    assert f"valid message from {good}:" in result.stdout


@pytest.mark.parametrize("most", [0, 30])
def test_a_kernel_that_takes_no_long_filter(
    survivor: Host, inlet: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for a small net.core.optmem_max, which is the whole machine's. Without any filter
    nothing tells what this host sent to itself."""
    attach = bpf.attach

    def attach_short(sock: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
        if len(program) > most:
            raise OSError(12, "Cannot allocate memory")
        attach(sock, program)

    monkeypatch.setattr(bpf, "attach", attach_short)
    with survivor.entered():
        if most:
            with contextlib.closing(open_inlet(socket.AF_INET, 7410)) as opened:
                opened.filter([bytes([10, 0, 0, n]) for n in range(99)])
        else:
            with pytest.raises(CannotListen, match=r"raise net\.core\.optmem_max"):
                open_inlet(socket.AF_INET, 7410)

"""What the survivor sends to itself says nothing of another node, whatever source it has.

Any user may send from any IPv6 address; from another IPv4 address only root may. A socket on a port
beside the agent's shows each time that such a datagram does arrive.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from fence_kdump_protocol import encode
from lab.hosts import Host
from lab.packets import IP, UDP, IPv6, Packet, Raw, Wire
from lab.programs import listening_agent

GOOD = encode()
PORT = 7410
FREEBIND, TRANSPARENT = 78, 19  # IPV6_FREEBIND (linux/in6.h), IP_TRANSPARENT (linux/in.h)

FORGED = [
    ("fd00::2", "::1"),
    ("fd00::2", "fd00::1"),
    ("fd00::2", "ff02::1%eth0"),
    ("10.0.0.2", "127.0.0.1"),
    ("10.0.0.2", "10.0.0.1"),
    ("10.0.0.2", "10.0.0.255"),
]


TRUE: dict[bool, Packet] = {
    True: IPv6(src="fd00::3", dst="fd00::1"),
    False: IP(src="10.0.0.3", dst="10.0.0.1"),
}


@contextlib.contextmanager
def witness(family: int) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as beside:
        beside.settimeout(10)
        beside.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", PORT + 1))
        yield beside


def send_from(survivor: Host, source: str, destination: str) -> None:
    """Send a message to the agent on the same host, and see one arrive beside it."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with survivor.entered(), witness(family) as beside:
        with socket.socket(family, socket.SOCK_DGRAM) as liar:
            if family == socket.AF_INET6:
                liar.setsockopt(socket.IPPROTO_IPV6, FREEBIND, 1)
            else:
                liar.setsockopt(socket.IPPROTO_IP, TRANSPARENT, 1)
                liar.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            liar.bind((source, 0))
            for port in (PORT, PORT + 1):
                where = socket.getaddrinfo(destination, port, family, socket.SOCK_DGRAM)[0][4]
                liar.sendto(GOOD, where)
        data, came_from = beside.recvfrom(64)
        assert (data, came_from[0]) == (GOOD, source)


@pytest.mark.parametrize(("source", "destination"), FORGED)
def test_it_does_not_count(
    survivor: Host, wire: Wire, inlet: str, source: str, destination: str
) -> None:
    nodes = "10.0.0.2,10.0.0.3,fd00::2,fd00::3"
    with listening_agent("--plug", nodes, "-t", "20", host=survivor) as agent:
        send_from(survivor, source, destination)
        wire.send(TRUE[":" in source] / UDP(sport=40000, dport=PORT) / Raw(GOOD), survivor.mac())
        result = agent.result()
    assert result.status == 0, result
    assert f"valid message from {TRUE[':' in source].src}:" in result.stdout


@pytest.mark.parametrize(("source", "destination"), FORGED)
def test_it_is_not_told_of(survivor: Host, peer: Host, source: str, destination: str) -> None:
    """Else the line would advise to expect that address."""
    with listening_agent("--plug", "10.0.0.9,fd00::9", "-t", "1", host=survivor) as agent:
        send_from(survivor, source, destination)
        result = agent.result()
    assert result.status == 1
    assert "valid message" not in result.stdout + result.stderr


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_loopback_address_that_is_named_counts(survivor: Host, inlet: str, source: str) -> None:
    """So the agent can be tried on one host."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with (
        listening_agent("-n", source, "-t", "20", host=survivor) as agent,
        survivor.entered(),
        socket.socket(family, socket.SOCK_DGRAM) as sender,
    ):
        sender.bind((source, 0))
        sender.sendto(GOOD, ("::1" if ":" in source else "127.0.0.1", PORT))
        assert agent.result().status == 0

"""What can be sent in a live node's name, and the rule of docs/security.md that keeps it in.

The rule is read from there. The guest is behind the masquerade of node2, which is alive.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest

from fence_kdump_protocol import encode
from fence_kdump_protocol.dialogue import encode_challenge
from lab.documents import block
from lab.hosts import Host, address, join
from lab.programs import listening_agent

PORT = 7410
MASQUERADE = """
table inet nat {
    chain postrouting {
        type nat hook postrouting priority 100;
        oifname "eth0" masquerade
    }
}
"""
MESSAGES = {
    "little-endian": encode("little"),
    "big-endian": encode("big"),
    "with more behind it": encode("little", bytes(100)),
}


def rule() -> str:
    return block("docs/security.md", "table inet fence_kdump ")


def nft(host: Host, text: str) -> None:
    subprocess.run(host.command("nft", "-f", "-"), input=text, text=True, check=True)


def send(host: Host, payload: bytes, port: int = PORT) -> None:
    with host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(payload, ("10.0.0.1", port))
        except PermissionError:  # the rule's answer to a program of the node itself
            return


@pytest.fixture
def guest(survivor: Host, peer: Host) -> Iterator[Host]:
    """Behind the peer, which is node2."""
    guest = Host("guest")
    join(guest, peer, "eth1")
    address(guest, "192.168.9.9/24", device="eth1")
    address(peer, "192.168.9.1/24", device="eth1")
    guest.ip("route add default via 192.168.9.1")
    peer.sysctl("net.ipv4.ip_forward", "1")
    nft(peer, MASQUERADE)
    yield guest
    guest.close()


@pytest.mark.parametrize("speaker", ["guest", "node"])
def test_whoever_speaks_from_a_live_node_s_address_is_that_node(
    survivor: Host, peer: Host, guest: Host, speaker: str
) -> None:
    """Version 1 cannot tell."""
    with listening_agent("-n", "10.0.0.2", "-t", "20", host=survivor) as agent:
        send(guest if speaker == "guest" else peer, encode())
        assert agent.result().status == 0


@pytest.mark.parametrize("speaker", ["guest", "node"])
@pytest.mark.parametrize("payload", MESSAGES.values(), ids=MESSAGES)
def test_the_rule_keeps_messages_in(
    survivor: Host, peer: Host, guest: Host, speaker: str, payload: bytes
) -> None:
    nft(peer, rule())
    with survivor.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as witness:
        witness.bind(("10.0.0.1", PORT))
        witness.settimeout(10)
        source = guest if speaker == "guest" else peer
        send(source, payload)
        send(source, b"the last")
        assert witness.recv(4096) == b"the last"


@pytest.mark.parametrize(
    ("payload", "port"),
    [(encode_challenge(bytes(16)), PORT), (b"probe 12", PORT), (encode(), PORT + 1), (b"", PORT)],
    ids=["a challenge", "a probe", "another port", "nothing"],
)
def test_the_rule_lets_all_else_pass(survivor: Host, peer: Host, payload: bytes, port: int) -> None:
    nft(peer, rule())
    with survivor.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as witness:
        witness.bind(("10.0.0.1", port))
        witness.settimeout(10)
        send(peer, payload, port)
        assert witness.recv(4096) == payload

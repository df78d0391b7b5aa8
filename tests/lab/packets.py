"""Packets made by scapy, put on a host's wire as they are."""

from __future__ import annotations

import logging
import socket
import warnings
from collections.abc import Iterator

from lab.hosts import Host

logging.getLogger("scapy").setLevel(logging.CRITICAL)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.inet import ICMP, IP, UDP, fragment
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
    from scapy.layers.l2 import Ether
    from scapy.packet import Packet, Raw

__all__ = ["ICMP", "IP", "UDP", "Ether", "IPv6", "IPv6ExtHdrFragment", "Packet", "Raw"]
__all__ += ["Wire", "fragment", "fragment6"]


class Wire:
    """One end of a cable, below IP."""

    def __init__(self, host: Host, device: str = "eth0") -> None:
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._socket.bind((device, 0))
        self._source = host.mac(device)

    def send(self, packet: Packet, to: str) -> None:
        """Put an IP packet on the wire, to a hardware address."""
        self._socket.send(bytes(Ether(src=self._source, dst=to) / packet))

    def close(self) -> None:
        self._socket.close()


class Tap:
    """Hears the UDP datagrams that reach a host, without taking them."""

    def __init__(self, host: Host, port: int = 7410, device: str = "eth0") -> None:
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._socket.bind((device, 3))
        self._socket.settimeout(30)
        self._port = port

    def __iter__(self) -> Iterator[Packet]:
        """Each datagram as it comes; endless."""
        while True:
            data, where = self._socket.recvfrom(65536)
            packet = Ether(data)
            if where[2] != socket.PACKET_OUTGOING and UDP in packet:  # type: ignore[attr-defined]
                if packet[UDP].dport == self._port:
                    yield packet

    def close(self) -> None:
        self._socket.close()

"""Packets made by scapy, put on a host's wire as they are."""

from __future__ import annotations

import logging
import socket
import time
import warnings
from collections.abc import Callable, Iterator

from lab.hosts import Host

logging.getLogger("scapy").setLevel(logging.CRITICAL)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers import inet, inet6
    from scapy.layers.dns import DNS, DNSRR
    from scapy.layers.inet import ICMP, IP, UDP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
    from scapy.layers.l2 import Ether
    from scapy.packet import Packet, Raw

__all__ = [
    "DNS",
    "DNSRR",
    "ICMP",
    "IP",
    "UDP",
    "Ether",
    "IPv6",
    "IPv6ExtHdrFragment",
    "Packet",
    "Raw",
]
__all__ += ["Wire", "fragment", "fragment6"]


fragment: Callable[..., list[Packet]] = inet.fragment
fragment6: Callable[..., list[Packet]] = inet6.fragment6


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
        """Give the socket back."""
        self._socket.close()

    __del__ = close


class Tap:
    """Hears the UDP datagrams that reach a host, without taking them.

    port -- UDP port that they are sent to, 0: any
    """

    def __init__(self, host: Host, port: int = 7410, device: str = "eth0") -> None:
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            # room for the ARP requests of many dead neighbours (SO_RCVBUFFORCE)
            self._socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
            # and none for what the host sends: SOL_PACKET, PACKET_IGNORE_OUTGOING
            self._socket.setsockopt(263, 23, 1)
            self._socket.bind((device, 3))
        self._socket.settimeout(30)
        self._port = port

    def __iter__(self) -> Iterator[Packet]:
        """Each datagram as it comes, until too long after the first step."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            packet = Ether(self._socket.recv(65536))
            if UDP in packet and self._port in (0, packet[UDP].dport):
                yield packet
        raise TimeoutError("waited in vain for a message")

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    __del__ = close

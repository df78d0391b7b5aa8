"""A man in the middle: what a host says to one address, another host hears, and the other way."""

from __future__ import annotations

import os
import select
import socket
import threading

from lab.hosts import Host, address, join
from lab.packets import IP, UDP, Ether, Packet

__all__ = ["Middle"]


class Middle:
    """Sits between a survivor, 10.0.0.1, who asks 10.0.0.2, and a node that is 10.0.0.3.

    survivor -- a host without devices
    node -- the same; what it says to 10.0.0.1 seems to come from 10.0.0.2
    """

    def __init__(self, survivor: Host, node: Host) -> None:
        self.host = Host("middle")
        join(survivor, self.host, "eth0")
        join(self.host, node, "eth1")
        address(survivor, "10.0.0.1/24")
        address(node, "10.0.0.3/24", device="eth1")
        survivor.ip(f"neighbour add 10.0.0.2 lladdr {self.host.mac('eth0')} dev eth0")
        node.ip(f"neighbour add 10.0.0.1 lladdr {self.host.mac('eth1')} dev eth1")
        self._sides = [_wire(self.host, "eth0"), _wire(self.host, "eth1")]
        self._macs = survivor.mac("eth0"), node.mac("eth1")
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._relay)

    def __enter__(self) -> Middle:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._stopped)
        self._thread.join()
        for wire in self._sides:
            wire.close()
        os.close(self._stop)
        self.host.close()

    def _relay(self) -> None:
        to_survivor, to_node = self._sides
        while True:
            ready, _, _ = select.select([*self._sides, self._stop], [], [])
            if self._stop in ready:
                return
            for wire in (wire for wire in self._sides if wire in ready):
                packet = Ether(wire.recv(65536))
                if UDP in packet and wire is to_survivor and packet[IP].dst == "10.0.0.2":
                    to_node.send(_rewritten(packet, "10.0.0.1", "10.0.0.3", self._macs[1]))
                elif UDP in packet and wire is to_node and packet[IP].src == "10.0.0.3":
                    to_survivor.send(_rewritten(packet, "10.0.0.2", "10.0.0.1", self._macs[0]))


def _rewritten(packet: Packet, source: str, destination: str, mac: str) -> bytes:
    old = packet[UDP]
    new = IP(src=source, dst=destination) / UDP(sport=old.sport, dport=old.dport) / old.payload
    return bytes(Ether(dst=mac) / new)


def _wire(host: Host, device: str) -> socket.socket:
    with host.entered():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        wire.bind((device, 3))
    wire.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
    return wire

"""An ear that no socket option, filter or bound port can deceive: AF_PACKET on some interfaces.

Runs as a program of its own inside a network, with what the interfaces' names begin with as its
argument, and writes a line per datagram to port 7410: seconds (CLOCK_MONOTONIC, the same for the
whole machine), source and port, interface, payload.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .network import Segments
    from .timeline import Timeline

__all__ = ["Datagram", "Witness", "parse"]

_PORT = 7410
_ETH_P_ALL = 3
_ETH_P_IP = 0x0800
_ETH_P_IPV6 = 0x86DD


class Datagram(NamedTuple):
    """A UDP datagram to port 7410 that was on the wire.

    time -- seconds of the monotonic clock
    """

    time: float
    source: str
    source_port: int
    interface: str
    payload: bytes


def parse(frame: bytes) -> tuple[str, int, bytes] | None:
    """Source address, source port and payload of a frame, if it is UDP to port 7410."""
    kind = int.from_bytes(frame[12:14], "big")
    packet = frame[14:]
    if kind == _ETH_P_IP and len(packet) >= 28 and packet[9] == socket.IPPROTO_UDP:
        source, udp = packet[12:16], packet[(packet[0] & 15) * 4 :]
    elif kind == _ETH_P_IPV6 and len(packet) >= 48 and packet[6] == socket.IPPROTO_UDP:
        source, udp = packet[8:24], packet[40:]
    else:
        return None
    source_port, port, length = struct.unpack_from("!HHH", udp)
    if port != _PORT:
        return None
    return str(ipaddress.ip_address(source)), source_port, udp[8:length]


def _listen(interfaces: str) -> None:
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        frame, (interface, *_) = ear.recvfrom(65536)
        now = time.monotonic()
        found = parse(frame) if interface.startswith(interfaces) else None
        if found:
            source, port, payload = found
            sys.stdout.write(f"{now} {source} {port} {interface} {payload.hex()}\n")
            sys.stdout.flush()


class Witness:
    """All datagrams to port 7410 while the context lasts, in order.

    interfaces -- what the names of those begin with that it listens on: the survivor's own, or,
                  where there is more than one survivor, the machine's taps
    """

    def __init__(self, network: Segments, timeline: Timeline, interfaces: str = "lan") -> None:
        self.datagrams: list[Datagram] = []
        self._timeline = timeline
        self._argv = network.command(sys.executable, "-I", os.path.abspath(__file__), interfaces)

    def __enter__(self) -> Witness:
        self._program = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        assert self._program.stdout is not None
        assert self._program.stdout.readline() == "ready\n"
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        self._program.wait()
        self._reader.join()
        assert self._program.stdout is not None
        self._program.stdout.close()

    def _read(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            moment, source, port, interface, *payload = line.split()
            content = bytes.fromhex("".join(payload))
            self.datagrams.append(Datagram(float(moment), source, int(port), interface, content))
            self._timeline.reach("first_message", float(moment))


if __name__ == "__main__":
    _listen(sys.argv[1])

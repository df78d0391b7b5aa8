"""A node in its crash kernel, played by a test: it takes challenges, and says what it likes."""

from __future__ import annotations

import os
import socket
from types import TracebackType

from fence_kdump_protocol.dialogue import decode_challenge
from lab.hosts import Host

__all__ = ["COROSYNC", "MASTER", "Challenge", "Node", "write_key"]

MASTER = b"a key of the cluster, of any bytes: \0\xff\n"
COROSYNC = """\
nodelist {
  node {
    name: node1
    nodeid: 1
    ring0_addr: 10.0.0.1
    ring1_addr: fd00::1
  }
  node {
    name: node2
    nodeid: 2
    ring0_addr: 10.0.0.2
    ring1_addr: fd00::2
  }
  node {
    name: node3
    nodeid: 3
    ring0_addr: 10.0.0.3
    ring1_addr: fd00::3
  }
}
"""


def write_key(path: str, key: bytes = MASTER, mode: int = 0o600) -> str:
    """Write a key file; its path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(key)
    os.chmod(path, mode)
    return path


class Challenge:
    """A challenge as it came.

    nonce -- its 16 bytes
    data -- all of it
    peer -- where it came from, as recvfrom has it
    """

    def __init__(self, data: bytes, peer: tuple[str, int]) -> None:
        self.nonce = decode_challenge(data)
        self.data = data
        self.peer = peer[:2]


class Node:
    """A socket where challenges are sent to.

    host -- that has the address
    address -- which the node is challenged at
    """

    def __init__(self, host: Host, address: str = "10.0.0.2", port: int = 7410) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with host.entered():
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(30)

    def __enter__(self) -> Node:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._socket.close()

    def challenge(self) -> Challenge:
        """Wait for the next challenge."""
        return Challenge(*self._socket.recvfrom(1024))

    def send(self, data: bytes, peer: tuple[str, int]) -> None:
        """Send anything anywhere."""
        self._socket.sendto(data, peer)

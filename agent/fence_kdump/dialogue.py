"""The sockets of one agent for its dialogue with the node. No other agent gets its answers.

They are separate from the sockets for messages. A stateful firewall lets the answers in, because
they come from the address to which a challenge was sent.
"""

from __future__ import annotations

import socket

from fence_kdump import bpf
from fence_kdump.proof import Addressee

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Dialogue"]

_LONGEST = 400  # bytes: more than any response
_IP_PKTINFO = 8  # linux/in.h; Python has a name for IPv6's alone
_PACKET_INFO = {
    socket.AF_INET: (socket.IPPROTO_IP, _IP_PKTINFO),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO),
}


class Dialogue:
    """A socket for each address family that this host has."""

    def __init__(self, families: Collection[int], challenge: bytes) -> None:
        """Open them.

        families -- AF_INET, AF_INET6
        challenge -- what will be sent; only answers to it are let in

        Raises OSError if there is none at all.
        """
        self._challenge = challenge
        self._sockets: dict[int, socket.socket] = {}
        trouble: OSError | None = None
        for family in families:
            try:
                self._sockets[family] = _open(family, challenge)
            except OSError as error:  # this host may have only one of the two
                trouble = error
        if trouble and not self._sockets:
            raise trouble

    def filenos(self) -> list[int]:
        """For poll(2)."""
        return [sock.fileno() for sock in self._sockets.values()]

    def send(self, to: Addressee) -> bool:
        """Send the challenge. Returns whether the system accepted it."""
        family = socket.AF_INET if len(to.address) == 4 else socket.AF_INET6
        if family not in self._sockets:
            return False
        peer = socket.inet_ntop(family, to.address), to.port
        info = []
        if to.own:  # struct in_pktinfo and in6_pktinfo: with interface 0 the route decides
            own = bytes(4) + to.own + bytes(4) if family == socket.AF_INET else to.own + bytes(4)
            info = [(*_PACKET_INFO[family], own)]
        try:
            self._sockets[family].sendmsg([self._challenge], info, 0, peer)
        except OSError:  # no route yet, or a broadcast address
            return False
        return True

    def receive(self) -> tuple[bytes, bytes] | None:
        """The next answer, and the packed address that it came from; None if none is waiting."""
        for family, sock in self._sockets.items():
            try:
                data, peer = sock.recvfrom(_LONGEST)
            except OSError:
                continue
            return data, socket.inet_pton(family, peer[0].partition("%")[0])
        return None

    def close(self) -> None:
        """Give the sockets back."""
        for sock in self._sockets.values():
            sock.close()


def _open(family: int, challenge: bytes) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
    sock.setblocking(False)
    try:  # before the socket has a port
        bpf.attach(sock, bpf.responses(challenge))
    except OSError:
        sock.close()
        raise
    return sock

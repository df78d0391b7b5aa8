"""Messages that reach this host but not the port, because a firewall or rp_filter drops them.

The agent only reports them. They never make it succeed: a message must arrive at the port. The
sockets are those of packet(7), which see all packets before the filters of the host. Closing one
takes 25 ms, because the kernel waits for all that may still use it. So they are opened only when
most of the time is up.
"""

from __future__ import annotations

import socket

from fence_kdump import bpf
from fence_kdump.datagram import BadDatagram, from_ipv4, from_ipv6
from fence_kdump.outcome import Missed
from fence_kdump.own import own_addresses
from fence_kdump.vrf import is_heard
from fence_kdump_cluster.addresses import family_of
from fence_kdump_protocol import DecodeError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["SECONDS", "Doorstep"]

SECONDS = 11.0  # before the time is up: a sender sends every 10 s
NETSTAT = "/proc/net/netstat"
MOST = 256  # datagrams looked at in each family

_PROTOCOLS = {socket.AF_INET: 0x0800, socket.AF_INET6: 0x86DD}  # ETH_P_IP, ETH_P_IPV6
_HOST = 0  # PACKET_HOST: to this host, as far as the link knows


class Doorstep:
    """Sockets that see messages to a port before this host's filters do."""

    def __init__(self, port: int, sources: Collection[bytes], arrived: int) -> None:
        """Open the sockets. Without root rights there are none.

        port -- UDP port
        sources -- packed addresses: messages from these are looked for
        arrived -- how many datagrams came to the port so far and did not count, for any reason
        """
        self._port = port
        self._sources = sources
        self._arrived = arrived
        self._by_path = _dropped_by_path()
        self._sockets: dict[int, socket.socket] = {}
        for family, protocol in _PROTOCOLS.items():
            try:
                kernel = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
            except OSError:
                continue
            kernel.setblocking(False)
            self._sockets[family] = kernel
        self.expect(sources)

    def expect(self, sources: Collection[bytes]) -> None:
        """Look for messages from these packed addresses from now on."""
        self._sources = sources
        for family, kernel in list(self._sockets.items()):
            of = [address for address in sources if family_of(address) == family]
            try:
                bpf.attach(kernel, bpf.doorstep(family, self._port, of))
            except OSError:  # unfiltered, it would see all that comes in
                self._sockets.pop(family).close()

    def missed(self, arrived: int) -> Missed | None:
        """What reached the host but not the port; None if there was nothing, or it may have.

        arrived -- how many datagrams came to the port by now and did not count
        """
        number, device = 0, ""
        for family in self._sockets:
            for name in self._messages(family):
                number, device = number + 1, name
        if number <= arrived - self._arrived:  # they were unproven, or the buffer was full
            return None
        return Missed(number, device, _dropped_by_path() > self._by_path)

    def close(self) -> None:
        """Give the sockets back."""
        for kernel in self._sockets.values():
            kernel.close()

    def leave(self) -> None:
        """Leave the sockets open until the process ends, because closing them takes time."""
        for kernel in self._sockets.values():
            kernel.detach()

    def _messages(self, family: int) -> list[str]:
        """The device of each message that arrived."""
        found = []
        for _ in range(MOST):
            try:
                packet, where = self._sockets[family].recvfrom(2048)
                if where[2] == _HOST and self._is_message(family, packet, where[0]):
                    found.append(str(where[0]))
            except BlockingIOError:
                break
            except (BadDatagram, DecodeError, OSError):  # not a message, or its device is gone
                continue
        return found

    def _is_message(self, family: int, packet: bytes, device: str) -> bool:
        datagram = from_ipv4(packet) if family == socket.AF_INET else from_ipv6(packet)
        decode(datagram.payload)
        destination = packet[16:20] if family == socket.AF_INET else packet[24:40]
        return (
            datagram.port == self._port
            and datagram.source in self._sources
            and destination in own_addresses([destination])
            and is_heard(self._sockets[family], socket.if_nametoindex(device))
        )


def _dropped_by_path() -> int:
    """How many packets the reverse path filter dropped since boot."""
    try:
        with open(NETSTAT, encoding="ascii") as file:
            words = [line.split() for line in file if line.startswith("TcpExt:")]
        return int(dict(zip(*words))["IPReversePathFilter"])
    except (OSError, KeyError, ValueError, TypeError):
        return 0

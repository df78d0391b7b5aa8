"""What reaches this host and not the port: a firewall drops it, or the reverse path filter.

Without this look, such messages are as good as none. It never makes a success: what is to be heard
has to come to the port. The sockets are those of packet(7), which see all that comes in before the
host's filters. To close one takes 25 ms, as the kernel waits for all who may still use it: they are
opened only when most of the time is up.
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
        """Open what can be opened: only root may.

        port -- UDP port
        sources -- packed addresses: whose messages are looked for
        arrived -- how many datagrams have come to the port so far and do not count, for whatever
            reason
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
        """What came in and did not come to the port; None if nothing did, or it may have come.

        arrived -- how many datagrams have come to the port by now, and do not count
        """
        number, device = 0, ""
        for family in self._sockets:
            for name in self._messages(family):
                number, device = number + 1, name
        if number <= arrived - self._arrived:  # unproven, or there was no room for them
            return None
        return Missed(number, device, _dropped_by_path() > self._by_path)

    def close(self) -> None:
        """Give the sockets back."""
        for kernel in self._sockets.values():
            kernel.close()

    def leave(self) -> None:
        """Leave it to the end of the process to close the sockets: there is no time for it now."""
        for kernel in self._sockets.values():
            kernel.detach()

    def _messages(self, family: int) -> list[str]:
        """The devices by which the messages came in, each as often as one did."""
        found = []
        for _ in range(MOST):
            try:
                packet, where = self._sockets[family].recvfrom(2048)
                if where[2] == _HOST and self._is_message(family, packet, where[0]):
                    found.append(str(where[0]))
            except BlockingIOError:
                break
            except (BadDatagram, DecodeError, OSError):  # no message, or its device is gone
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

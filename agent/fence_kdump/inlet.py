"""Sockets that deliver UDP datagrams: bound to the port, or raw if another program has the port.

A raw socket gets its own copy of every datagram (raw(7)). So any number of agents can listen at the
same time, and beside any program that has the port. It needs CAP_NET_RAW.
"""

from __future__ import annotations

import errno
import socket
import sys
from array import array

from fence_kdump import bpf, vrf
from fence_kdump.datagram import BadDatagram, Datagram, from_ipv4, from_udp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FAMILIES", "CannotListen", "Inlet", "NoSuchFamily", "open_inlet", "open_lookout"]

FAMILIES = {
    "auto": (socket.AF_INET, socket.AF_INET6),
    "ipv4": (socket.AF_INET,),
    "ipv6": (socket.AF_INET6,),
}

# asm-generic/socket.h; Python has no names for these
_SO_MEMINFO = 55
_SK_MEMINFO_DROPS = 8  # its index in what SO_MEMINFO returns (linux/sock_diag.h)

_IP_PKTINFO = 8  # linux/in.h; Python has a name for IPv6's alone
_ADDRESS_LENGTH = 16  # struct in6_pktinfo: the destination address, then the interface's index
_INDEX_LENGTH = 4  # struct in_pktinfo: the interface's index, the local address, the destination


class CannotListen(OSError):
    """A socket could not be opened; the text says which and what to do."""


class NoSuchFamily(CannotListen):
    """This host does not have the address family. Many hosts have only one of the two."""


class Inlet:
    """One socket.

    family -- AF_INET or AF_INET6
    raw -- whether it is a raw one
    """

    def __init__(self, family: int, raw: bool, port: int) -> None:
        """Raises OSError."""
        self.family = family
        self.raw = raw
        self._port = port
        kind = socket.SOCK_RAW if raw else socket.SOCK_DGRAM
        self._socket = socket.socket(family, kind, socket.IPPROTO_UDP)
        self._socket.setblocking(False)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        else:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        if family == socket.AF_INET6 and not raw:  # IPv4 has a socket of its own
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)

    def filter(self, sources: Sequence[bytes], wanted: bool = True) -> None:
        """Make the kernel let through only what may count; see `bpf.program`.

        If the kernel does not accept a filter of this length, one without the sources is used. What
        arrives is checked again in any case. Raises CannotListen if the kernel accepts no filter.
        """
        try:
            self._attach(sources, wanted)
        except OSError:
            try:
                self._attach((), wanted=False)
            except OSError as error:
                text = f"cannot set the packet filter for {_name(self.family)}: {error.strerror}"
                raise CannotListen(f"{text}: raise net.core.optmem_max") from error

    def _attach(self, sources: Sequence[bytes], wanted: bool) -> None:
        bpf.attach(self._socket, bpf.program(self.family, self.raw, self._port, sources, wanted))

    def drain(self) -> None:
        """Discard what came before the filter was attached, because it was not filtered."""
        while True:
            try:
                self._socket.recv(1)
            except BlockingIOError:
                return

    def bind(self) -> None:
        """Take the port, on every address. Raises OSError."""
        self._socket.bind(("::" if self.family == socket.AF_INET6 else "0.0.0.0", self._port))  # noqa: S104

    def fileno(self) -> int:
        """For poll(2)."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def receive(self) -> Datagram | None:
        """The next datagram; None if none is waiting.

        Raises BadDatagram for what the kernel would not have delivered to a UDP socket.
        """
        try:
            data, ancillary, _, peer = self._socket.recvmsg(65536, 64)
        except BlockingIOError:
            return None
        info = ancillary[0][2] if ancillary else b""
        if not self.raw:
            source = socket.inet_pton(self.family, peer[0].partition("%")[0])
            own = info[_INDEX_LENGTH:8] if self.family == socket.AF_INET else info[:_ADDRESS_LENGTH]
            return Datagram(source, self._port, data, peer[1], own)
        if self.family == socket.AF_INET:
            datagram, index = from_ipv4(data), info[:_INDEX_LENGTH]
        else:
            source = socket.inet_pton(self.family, peer[0].partition("%")[0])
            datagram = from_udp(data, source, info[:_ADDRESS_LENGTH])
            index = info[_ADDRESS_LENGTH:]
        if not vrf.is_heard(self._socket, int.from_bytes(index, sys.byteorder)):
            raise BadDatagram("arrived through a VRF, and net.ipv4.udp_l3mdev_accept is not set")
        return datagram

    def dropped(self) -> int:
        """How many datagrams to the port the filter rejected, or a full buffer lost.

        0 for a raw socket, because its filter sees all UDP of this host.
        """
        if self.raw:
            return 0
        numbers = array("I", self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 64))
        return numbers[_SK_MEMINFO_DROPS]


def open_inlet(family: int, port: int) -> Inlet:
    """A socket that delivers messages to the port from anywhere: bound, or raw if necessary.

    Raises CannotListen.
    """
    bound = _open(family, False, port)
    try:
        bound.bind()
        return bound
    except OSError as error:
        bound.close()
        if error.errno != errno.EADDRINUSE:
            text = f"cannot listen on UDP port {port} ({_name(family)}): {error.strerror}"
            raise CannotListen(text) from error
    in_use = f"UDP port {port} ({_name(family)}) is in use"
    return _open(
        family,
        True,
        port,
        unless_root=f"{in_use}: to share it, run the agent as root (CAP_NET_RAW)",
    )


def open_lookout(family: int, port: int, expected: Sequence[bytes]) -> Inlet:
    """A raw socket that delivers messages from all addresses except `expected`.

    Raises CannotListen.
    """
    unless_root = "to see messages from other addresses, run the agent as root (CAP_NET_RAW)"
    return _open(family, True, port, expected, unless_root)


def _open(
    family: int, raw: bool, port: int, unwanted: Sequence[bytes] = (), unless_root: str = ""
) -> Inlet:
    try:
        inlet = Inlet(family, raw, port)
    except OSError as error:
        if unless_root and isinstance(error, PermissionError):
            raise CannotListen(unless_root) from error
        kind = NoSuchFamily if error.errno == errno.EAFNOSUPPORT else CannotListen
        raise kind(f"cannot open a socket for {_name(family)}: {error.strerror}") from error
    try:
        inlet.filter(
            unwanted, wanted=False
        )  # for a UDP socket, before the first datagram can arrive
    except CannotListen:
        inlet.close()
        raise
    if raw:
        inlet.drain()
    return inlet


def _name(family: int) -> str:
    return "IPv6" if family == socket.AF_INET6 else "IPv4"

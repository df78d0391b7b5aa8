"""What a raw or packet socket delivers. The headers are checked as the kernel does for UDP sockets.

RFC 768 (UDP), RFC 791 (IPv4), RFC 8200 section 8.1 (UDP over IPv6).
"""

from __future__ import annotations

from collections import namedtuple

__all__ = ["BadDatagram", "Datagram", "from_ipv4", "from_ipv6", "from_udp"]

_UDP = 17
_UDP_HEADER = 8
_IPV6_HEADER = 40


class BadDatagram(ValueError):
    """The kernel would not have delivered this to a UDP socket; the text says why."""


class Datagram(
    namedtuple("Datagram", "source port payload source_port destination", defaults=(0, b""))
):
    """One UDP datagram.

    source -- packed address
    port -- destination port
    payload -- bytes
    source_port -- port that it was sent from
    destination -- packed address of this host that it was sent to
    """

    __slots__ = ()

    source: bytes
    port: int
    payload: bytes
    source_port: int
    destination: bytes


def from_ipv4(packet: bytes) -> Datagram:
    """The datagram in an IPv4 packet, as a raw socket delivers it, with fragments put together.

    Raises BadDatagram.
    """
    if len(packet) < 20:
        raise BadDatagram("IP header cut short")
    header = 4 * (packet[0] & 15)
    if packet[0] >> 4 != 4 or header < 20 or packet[9] != _UDP:
        raise BadDatagram("no UDP over IPv4")
    return from_udp(packet[header:], packet[12:16], packet[16:20])


def from_ipv6(packet: bytes) -> Datagram:
    """The datagram in an IPv6 packet without extension headers.

    Raises BadDatagram.
    """
    if len(packet) < _IPV6_HEADER:
        raise BadDatagram("IP header cut short")
    if packet[0] >> 4 != 6 or packet[6] != _UDP:
        raise BadDatagram("no UDP over IPv6")
    return from_udp(packet[_IPV6_HEADER:], packet[8:24], packet[24:40])


def from_udp(segment: bytes, source: bytes, destination: bytes) -> Datagram:
    """The datagram in a UDP segment.

    segment -- UDP header and payload; what follows its stated length is left off
    source, destination -- packed addresses, for the checksum's pseudo-header

    Raises BadDatagram.
    """
    if len(segment) < _UDP_HEADER:
        raise BadDatagram("UDP header cut short")
    length = int.from_bytes(segment[4:6], "big")
    if not _UDP_HEADER <= length <= len(segment):
        raise BadDatagram(f"UDP length {length} in {len(segment)} bytes")
    segment = segment[:length]
    checksum = int.from_bytes(segment[6:8], "big")
    pseudo_header = source + destination + length.to_bytes(4, "big") + _UDP.to_bytes(4, "big")
    if checksum == 0:
        right = len(source) == 4  # "no checksum": IPv4 only
    else:
        # A sender on this machine (veth, tap, virtio) may leave the sum to hardware that never
        # sees the packet: then the field holds the sum of the pseudo-header alone.
        right = _sum(pseudo_header + segment) == 0xFFFF or checksum == _sum(pseudo_header)
    if not right:
        raise BadDatagram("wrong UDP checksum")
    source_port, port = (int.from_bytes(segment[i : i + 2], "big") for i in (0, 2))
    return Datagram(source, port, segment[_UDP_HEADER:], source_port, destination)


def _sum(data: bytes) -> int:
    """The ones' complement sum of 16-bit words (RFC 1071)."""
    # 0x10000 is 1 modulo 0xFFFF, so adding up 16-bit words is taking the remainder
    number = int.from_bytes(data + bytes(len(data) % 2), "big")
    return number % 0xFFFF or (0xFFFF if number else 0)

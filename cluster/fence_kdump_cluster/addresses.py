"""Literal addresses: as text, and packed: 4 bytes for IPv4, 16 for IPv6, in network byte order.

A text that is not a complete address is a name. So "3" and "010.0.0.5" are names, although
inet_aton(3) takes them for addresses. An IPv4-mapped address means the IPv4 address (RFC 4291
section 2.5.5.2).
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

__all__ = ["family_of", "is_link_local", "is_loopback", "is_one_host", "literal", "pack", "show"]

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96


def pack(text: str) -> bytes | None:
    """The address in a text, without its scope ("%eth0"); None if the text is a name."""
    plain = text.partition("%")[0]
    for family in (AF_INET, AF_INET6):
        try:
            packed = inet_pton(family, plain)
        except (OSError, ValueError):
            continue
        return packed[12:] if packed.startswith(_MAPPED) and len(packed) == 16 else packed
    return None


def show(packed: bytes) -> str:
    """The address as text."""
    return inet_ntop(family_of(packed), packed)


def literal(text: str) -> str | None:
    """The normal form of the address in a text, with its scope; None if the text is a name."""
    packed = pack(text)
    return None if packed is None else show(packed) + "".join(text.partition("%")[1:])


def family_of(packed: bytes) -> int:
    """AF_INET or AF_INET6."""
    return AF_INET if len(packed) == 4 else AF_INET6


def is_loopback(packed: bytes) -> bool:
    """Whether it is in 127.0.0.0/8, or ::1."""
    return packed[0] == 127 if len(packed) == 4 else packed == bytes(15) + b"\x01"


def is_link_local(packed: bytes) -> bool:
    """Whether it is in fe80::/10: other hosts may have the same address on other links."""
    return len(packed) == 16 and packed[0] == 0xFE and packed[1] & 0xC0 == 0x80


def is_one_host(packed: bytes) -> bool:
    """Whether it can be the address of one host: not unspecified, multicast or broadcast."""
    if len(packed) == 4:
        return packed[0] != 0 and packed[0] < 224  # RFC 1122 section 3.2.1.3, and class D and E
    return packed[0] != 0xFF and packed != bytes(16)

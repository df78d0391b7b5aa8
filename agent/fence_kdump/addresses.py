"""Addresses, packed: 4 bytes for IPv4, 16 for IPv6, in network byte order."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

__all__ = ["family_of", "is_loopback", "is_one_host", "pack", "show"]

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2


def pack(text: str) -> bytes | None:
    """The address a text stands for; None if it is a name.

    Only whole addresses: "3" is a name, not 0.0.0.3 as inet_aton(3) has it. An IPv4-mapped address
    becomes the IPv4 address, and a scope ("%eth0") is left off.
    """
    plain = text.partition("%")[0]
    for family in (AF_INET, AF_INET6):
        try:
            return normalise(inet_pton(family, plain))
        except (OSError, ValueError):
            continue
    return None


def normalise(packed: bytes) -> bytes:
    """The IPv4 address inside an IPv4-mapped one; any other as it is."""
    return packed[12:] if len(packed) == 16 and packed.startswith(_MAPPED) else packed


def show(packed: bytes) -> str:
    """The address as text."""
    return inet_ntop(family_of(packed), packed)


def family_of(packed: bytes) -> int:
    """AF_INET or AF_INET6."""
    return AF_INET if len(packed) == 4 else AF_INET6


def is_loopback(packed: bytes) -> bool:
    """Whether it is in 127.0.0.0/8, or ::1."""
    return packed[0] == 127 if len(packed) == 4 else packed == bytes(15) + b"\x01"


def is_one_host(packed: bytes) -> bool:
    """Whether it can be the address of one host: not unspecified, multicast or broadcast."""
    if len(packed) == 4:
        return packed[0] != 0 and packed[0] < 224  # RFC 1122 section 3.2.1.3, and class D and E
    return packed[0] != 0xFF and packed != bytes(16)

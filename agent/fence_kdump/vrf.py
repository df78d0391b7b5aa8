"""VRFs: separate networks on one host, in which an address may belong to another host.

A UDP socket that is bound to no device does not hear them, unless net.ipv4.udp_l3mdev_accept is
set, which is for IPv6 too; a raw socket hears them by default (net.ipv4.raw_l3mdev_accept). See the
kernel's Documentation/networking/vrf.rst.
"""

from __future__ import annotations

import socket
import struct

from fence_kdump import rtnetlink

__all__ = ["is_heard", "master_of"]

ACCEPT = "/proc/sys/net/ipv4/udp_l3mdev_accept"

_SO_BINDTOIFINDEX = 62  # asm-generic/socket.h; Python has no name for it

# linux/rtnetlink.h, linux/if_link.h
_NEWLINK, _GETLINK = 16, 18
_IFLA_MASTER, _IFLA_LINKINFO = 10, 18
_IFLA_INFO_KIND, _IFLA_INFO_SLAVE_KIND = 1, 4

_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_INDEX = struct.Struct("=I")


def is_heard(listener: socket.socket, index: int) -> bool:
    """Whether a UDP socket would get what arrived through an interface.

    listener -- the socket; if it is bound to a device, the kernel has checked that already
    index -- of the interface

    Returns False for an unknown interface as well, such as one that is gone.
    """
    if listener.getsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX):
        return True  # `ip vrf exec` binds it to the VRF
    try:
        with rtnetlink.connect() as kernel:
            request = _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0)
            answers = rtnetlink.ask(kernel, _GETLINK, 0, request)
    except OSError:
        return False
    return any(kind == _NEWLINK and (not master_of(body) or _accepted()) for kind, body in answers)


def master_of(link: bytes) -> int:
    """The index of the VRF that an interface is in, or is; 0 if there is none.

    link -- body of the kernel's RTM_NEWLINK message on the interface
    """
    attributes = dict(rtnetlink.attributes(link[_LINK.size :]))
    info = dict(rtnetlink.attributes(attributes.get(_IFLA_LINKINFO, b"")))
    if _text(info.get(_IFLA_INFO_KIND)) == b"vrf":
        return int(_LINK.unpack_from(link)[2])
    if _text(info.get(_IFLA_INFO_SLAVE_KIND)) == b"vrf":
        return int(_INDEX.unpack(attributes[_IFLA_MASTER])[0])
    return 0


def _text(value: bytes | None) -> bytes:
    return (value or b"").rstrip(b"\0")


def _accepted() -> bool:
    try:
        with open(ACCEPT, "rb") as file:
            return file.read().strip() == b"1"
    except OSError:  # a kernel without VRFs
        return False

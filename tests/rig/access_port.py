"""An access port of a VLAN, as a program: usage access_port.py VLAN.

Makes two tap devices, `trunkport` (to be put into the trunk's bridge) and `lan0` (for the
survivor), and carries frames between them: with the tag there, without it here. For kernels
without 8021q. Prints `ready` when both devices exist; runs until it is killed.
"""

import fcntl
import os
import select
import struct
import sys

__all__ = ["main", "tagged", "untagged"]

# linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_TPID = b"\x81\x00"  # IEEE 802.1Q
_LONGEST_FRAME = 65536


def tagged(frame: bytes, vlan: int) -> bytes:
    """The Ethernet frame with the tag of `vlan` after its two addresses."""
    return frame[:12] + _TPID + struct.pack("!H", vlan) + frame[12:]


def untagged(frame: bytes, vlan: int) -> "bytes | None":
    """The frame without its tag; None when it does not belong to `vlan`."""
    if frame[12:14] != _TPID or struct.unpack("!H", frame[14:16])[0] & 0xFFF != vlan:
        return None
    return frame[:12] + frame[16:]


def _tap(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    return device


def _write(device: int, frame: bytes) -> None:
    try:
        os.write(device, frame)
    except OSError:
        pass  # the other side is not up yet: a switch drops such a frame too


def main(vlan: int) -> None:
    """Carries frames for ever."""
    trunk, lan = _tap("trunkport"), _tap("lan0")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for device in select.select([trunk, lan], [], [])[0]:
            frame = os.read(device, _LONGEST_FRAME)
            if device == lan:
                _write(trunk, tagged(frame, vlan))
            else:
                plain = untagged(frame, vlan)
                if plain is not None:
                    _write(lan, plain)


if __name__ == "__main__":
    main(int(sys.argv[1]))

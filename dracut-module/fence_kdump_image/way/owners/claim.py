"""A claim: what one setting in an image configures, and whether that is a NIC on the way.

A setting that is not understood claims every NIC. It is better if a message waits for the route of
another program than if the dump is lost.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fence_kdump_image.way.links import Link

__all__ = ["Allowlist", "Claim", "claim", "owner"]

_MAC = re.compile(
    r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:(?:[:-][0-9a-f]{2}){14})?"
)  # InfiniBand: 20
_NAME = re.compile(r"[\w.@*?+-]+")  # with wildcards, but no negation or escape


@dataclass(frozen=True)
class Allowlist:
    """The only NICs that a program in the image may touch.

    names -- names of devices, with wildcards
    macs -- permanent MAC addresses, lower case
    """

    names: frozenset[str] = frozenset()
    macs: frozenset[str] = frozenset()

    def admits(self, links: Iterable[Link]) -> bool:
        """Whether one of these NICs is on the list."""
        return any(
            link.device.permanent_mac.lower() in self.macs or _named(link, self.names)
            for link in links
            if link.driver
        )


@dataclass(frozen=True)
class Claim:
    """What one setting of the image configures.

    owner -- "NetworkManager", "systemd-networkd" or "dracut"
    why -- the file and the setting
    names -- names of devices, with wildcards
    macs -- MAC addresses, lower case
    everything -- whether it configures every NIC
    addresses -- all addresses of its devices, None if they are not known, as with DHCP
    within -- it configures only the NICs on this list, None if there is no such list
    """

    owner: str
    why: str
    names: frozenset[str] = frozenset()
    macs: frozenset[str] = frozenset()
    everything: bool = False
    addresses: tuple[str, ...] | None = None
    within: Allowlist | None = None

    def names_it(self, link: Link) -> bool:
        """Whether it has the name or an altname of a device."""
        return _named(link, self.names)

    def touches(self, link: Link) -> bool:
        """Whether it configures a device."""
        device = link.device
        if device.link_type == "loopback":
            return False
        macs = {device.mac.lower(), device.permanent_mac.lower()}
        return self.everything or bool(macs & self.macs) or self.names_it(link)


def claim(
    by: str,
    why: str,
    devices: Iterable[str],
    macs: Iterable[str] = (),
    everything: bool = False,
) -> Claim:
    """A claim on devices; on every NIC if one of them is not understood.

    by, why, everything -- as in `Claim`
    devices -- names or MAC addresses
    macs -- MAC addresses only
    """
    found = [mac.lower() for mac in macs]
    names = set()
    for device in filter(None, devices):
        if _MAC.fullmatch(device.lower()):
            found.append(device.lower())
        else:
            names.add(device)
    understood = all(map(_MAC.fullmatch, found)) and all(map(_NAME.fullmatch, names))
    return Claim(
        by,
        why,
        frozenset(names),
        frozenset(mac.replace("-", ":") for mac in found),
        everything or not understood,
    )


def owner(links: Sequence[Link], found: Iterable[Claim]) -> Claim | None:
    """The first claim on a device of a stack, None if there is none."""
    for each in found:
        admitted = not each.within or each.within.admits(links)
        if admitted and any(map(each.touches, links)):
            return each
    return None


def _named(link: Link, names: Iterable[str]) -> bool:
    own = (link.device.name, *link.device.altnames)
    return any(fnmatch.fnmatchcase(name, pattern) for name in own for pattern in names)

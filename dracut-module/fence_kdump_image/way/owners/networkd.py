"""The NICs that systemd-networkd configures in an image, systemd.network(5)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from fence_kdump_image.way.owners import ini
from fence_kdump_image.way.owners.claim import Claim, claim

__all__ = ["DEFAULTS", "UNITS", "claims", "is_unit"]

UNITS = tuple(
    f"{place}/systemd/network/{name}"
    for place in ("etc", "run", "usr/lib", "lib")
    for name in ("*.network", "*.network.d/*.conf")
)
# dracut's default: DHCP on every NIC that no other file matches. Up to dracut 109 it is among the
# others. Since then, the crash kernel copies it there if the command line created no other file. It
# is not a claim, because nobody asked for it, and a file of ours comes before it.
DEFAULTS = (
    "usr/lib/dracut/dracut-default.network",
    "usr/lib/dracut/default.network",
    *(
        f"{place}/systemd/network/{name}"
        for place in ("etc", "usr/lib", "lib")
        for name in ("zzzz-dracut-default.network", "99-dracut-default.network")
    ),
)

_UNIT = re.compile(r".*systemd/network/([^/]+\.network)(?:\.d/[^/]+)?")
# settings of [Match] that match no NIC of a crash kernel and no device of ours
_ELSEWHERE = {
    "Driver": frozenset(["tun", "veth"]),
    "Kind": frozenset(["dummy", "sit", "tap", "tun", "veth", "wireguard"]),
    "Type": frozenset(["loopback", "sit", "wlan", "wwan"]),
    "Virtualization": frozenset(["container"]),
}


def is_unit(path: str) -> bool:
    """Whether a path in an image is a .network file, or a drop-in of one."""
    return bool(_UNIT.fullmatch(path))


def claims(texts: Mapping[str, str]) -> list[Claim]:
    """The claims of .network files.

    texts -- path in the image -> text
    """
    units: dict[str, list[str]] = {}  # .network file, with drop-ins wherever they are -> paths
    for path in texts:
        unit = _UNIT.fullmatch(path)
        if unit and path not in DEFAULTS:
            units.setdefault(unit[1], []).append(path)
    return [
        each
        for paths in units.values()
        for each in _unit(", ".join(paths), "\n".join(texts[path] for path in paths))
    ]


def _unit(why: str, text: str) -> list[Claim]:
    """The claims of a file; none if it matches no NIC, or is empty to mask another file."""
    settings = ini.parse(text)

    def words(section: str, key: str) -> list[str]:
        return re.sub("[\"']", "", " ".join(settings.get((section, key), []))).split()

    for key, others in _ELSEWHERE.items():
        if words("Match", key) and others.issuperset(words("Match", key)):
            return []
    names = words("Match", "Name")
    macs = words("Match", "MACAddress") + words("Match", "PermanentMACAddress")
    upper = [name for key in ("VLAN", "Bond", "Bridge") for name in words("Network", key)]
    everything = not (names or macs)
    given = words("Network", "Address") + words("Address", "Address")
    dynamic = {*words("Network", "DHCP")} - {"no", "none", "false", "off", "0"}
    addresses = None if dynamic else tuple(address.partition("/")[0] for address in given)
    if not settings:
        return []
    made = claim("systemd-networkd", why, names, macs, everything)
    found = [dataclasses.replace(made, addresses=addresses)]
    if upper:  # a device above it, which gets an address only by a file of its own
        found.append(dataclasses.replace(claim("systemd-networkd", why, upper), addresses=()))
    return found

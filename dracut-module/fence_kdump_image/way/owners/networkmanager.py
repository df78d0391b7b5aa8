"""The NICs that NetworkManager configures in an image, and those that it may touch."""

from __future__ import annotations

import dataclasses
import re

from fence_kdump_image.way.owners import ini
from fence_kdump_image.way.owners.claim import Allowlist, Claim, claim

__all__ = ["ALLOWLIST", "PROFILES", "allowlist", "profile"]

PROFILES = tuple(
    f"{place}/NetworkManager/system-connections/*" for place in ("etc", "run", "usr/lib")
)
ALLOWLIST = "etc/NetworkManager/conf.d/10-kdump-netif_allowlist.conf"  # kdump-utils' name for it

_STATIC = ("manual", "disabled", "ignore", "link-local")
_EXCEPT = re.compile(r"except:(?:(mac):([0-9a-f:-]+)|interface-name:=?([\w.@+-]+))", re.IGNORECASE)
_FALSE = ("false", "no", "off", "0")


def profile(path: str, text: str) -> Claim:
    """The claim of a keyfile, nm-settings-keyfile(5).

    path -- of the file in the image
    """
    settings = ini.parse(text)
    names = settings.get(("connection", "interface-name"), [])
    names += re.split(r"[;,]", ";".join(settings.get(("match", "interface-name"), [])))
    parents = settings.get(("vlan", "parent"), [])
    names += parents
    names += [f"{p}.{i}" for p in parents for i in settings.get(("vlan", "id"), [])]
    macs = [mac for (_, key), found in settings.items() if key == "mac-address" for mac in found]
    macs = list(filter(None, macs))
    everything = not any(names) and not macs
    made = claim("NetworkManager", path, names, macs, everything)
    return dataclasses.replace(made, addresses=_addresses(settings))


def _addresses(settings: dict[tuple[str, str], list[str]]) -> tuple[str, ...] | None:
    """All addresses in a profile, None if others may come from DHCP or a router."""
    methods = [settings.get((family, "method"), [""])[-1] for family in ("ipv4", "ipv6")]
    if any(method not in _STATIC for method in methods):
        return None
    found: list[str] = []
    for (section, key), values in settings.items():
        if section in ("ipv4", "ipv6") and re.fullmatch(r"address(?:es|\d*)", key):
            for value in values:  # address1=ADDRESS/PREFIX,GATEWAY
                several = re.split(r"[;,\s]+", value)
                found += several if key == "addresses" else several[:1]
    return tuple(address.partition("/")[0] for address in found if address)


def allowlist(text: str) -> Allowlist | None:
    """The NICs that NetworkManager may touch, from a file that kdump-utils writes.

    It has one rule: only the NICs that it lists are managed. Any other form excludes nothing.
    """
    settings = ini.parse(text)
    specs = [v for (_, key), values in settings.items() if key == "match-device" for v in values]
    managed = [v for (_, key), values in settings.items() if key == "managed" for v in values]
    if len(specs) != 1 or [value.lower() in _FALSE for value in managed] != [True]:
        return None
    found = [_EXCEPT.fullmatch(spec) for spec in re.split(r"[;,\s]+", specs[0]) if spec]
    matches = [match for match in found if match]
    if not matches or len(matches) != len(found):
        return None
    macs = (match[2] for match in matches if match[2])
    return Allowlist(
        frozenset(match[3] for match in matches if match[3]),
        frozenset(mac.lower().replace("-", ":") for mac in macs),
    )

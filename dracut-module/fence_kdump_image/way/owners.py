"""One owner per NIC: what the image configures already stays as it is.

An address set early on a NIC that another part of the image configures makes that part give up,
and the dump with it. So: a NIC that a NetworkManager profile, systemd-networkd or dracut's command
line (dracut.cmdline(7)) speaks of is theirs, with all that is stacked on it. What is not understood
speaks of every NIC: a message that waits for somebody else's route is better than a lost dump.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fence_kdump_image.way.links import Link

__all__ = ["Claim", "Surroundings", "claims", "look", "owner"]

_FILES = (
    "etc/NetworkManager/system-connections/*",
    "run/NetworkManager/system-connections/*",
    "usr/lib/NetworkManager/system-connections/*",
    *(
        f"{place}/systemd/network/{name}"
        for place in ("etc", "run", "usr/lib", "lib")
        for name in ("*.network", "*.network.d/*.conf")
    ),
    "etc/cmdline",
    "etc/cmdline.d/*.conf",
)
# what sets up NICs in an image if told to, or by itself
_PROGRAMS = (
    "usr/sbin/NetworkManager",
    "usr/bin/NetworkManager",
    "usr/lib/systemd/systemd-networkd",
    "usr/sbin/wicked",
    "usr/sbin/connmand",
    "sbin/ifup",
    "usr/sbin/ifup",
)
_METHODS = frozenset(
    [
        "none",
        "off",
        "on",
        "any",
        "dhcp",
        "dhcp4",
        "dhcp6",
        "auto6",
        "either6",
        "ibft",
        "link6",
        "link-local",
        "both",
        "shared",
        "auto",
    ]
)

# settings of systemd.network(5)'s [Match] that fit no NIC of a crash kernel nor what we stack on it
_ELSEWHERE = {
    "Driver": frozenset(["tun", "veth"]),
    "Kind": frozenset(["dummy", "sit", "tap", "tun", "veth", "wireguard"]),
    "Type": frozenset(["loopback", "sit", "wlan", "wwan"]),
    "Virtualization": frozenset(["container"]),
}
_NETWORKD = re.compile(r".*systemd/network/([^/]+\.network)(?:\.d/[^/]+)?")
_MAC = re.compile(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}")
_NAME = re.compile(r"[\w.@*?+-]+")  # with wildcards, but no negation or escape
_OFF = ("0", "no", "off")  # of dracut's getargbool
# they bring up the network, if no ip= says which one, and a root from a server does
_NEEDING = re.compile(r"rd\.neednet|netroot|nfsroot|rd\.iscsi\..*|rd\.nvmf\..*|rd\.nbd\..*")
_SERVED = re.compile(r"root=(?:(?!block:)\w+:|/dev/nfs|dhcp).*")
# the firmware knows which NIC
_FIRMWARE = ("rd.iscsi.ibft", "rd.iscsi.firmware", "iscsi_firmware", "rd.nvmf.nbft")


@dataclass(frozen=True)
class Claim:
    """What one setting of the image configures.

    owner -- "NetworkManager", "systemd-networkd" or "dracut"
    why -- the file and the setting
    names -- names of devices, with wildcards
    macs -- MAC addresses, lower case
    everything -- it speaks of every NIC
    """

    owner: str
    why: str
    names: frozenset[str] = frozenset()
    macs: frozenset[str] = frozenset()
    everything: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What else in an image has to do with NICs.

    claims -- what it configures
    network -- it has a program that sets up NICs
    """

    claims: tuple[Claim, ...] = ()
    network: bool = False


def look(initdir: str) -> Surroundings:
    """What an image has, as far as it is built.

    initdir -- its root
    """
    return Surroundings(tuple(claims(_read(initdir))), _has_network(initdir))


def _read(initdir: str) -> dict[str, str]:
    """The image's files that configure a network: path in the image -> text."""
    texts = {}
    for pattern in _FILES:
        for path in sorted(glob.glob(os.path.join(initdir, pattern))):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    texts[os.path.relpath(path, initdir)] = file.read()
            except OSError:  # a symlink out of the image
                continue
    return texts


def _has_network(initdir: str) -> bool:
    return any(os.path.lexists(os.path.join(initdir, path)) for path in _PROGRAMS)


def claims(texts: Mapping[str, str]) -> list[Claim]:
    """What an image's files say of NICs.

    texts -- path in the image -> text
    """
    found: list[Claim] = []
    words: list[tuple[str, str]] = []
    units: dict[str, list[str]] = {}  # .network file, with drop-ins wherever they are -> paths
    for path, text in texts.items():
        unit = _NETWORKD.fullmatch(path)
        if path.startswith("etc/cmdline"):
            words += [(path, word) for word in re.sub("[\"']", "", text).split()]
        elif unit:
            units.setdefault(unit[1], []).append(path)
        else:
            found.append(_profile(path, text))
    for paths in units.values():
        found += _networkd(", ".join(paths), "\n".join(texts[path] for path in paths))
    return found + _cmdline(words)


def owner(links: Sequence[Link], found: Iterable[Claim]) -> Claim | None:
    """The claim on any device of a stack, None if all of it is free."""
    for claim in found:
        for link in links:
            device = link.device
            if device.link_type == "loopback":
                continue
            if (
                claim.everything
                or {device.mac.lower(), device.permanent_mac.lower()} & claim.macs
                or any(fnmatch.fnmatchcase(device.name, name) for name in claim.names)
            ):
                return claim
    return None


def _claim(
    by: str, why: str, devices: Iterable[str], macs: Iterable[str] = (), everything: bool = False
) -> Claim:
    """A claim on devices, on every NIC if one of them is not understood.

    devices -- names or MAC addresses
    macs -- MAC addresses only
    """
    addresses = [mac.lower() for mac in macs]
    names = set()
    for device in filter(None, devices):
        if _MAC.fullmatch(device.lower()):
            addresses.append(device.lower())
        else:
            names.add(device)
    understood = all(map(_MAC.fullmatch, addresses)) and all(map(_NAME.fullmatch, names))
    return Claim(
        by,
        why,
        frozenset(names),
        frozenset(mac.replace("-", ":") for mac in addresses),
        everything or not understood,
    )


def _profile(path: str, text: str) -> Claim:
    """A NetworkManager keyfile, nm-settings-keyfile(5)."""
    settings = _ini(text)
    names = settings.get(("connection", "interface-name"), [])
    names += re.split(r"[;,]", ";".join(settings.get(("match", "interface-name"), [])))
    names += settings.get(("vlan", "parent"), [])
    macs = [mac for (_, key), found in settings.items() if key == "mac-address" for mac in found]
    macs = list(filter(None, macs))
    return _claim("NetworkManager", path, names, macs, everything=not any(names) and not macs)


def _networkd(why: str, text: str) -> list[Claim]:
    """systemd.network(5); no claim for a file that fits no NIC, or is empty to mask another."""
    settings = _ini(text)

    def words(section: str, key: str) -> list[str]:
        return re.sub("[\"']", "", " ".join(settings.get((section, key), []))).split()

    for key, others in _ELSEWHERE.items():
        if words("Match", key) and others.issuperset(words("Match", key)):
            return []
    names = words("Match", "Name")
    macs = words("Match", "MACAddress") + words("Match", "PermanentMACAddress")
    upper = [name for key in ("VLAN", "Bond", "Bridge") for name in words("Network", key)]
    everything = not (names or macs)
    return [_claim("systemd-networkd", why, names + upper, macs, everything)] if settings else []


def _ini(text: str) -> dict[tuple[str, str], list[str]]:
    """(section, key) -> its values, as some keys may be repeated."""
    values: dict[tuple[str, str], list[str]] = {}
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            values.setdefault((section, key.strip()), []).append(value.strip())
    return values


def _cmdline(words: Sequence[tuple[str, str]]) -> list[Claim]:
    """dracut.cmdline(7): (path, word) of all files."""
    macs = dict(_rename(word) for _, word in words if word.startswith("ifname="))
    told = any(word.startswith("ip=") for _, word in words)
    last = dict(word.partition("=")[::2] for _, word in words)
    if last.get("rd.bootif") in _OFF:
        words = [(path, word) for path, word in words if not word.startswith("BOOTIF=")]
    found = [_word(path, word, macs, told) for path, word in words]
    return [claim for claim in found if claim]


def _word(path: str, word: str, macs: Mapping[str, str], told: bool) -> Claim | None:
    """One word of dracut's command line.

    macs -- name -> MAC address, of ifname=
    told -- there is an ip=
    """
    key, _, value = word.partition("=")
    fields = re.findall(r"(?:^|:)((?:\[[^]]*\]|[^:])*)", value)
    why = f"{path}: {word}"
    if key in ("vlan", "bond", "bridge", "team"):
        names = {name for field in fields[:2] for name in field.split(",")} or {f"{key}0"}
        everything = key != "vlan" and len(fields) < 2
    elif key == "ip" and value:
        place = 0 if len(fields) > 1 and fields[1].split(",")[0] in _METHODS else 5
        names = {fields[place]} if len(fields) > max(1, place) else set()
        everything = not any(names)
    elif key == "bootdev" and value:
        names, everything = {value}, False
    elif key == "BOOTIF" and value:  # PXE puts the hardware type before the MAC address
        return _claim("dracut", why, (), [value[3:] if len(value) == len("01-") + 17 else value])
    elif key == "rd.route":
        names = set(fields[2:3])
        everything = not any(names)
    elif key in _FIRMWARE and value not in _OFF:
        names, everything = set(), True
    elif (_NEEDING.fullmatch(key) and value not in _OFF) or _SERVED.fullmatch(word):
        if told:
            return None
        names, everything = set(), True
        why += " without ip="
    else:
        return None
    known = [macs[name] for name in names if name in macs]
    return _claim("dracut", why, names, known, everything)


def _rename(word: str) -> tuple[str, str]:
    name, _, mac = word.partition("=")[2].partition(":")
    return name, mac.lower().replace("-", ":")

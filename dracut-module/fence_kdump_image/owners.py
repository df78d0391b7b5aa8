"""One owner per NIC: what the image configures already stays as it is.

An address set early on a NIC that another part of the image configures makes that part give up,
and the dump with it. So: a NIC that a NetworkManager profile, systemd-networkd or dracut's command
line (dracut.cmdline(7)) speaks of is theirs, with all that is stacked on it.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fence_kdump_image.links import Link

__all__ = ["Claim", "Surroundings", "claims", "look", "owner"]

_FILES = (
    "etc/NetworkManager/system-connections/*",
    "usr/lib/NetworkManager/system-connections/*",
    "etc/systemd/network/*.network",
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
    for path, text in texts.items():
        if path.startswith("etc/cmdline.d/"):
            words += [(path, word) for word in text.split()]
        elif path.endswith(".network"):
            found.append(_networkd(path, text))
        else:
            found.append(_profile(path, text))
    if not any(word.startswith("ip=") for _, word in words):
        found += [
            Claim("dracut", f"{path}: {word} without ip=", everything=True)
            for path, word in words
            if word in ("rd.neednet", "rd.neednet=1")
        ]
    macs = dict(_rename(word) for _, word in words if word.startswith("ifname="))
    for path, word in words:
        claim = _word(path, word, macs)
        if claim:
            found.append(claim)
    return found


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


def _profile(path: str, text: str) -> Claim:
    """A NetworkManager keyfile, nm-settings-keyfile(5)."""
    settings = _ini(text)
    names = {settings.get(("connection", "interface-name"), "")}
    names.update(re.split(r"[;,]", settings.get(("match", "interface-name"), "")))
    names.add(settings.get(("vlan", "parent"), ""))
    macs = {value.lower() for (_, key), value in settings.items() if key == "mac-address" and value}
    names.discard("")
    return Claim(
        "NetworkManager", path, frozenset(names), frozenset(macs), everything=not names | macs
    )


def _networkd(path: str, text: str) -> Claim:
    """systemd.network(5)."""
    settings = _ini(text)
    names = settings.get(("Match", "Name"), "").split()
    macs = settings.get(("Match", "MACAddress"), "").lower().split()
    macs += settings.get(("Match", "PermanentMACAddress"), "").lower().split()
    lower = [v for (section, key), v in settings.items() if (section, key) == ("Network", "VLAN")]
    return Claim(
        "systemd-networkd",
        path,
        frozenset([*names, *lower]),
        frozenset(macs),
        everything=not (names or macs),
    )


def _ini(text: str) -> dict[tuple[str, str], str]:
    values: dict[tuple[str, str], str] = {}
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            values[section, key.strip()] = value.strip()
    return values


def _word(path: str, word: str, macs: Mapping[str, str]) -> Claim | None:
    """One word of dracut's command line."""
    key, _, value = word.partition("=")
    fields = re.findall(r"(?:^|:)((?:\[[^]]*\]|[^:])*)", value)
    if key in ("vlan", "bond", "bridge", "team"):
        names = {name for field in fields[:2] for name in field.split(",")} or {f"{key}0"}
        everything = key != "vlan" and len(fields) < 2
    elif key == "ip" and value and value not in ("ibft",):
        place = 0 if len(fields) > 1 and fields[1].split(",")[0] in _METHODS else 5
        names = {fields[place]} if len(fields) > max(1, place) else set()
        everything = not names or "" in names
    else:
        return None
    names.discard("")
    return Claim(
        "dracut",
        f"{path}: {word}",
        frozenset(names),
        frozenset(macs[name] for name in names if name in macs),
        everything,
    )


def _rename(word: str) -> tuple[str, str]:
    name, _, mac = word.partition("=")[2].partition(":")
    return name, mac.lower().replace("-", ":")

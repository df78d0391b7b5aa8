"""The claims on NICs of dracut's words about the network, dracut.cmdline(7).

A word is a claim only if a program in the image acts on it. The programs, by their dracut modules:

network-manager   acts only if the network is needed; then on all words, but only for NICs of its
                  allowlist
systemd-networkd  acts on the kernel's command line but not on files, and uses DHCP for the other
                  NICs. It does not manage our NICs, so a word counts only if the network is needed
network-legacy    acts on words that name a device; on the others if the network is needed, or if
                  there are two ip=
any other         not known: all words count

The network is needed if rd.neednet says so, or if a file system is on a server.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from fence_kdump_image.way.owners.claim import Claim, claim
from fence_kdump_image.way.owners.surroundings import Surroundings, Word

__all__ = ["SERVER", "claims", "find"]

_METHODS = frozenset(
    [
        *("none", "off", "on", "any", "dhcp", "dhcp4", "dhcp6", "auto6", "either6", "ibft"),
        *("link6", "link-local", "both", "shared", "auto"),
    ]
)
_OFF = ("0", "no", "off")  # of dracut's getargbool
_SERVER = re.compile(r"netroot|nfsroot|iscsi_firmware|rd\.iscsi\..*|rd\.nvmf\..*|rd\.nbd\..*")
_SERVED = re.compile(r"root=(?:(?!block:)\w+:|/dev/nfs|dhcp).*")
# the firmware chooses the NIC
_FIRMWARE = ("rd.iscsi.ibft", "rd.iscsi.firmware", "iscsi_firmware", "rd.nvmf.nbft")
_STACKED = ("vlan", "bond", "bridge", "team")
_OTHER = ("ip", "ifname", "bootdev", "BOOTIF", "rd.bootif", "rd.route", "rd.neednet")
SERVER = "kdump_remote_ip"  # kdump-utils' word for the address of the dump's server


def find(path: str, text: str) -> tuple[Word, ...]:
    """The words about the network in a text.

    path -- of the file with the text
    """
    words = [Word(path, word) for word in re.sub("[\"']", "", text).split()]
    known = (*_STACKED, *_OTHER, SERVER)
    return tuple(word for word in words if word.key in known or _is_of_a_server(word))


def claims(around: Surroundings, line: Sequence[Word]) -> list[Claim]:
    """The claims that result from the words for the programs of an image.

    around -- the surroundings in the image
    line -- words about the network on the crash kernel's command line
    """
    words = [*around.words, *line]
    need = _need(words)
    # a need for the network without ip= refers to the profiles, if each of them names its NICs
    elsewhere = around.profiles and not any(each.everything for each in around.profiles)
    rest = [word for word in need if not elsewhere or word.key.startswith("rd.nvmf.")]
    found: list[Claim] = []
    for program in around.programs:
        if program == "network-manager":
            made = _claims(words if need else [], rest)
            found += [dataclasses.replace(each, within=around.allowlist) for each in made]
        elif program == "systemd-networkd":
            found += _claims(line if need else [], rest if around.default else [])
        elif program == "network-legacy":
            found += _claims(_heeded_by_legacy(words, need), need)
        else:
            found += _claims(words, need)
    return list(dict.fromkeys(found))


def _need(words: Sequence[Word]) -> list[Word]:
    """The words because of which the network is needed, [] if it is not."""
    last = [word for word in words if word.key == "rd.neednet"][-1:]
    return [word for word in last if word.value not in _OFF] + [
        word for word in words if _is_of_a_server(word)
    ]


def _is_of_a_server(word: Word) -> bool:
    """Whether the word says that something is on a server."""
    on = word.value not in _OFF and _SERVER.fullmatch(word.key)
    return bool(on or _SERVED.fullmatch(word.text))


def _heeded_by_legacy(words: Sequence[Word], need: Sequence[Word]) -> Sequence[Word]:
    ips = [word for word in words if word.key == "ip" and word.value]
    off = any(word.key == "rd.neednet" and word.value in _OFF for word in words)
    if need or (len(ips) > 1 and not off):
        return words
    named = [word for word in ips if word.value == "ibft" or _ip(word.value)[0]]
    if not named and not _boot_nic(words):
        return []
    return [word for word in words if word.key != "ip" or word in named]


def _boot_nic(words: Sequence[Word]) -> bool:
    """Whether a BOOTIF= counts."""
    switch = [word.value for word in words if word.key == "rd.bootif"][-1:]
    return any(word.key == "BOOTIF" for word in words) and switch not in ([off] for off in _OFF)


def _claims(words: Sequence[Word], need: Sequence[Word]) -> list[Claim]:
    """The claims of words on which a program acts.

    need -- the words that mean every NIC, unless an ip= says which
    """
    macs = dict(_rename(word.value) for word in words if word.key == "ifname")
    skipped = () if _boot_nic(words) else ("BOOTIF",)
    found = [_word(word, macs) for word in words if word.key not in skipped]
    if not any(word.key == "ip" for word in words):
        found += [_everything(word, " without ip=") for word in need]
    return [each for each in found if each]


def _everything(word: Word, why: str = "") -> Claim:
    return claim("dracut", f"{word.path}: {word.text}{why}", (), everything=True)


def _word(word: Word, macs: Mapping[str, str]) -> Claim | None:
    """The claim of one word on which a program acts.

    macs -- name -> MAC address, from ifname=
    """
    value = word.value
    addresses: tuple[str, ...] | None = None
    if word.key in _STACKED:
        fields = _fields(value)
        names = [name for field in fields[:2] for name in field.split(",")] or [f"{word.key}0"]
        everything = word.key != "vlan" and len(fields) < 2
        addresses = ()
    elif word.key == "ip" and value:
        device, address = _ip(value)
        names, addresses = [device], (address,) if address else None
        everything = not device
    elif word.key == "bootdev" and value:
        names, everything = [value], False
    elif word.key == "BOOTIF" and value:  # PXE puts the hardware type before the MAC address
        names, everything = [value[3:] if len(value) == len("01-") + 17 else value], False
        return claim("dracut", f"{word.path}: {word.text}", (), names)
    elif word.key == "rd.route":
        names = _fields(value)[2:3]
        everything = not any(names)
    elif word.key in _FIRMWARE and value not in _OFF:
        return _everything(word)
    else:
        return None
    known = [macs[name] for name in names if name in macs]
    made = claim("dracut", f"{word.path}: {word.text}", names, known, everything)
    return dataclasses.replace(made, addresses=addresses)


def _ip(value: str) -> tuple[str, str]:
    """The device and the static address of an ip=, "" if it has none."""
    fields = _fields(value)
    if len(fields) > 1 and fields[1].split(",")[0] in _METHODS:
        return fields[0], ""
    address = fields[0].strip("[]").partition("/")[0] if len(fields) > 1 else ""
    return (fields[5] if len(fields) > 5 else ""), address


def _fields(value: str) -> list[str]:
    """The parts between colons, except those within brackets."""
    return re.findall(r"(?:^|:)((?:\[[^]]*\]|[^:])*)", value)


def _rename(value: str) -> tuple[str, str]:
    name, _, mac = value.partition(":")
    return name, mac.lower().replace("-", ":")

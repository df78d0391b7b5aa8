"""One owner for each NIC: a NIC that the image already configures is left alone.

If we set an address early on a NIC that another part of the image configures, that part gives up,
and the dump is lost. So a program that sets up a NIC owns this NIC and all devices on it.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence

from fence_kdump_image.way.owners import networkd, networkmanager, words
from fence_kdump_image.way.owners.claim import Claim
from fence_kdump_image.way.owners.surroundings import Surroundings, Word

__all__ = ["claims", "look", "read"]

_CMDLINE = ("etc/cmdline", "etc/cmdline.d/*.conf")
# programs that set up NICs; without one of them, no profile or word is a claim
_PROGRAMS = {
    "network-manager": ("usr/sbin/NetworkManager", "usr/bin/NetworkManager"),
    "systemd-networkd": ("usr/lib/systemd/systemd-networkd", "lib/systemd/systemd-networkd"),
    "network-legacy": ("usr/sbin/ifup", "sbin/ifup"),
    "wicked": ("usr/sbin/wicked",),
    "connman": ("usr/sbin/connmand",),
}


def look(initdir: str) -> Surroundings:
    """What an image has, as far as it has been built.

    initdir -- its root
    """
    programs = [name for name, paths in _PROGRAMS.items() if _has(initdir, paths)]
    default = _has(initdir, networkd.DEFAULTS)
    patterns = (*networkmanager.PROFILES, networkmanager.ALLOWLIST, *networkd.UNITS, *_CMDLINE)
    texts = {}
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(initdir, pattern))):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    texts[os.path.relpath(path, initdir)] = file.read()
            except OSError:  # a symlink to the outside of the image
                continue
    return read(texts, programs, default)


def _has(initdir: str, paths: Sequence[str]) -> bool:
    return any(_is_of_its_own(os.path.join(initdir, path)) for path in paths)


def _is_of_its_own(path: str) -> bool:
    """Whether a program exists, and is not one of BusyBox's links: its ifup acts on no word."""
    to_busybox = os.path.islink(path) and os.path.basename(os.readlink(path)) == "busybox"
    return os.path.lexists(path) and not to_busybox


def read(texts: Mapping[str, str], programs: Sequence[str], default: bool = False) -> Surroundings:
    """What the files of an image say about NICs to its programs.

    texts -- path in the image -> text
    programs, default -- as in `Surroundings`
    """
    profiles: list[Claim] = []
    found: list[Word] = []
    allowlist = None
    for path, text in texts.items():
        if path.startswith("etc/cmdline"):
            found += words.find(path, text)
        elif path == networkmanager.ALLOWLIST:
            allowlist = networkmanager.allowlist(text)
        elif "network-manager" in programs and not networkd.is_unit(path):
            profiles.append(networkmanager.profile(path, text))
    if "systemd-networkd" in programs:
        profiles += networkd.claims(texts)
    return Surroundings(tuple(programs), tuple(profiles), tuple(found), allowlist, default)


def claims(around: Surroundings, line: Sequence[Word]) -> list[Claim]:
    """All claims on NICs in an image.

    around -- its surroundings
    line -- words about the network on the crash kernel's command line
    """
    return [*around.profiles, *words.claims(around, line)]

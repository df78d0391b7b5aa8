"""Checks that everything is in the image. It looks into the image, not at this node.

A driver may be missing on purpose (omit_drivers), because the kernel has none, or because dracut
did not find its firmware. Then the image is built, but sends nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from fence_kdump_image import programs
from fence_kdump_image.image import manifest

__all__ = ["prove"]

_PROGRAMS = ("sh", "ip", "modprobe", "sleep")
_PATH = ("usr/sbin", "usr/bin", "sbin", "bin")
_FIRMWARE = ("lib/firmware", "lib/firmware/updates")
_COMPRESSED = ("", ".xz", ".zst")
_PATIENCE = 10.0  # seconds for modinfo; no build must hang


def prove(initdir: str, kernel: str, root: str = "") -> list[str]:
    """What an image lacks, as texts such as "kernel module mlx4_en". Raises OSError.

    It is recorded in the manifest of the image as well.

    initdir -- the image's root
    kernel -- release of its kernel
    root -- of this machine's file system
    """
    path = os.path.join(initdir, manifest.PATH)
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        made = json.load(file)
    made["lacking"] = _lacking(made, initdir, kernel, root)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(manifest.render(made))
    lacking: list[str] = made["lacking"]
    return lacking


def _lacking(made: Mapping[str, Any], initdir: str, kernel: str, root: str) -> list[str]:
    missing = [f"program {name}" for name in _PROGRAMS if not _program(initdir, name)]
    present = _modules(f"{initdir}/lib/modules/{kernel}")
    places = [*_FIRMWARE, f"lib/firmware/{kernel}", f"lib/firmware/updates/{kernel}"]
    watchdogs = [line.split()[0] for line in made["watchdogs"] or ()]
    wanted = [*made["modules"], *watchdogs]
    for module in wanted:  # the list grows
        told = _modinfo(module, kernel)
        if told.get("filename") == ["(builtin)"]:
            continue
        if module not in present:
            missing.append(f"kernel module {module}")
            continue
        needed = (
            name.replace("-", "_") for text in told.get("depends", ()) for name in text.split(",")
        )
        wanted += (name for name in needed if name and name not in wanted)
        # a driver lists firmware for all its devices; what this node does not have either is for
        # others
        missing += (
            f"firmware {name}"
            for name in told.get("firmware", ())
            if _is_there(root, places, name) and not _is_there(initdir, places, name)
        )
    return list(dict.fromkeys(missing))


def _program(initdir: str, name: str) -> bool:
    return any(os.path.lexists(f"{initdir}/{folder}/{name}") for folder in _PATH)


def _modules(folder: str) -> set[str]:
    """Names of the kernel modules below a folder."""
    names = set()
    for _, _, files in os.walk(folder):
        names |= {_name(file) for file in files if ".ko" in file}
    return names


def _name(path: str) -> str:
    return os.path.basename(path).partition(".ko")[0].replace("-", "_")


def _is_there(root: str, places: Iterable[str], name: str) -> bool:
    return any(
        os.path.lexists(f"{root}/{place}/{name}{end}") for place in places for end in _COMPRESSED
    )


def _modinfo(module: str, kernel: str) -> dict[str, list[str]]:
    """The output of modinfo(8) for a module; nothing if this kernel does not have it."""
    told: dict[str, list[str]] = {}
    try:
        text = programs.run(("modinfo", "-k", kernel, module), _PATIENCE, check=False)
    except programs.ProgramError:
        return told
    for line in text.splitlines():
        key, _, value = line.partition(":")
        told.setdefault(key, []).append(value.strip())
    return told

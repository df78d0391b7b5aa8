"""Checks whether this node is ready to dump when it crashes, and to listen for other nodes.

It reads the state of the kernel, and the record of the last check of the crash image. It opens no
image and starts no program, because Pacemaker runs it often.
"""

from __future__ import annotations

import os

from fence_kdump.inlet import FAMILIES, CannotListen, NoSuchFamily, open_inlet

__all__ = ["IMAGE_STATE", "problems"]

CRASH_SIZE = "/sys/kernel/kexec_crash_size"
CRASH_LOADED = "/sys/kernel/kexec_crash_loaded"
# The first word is "fresh" or "stale", and the rest of the line says why. The second line has
# "MTIME SIZE PATH" of the image that was checked. Without this file, no check has been made yet.
IMAGE_STATE = "/var/lib/fence-kdump/image-state"


def problems(port: int, family: str) -> list[str]:
    """What prevents this node from dumping or listening, one line each.

    port -- UDP port to listen on
    family -- "auto", "ipv4" or "ipv6"
    """
    return [*_crash_kernel(), *_port(port, family), *_image()]


def _crash_kernel() -> list[str]:
    if _read(CRASH_SIZE) in ("", "0"):
        return [
            "no memory is reserved for a crash kernel: add crashkernel= to the kernel command line"
            " and reboot (see kdump(8))"
        ]
    if _read(CRASH_LOADED) != "1":
        return ["no crash kernel is loaded: start the kdump service"]
    return []


def _port(port: int, family: str) -> list[str]:
    lacking, failing = [], []
    for number in FAMILIES[family]:
        try:
            open_inlet(number, port).close()
        except NoSuchFamily as error:
            lacking.append(str(error))
        except CannotListen as error:
            failing.append(str(error))
    return failing or (lacking if len(lacking) == len(FAMILIES[family]) else [])


def _image() -> list[str]:
    line, _, image = _read(IMAGE_STATE).partition("\n")
    state, _, why = line.partition(" ")
    if state == "stale" and not _is_another(image):
        return [
            f"the crash image is stale ({why or 'no reason recorded'}): run 'fence-kdump refresh'"
        ]
    return []


def _is_another(image: str) -> bool:
    """Whether the image was replaced after the check. Then its state is not known."""
    if not image:
        return False
    path = image.split(" ", 2)[-1]
    try:
        status = os.stat(path)
    except PermissionError:  # then it is not known
        return False
    except (OSError, ValueError):
        return True
    return image != f"{status.st_mtime_ns} {status.st_size} {path}"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""

"""A finished crash image: where it lies, and the manifest in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from fence_kdump_image.image import content, manifest
from fence_kdump_image.image.content import ImageError
from fence_kdump_image.whom import sysconfig

__all__ = ["ImageError", "UnsupportedError", "find", "read_manifest", "stamp"]

_KDUMP_TOOLS = "/usr/sbin/kdump-config"  # of Debian's package kdump-tools


class UnsupportedError(ImageError):
    """This system builds its crash image in a way that fence-kdump has no part in yet."""


def find(root: str) -> str:
    """Path of the image that kdump loads. Raises ImageError if there is none.

    As kdump-utils' prepare_kdump_bootinfo() and SUSE's mkdumprd(8) have it. Where there is none,
    and Debian's kdump-tools is installed, it is UnsupportedError.

    root -- of the file system
    """
    settings = sysconfig.parse(_text(f"{root}{sysconfig.KDUMP}")).values
    kernel = settings.get("KDUMP_KERNELVER") or os.uname().release
    for path in _candidates(root, kernel, settings):
        if os.path.exists(root + path):
            return root + path
    if os.path.exists(f"{root}{_KDUMP_TOOLS}"):
        raise UnsupportedError(
            "kdump-tools (Debian, Ubuntu) builds its crash image without dracut: fence-kdump cannot"
            " be in it yet, and this node tells nobody of a crash"
        )
    raise ImageError(
        f"no crash image of kernel {kernel} below {root}/boot, {root}/efi or {root}/var/lib/kdump:"
        " kdump builds it when it starts"
    )


def _candidates(root: str, kernel: str, settings: Mapping[str, str]) -> Iterable[str]:
    machine = _text(f"{root}/etc/machine-id").strip()
    yield f"{settings.get('KDUMP_BOOTDIR') or '/boot'}/initramfs-{kernel}kdump.img"
    for boot in ("/boot", "/boot/efi", "/efi") if machine else ():
        yield f"{boot}/{machine}/{kernel}/initrdkdump"
    yield f"/var/lib/kdump/initramfs-{kernel}kdump.img"
    yield "/var/lib/kdump/initrd"
    yield f"/boot/initrd-{kernel}-kdump"


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def stamp(path: str) -> str:
    """ "MTIME SIZE" of an image, in nanoseconds and bytes, by which it is told from a later one.

    Raises ImageError if there is none.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError as error:
        raise ImageError(f"{path}: there is no such file") from error
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error
    return f"{status.st_mtime_ns} {status.st_size}"


def read_manifest(path: str) -> Any:
    """The manifest in an image, None if it has none: it was built without us, or a part of us.

    path -- of the image

    Raises ImageError if the image cannot be read.
    """
    text = content.read(path, [manifest.PATH]).get(manifest.PATH)
    if text:
        try:
            return json.loads(text)
        except ValueError as error:
            raise ImageError(f"{path}: its manifest is no JSON: {error}") from error
    # lsinitrd says the same, nothing, of a file that is not there and of an image that is none
    if "usr/lib" not in content.listing(path):
        raise ImageError(f"{path}: lsinitrd finds no files in it")
    return None

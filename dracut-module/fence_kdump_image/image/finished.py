"""A finished crash image: where it is, the manifest in it, and whether one is loaded."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fence_kdump_image import textfiles
from fence_kdump_image.image import content, manifest
from fence_kdump_image.image.content import ImageError
from fence_kdump_image.whom import sysconfig

__all__ = [
    "ImageError",
    "UnsupportedError",
    "find",
    "is_loaded",
    "places",
    "read_manifest",
    "stamp",
]

_KDUMP_TOOLS = "/usr/sbin/kdump-config"  # of Debian's package kdump-tools
# kexec's, and those of fadump, where nothing is loaded by kexec
_LOADED = (
    "/sys/kernel/kexec_crash_loaded",
    "/sys/kernel/fadump/registered",
    "/sys/kernel/fadump_registered",
)


class UnsupportedError(ImageError):
    """This system builds its crash image in a way that fence-kdump does not support yet."""


def find(root: str) -> str:
    """Path of the image that kdump loads. Raises ImageError if there is none.

    It looks in the same places as kdump-utils' prepare_kdump_bootinfo() and SUSE's mkdumprd(8). If
    there is none and Debian's kdump-tools is installed, it raises UnsupportedError.

    root -- of the file system
    """
    for path in places(root):
        if os.path.exists(path):
            return path
    if os.path.exists(f"{root}{_KDUMP_TOOLS}"):
        raise UnsupportedError(
            "kdump-tools (Debian, Ubuntu) builds the crash image without dracut: fence-kdump does"
            " not support this yet, and this node sends no messages after a crash"
        )
    kernel = _kernel(root, _settings(root))
    raise ImageError(
        f"no crash image of kernel {kernel} below {root}/boot, {root}/efi or {root}/var/lib/kdump:"
        " start the kdump service"
    )


def places(root: str, kernel: str = "") -> list[str]:
    """Where the image that kdump loads may be, in the order in which it is looked for.

    root -- of the file system
    kernel -- release of its kernel, by default the one that kdump loads
    """
    settings = _settings(root)
    kernel = kernel or _kernel(root, settings)
    paths = [root + path for path in _candidates(root, kernel, settings)]
    # kdumpctl uses /var/lib/kdump if it cannot write beside the kernel
    return sorted(paths, key=lambda path: not os.access(os.path.dirname(path), os.W_OK))


def _settings(root: str) -> Mapping[str, str]:
    return sysconfig.parse(textfiles.read(f"{root}{sysconfig.KDUMP}")).values


def _kernel(root: str, settings: Mapping[str, str]) -> str:
    release = os.uname().release
    plain = re.sub(r"[+-]debug$", "", release)  # kdumpctl uses this kernel if it exists
    if plain == release or not os.path.isdir(f"{root}/lib/modules/{plain}"):
        plain = release
    return settings.get("KDUMP_KERNELVER") or plain


def _candidates(root: str, kernel: str, settings: Mapping[str, str]) -> Iterable[str]:
    machine = textfiles.read(f"{root}/etc/machine-id").strip()
    yield f"{settings.get('KDUMP_BOOTDIR') or '/boot'}/initramfs-{kernel}kdump.img"
    for boot in ("/boot", "/boot/efi", "/efi") if machine else ():
        yield f"{boot}/{machine}/{kernel}/initrdkdump"
    yield f"/var/lib/kdump/initramfs-{kernel}kdump.img"
    yield "/var/lib/kdump/initrd"
    yield f"/boot/initrd-{kernel}-kdump"


def is_loaded(root: str) -> bool | None:
    """Whether the kernel says that a crash kernel is loaded; None if it does not say.

    root -- of the file system
    """
    said = {textfiles.read(root + path).strip() for path in _LOADED} & {"0", "1"}
    return "1" in said if said else None


def stamp(path: str) -> str:
    """ "MTIME SIZE" of an image, in nanoseconds and bytes. It differs for a later image.

    Raises ImageError if there is none.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError as error:
        raise ImageError(f"{path}: this file does not exist") from error
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error
    return f"{status.st_mtime_ns} {status.st_size}"


def read_manifest(path: str) -> Any:
    """The manifest in an image; None if fence-kdump, or a part of it, was missing in the build.

    path -- of the image

    Raises ImageError if the image cannot be read to its end.
    """
    text = content.read(path, [manifest.PATH]).get(manifest.PATH)
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise ImageError(
            f"{path}: its manifest is not valid JSON ({error}): rebuild the image"
        ) from error

"""What a vmcore says: makedumpfile's compressed format, and the dead kernel's log in it."""

from __future__ import annotations

import os

from .host import run

__all__ = ["SIGNATURE", "dmesg", "signature"]

SIGNATURE = b"KDUMP   "  # struct disk_dump_header.signature, diskdump_mod.h of makedumpfile


def signature(vmcore: str) -> bytes:
    """The first eight bytes of the file."""
    with open(vmcore, "rb") as file:
        return file.read(len(SIGNATURE))


def dmesg(vmcore: str) -> str:
    """The log of the kernel that panicked, as makedumpfile finds it in the dump."""
    output = f"{vmcore}.dmesg"
    if os.path.exists(output):
        os.remove(output)
    run("makedumpfile", "--dump-dmesg", vmcore, output)
    with open(output, encoding="utf-8", errors="replace") as log:
        return log.read()

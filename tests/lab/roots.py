"""Roots that hold nothing but a program and the C library's files."""

from __future__ import annotations

import glob
import os
import shutil

# What the interpreter and the bootloader open of the C library; libz is the bootloader's.
LIBRARIES = [
    "ld-linux*.so.*",
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "libz.so.1",
]
NAME_SERVICE = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"]


def install_libraries(root: str, patterns: list[str]) -> None:
    """Copy the C library's files to where they lie on this machine."""
    for pattern in patterns:
        for folder in ("/lib64", "/lib", "/usr/lib64", "/lib/*-linux-gnu"):
            for path in glob.glob(f"{folder}/{pattern}"):
                os.makedirs(root + os.path.dirname(path), exist_ok=True)
                shutil.copy(path, root + path)

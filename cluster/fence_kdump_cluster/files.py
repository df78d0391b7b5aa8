"""Reads configuration files, with a bound for their size and without waiting for a writer."""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["read"]


def read(path: str, most: int) -> bytes:
    """The bytes of a regular file.

    path -- of the file; a FIFO or a device is an error, and is not waited for
    most -- the largest size in bytes

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with open(descriptor, "rb", buffering=0) as file:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is a directory", path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        parts: list[bytes] = []
        size = 0
        while part := file.read(1 << 20):
            size += len(part)
            if size > most:
                raise OSError(errno.EFBIG, f"it has more than {most} bytes", path)
            parts.append(part)
        return b"".join(parts)

"""Small text files: a missing file is read as an empty text, and a file is replaced as a whole."""

from __future__ import annotations

import contextlib
import os

__all__ = ["is_utf8", "read", "reason", "write"]


def read(path: str) -> str:
    """The text of a file, with bytes that are not text unchanged; "" if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def write(path: str, text: str) -> None:
    """Replace a file by a text, completely or not at all. All users may read it. Raises OSError."""
    part = f"{path}.{os.getpid()}"
    try:
        with open(part, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def is_utf8(text: str) -> bool:
    """Whether a text that was read so is UTF-8. The sender takes no other word: frozen by Python
    3.14, it ends on one before it can say anything (PyInstaller 6.22's bootloader)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def reason(error: OSError) -> str:
    """One line for a file that could not be read or written."""
    if not error.strerror or error.filename is None:
        return str(error)
    remedy = ": run it as root" if isinstance(error, PermissionError) else ""
    return f"{error.strerror}: {error.filename!r}{remedy}"

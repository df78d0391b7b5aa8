"""Waits until the system's software is complete, which it is not during an rpm transaction.

An image is built from the installed files. With half of an upgrade, it may not start.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import Callable

__all__ = ["settle"]

# rpm holds one of them, locked as a whole, from the first scriptlet of a transaction to the last
_LOCKS = ("/usr/lib/sysimage/rpm/.rpm.lock", "/var/lib/rpm/.rpm.lock")
_PATIENCE = 1800.0  # seconds; without this bound, a scriptlet that waits for us would never end


def settle(root: str, say: Callable[[str], None], patience: float = _PATIENCE) -> bool:
    """Wait until no rpm transaction is under way.

    root -- of the file system
    say -- takes one-line texts for the administrator
    patience -- seconds to wait

    Returns whether there is none. This is also true without rpm, or without the right to ask it.
    """
    end = time.monotonic() + patience
    said = False
    while _busy(root):
        if time.monotonic() >= end:
            return False
        if not said:
            say("packages are being installed: waiting until that has ended")
            said = True
        time.sleep(1.0)
    return True


def _busy(root: str) -> bool:
    for path in _LOCKS:
        try:
            lock = os.open(root + path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(lock)
    return False

"""Is the system's software whole? In the midst of an rpm transaction it is not.

An image is built of what is installed: of an upgrade's first half it may not start.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import Callable

__all__ = ["settle"]

# rpm holds one of them, locked as a whole, from the first scriptlet of a transaction to the last
_LOCKS = ("/usr/lib/sysimage/rpm/.rpm.lock", "/var/lib/rpm/.rpm.lock")
_PATIENCE = 1800.0  # seconds; without an end, a scriptlet that waits for us would never end, too


def settle(root: str, say: Callable[[str], None], patience: float = _PATIENCE) -> bool:
    """Wait until no rpm transaction is under way.

    root -- of the file system
    say -- takes one-line texts for the administrator
    patience -- seconds to wait

    Returns whether there is none; that is so, too, where there is no rpm, or no right to ask it.
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

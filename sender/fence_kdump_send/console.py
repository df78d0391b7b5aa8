"""Lines for the console of the crash kernel."""

from __future__ import annotations

import posix
import select

__all__ = ["keep_stdio", "say", "tell"]

NAME = "fence_kdump_send"
STDOUT, STDERR = 1, 2


def keep_stdio() -> None:
    """Fill closed descriptors 0, 1 and 2, so that no socket of ours becomes "stderr".

    "/" serves: /dev/null may be missing in a crash image, and a write to "/" fails harmlessly.
    """
    while (fd := posix.open("/", posix.O_RDONLY)) <= STDERR:
        pass
    posix.close(fd)


def say(text: str) -> None:
    """One line on stderr, after the program's name. Lost if nobody takes it: never waits."""
    tell(f"{NAME}: {text}\n", STDERR)


def tell(text: str, fd: int = STDOUT) -> None:
    """Write text to a descriptor if that needs no waiting; a full pipe must not delay a message."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    try:
        if any(events & select.POLLOUT for _, events in poll.poll(0)):
            posix.write(fd, text.encode("utf-8", "replace"))
    except OSError:
        pass

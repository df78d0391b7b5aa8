"""Lines for the console of the crash kernel."""

from __future__ import annotations

import posix
import select

__all__ = ["keep_stdio", "say", "tell"]

NAME = "fence_kdump_send"
STDOUT, STDERR = 1, 2


def keep_stdio() -> None:
    """Fill closed descriptors 0, 1 and 2, so that no socket of ours becomes "stderr"; and see to it
    that a terminal as stderr is never waited for.

    "/" serves: /dev/null may be missing in a crash image, and a write to "/" fails harmlessly.
    """
    while (fd := posix.open("/", posix.O_RDONLY)) <= STDERR:
        pass
    posix.close(fd)
    if not posix.isatty(STDERR):
        return
    try:  # a description of our own: others who write to this terminal may wait for it
        flags = posix.O_WRONLY | posix.O_NONBLOCK | posix.O_NOCTTY
        own = posix.open(f"/proc/self/fd/{STDERR}", flags)
    except OSError:  # no /proc
        return
    posix.dup2(own, STDERR)
    posix.close(own)


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

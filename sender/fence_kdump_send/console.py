"""Lines for the console of the crash kernel, and for its log, which is saved beside the dump."""

from __future__ import annotations

import posix
import select

__all__ = ["in_crash_kernel", "keep_stdio", "say", "tell"]

NAME = "fence_kdump_send"
STDOUT, STDERR = 1, 2
LOG = "/dev/kmsg"
WARNING = "<4>"  # printed unless the kernel is told to be quiet (syslog(2))
LONGEST = 900  # bytes; the kernel takes no line of 1,000 (kernel, printk's devkmsg_write)


def in_crash_kernel() -> bool:
    """Whether this is a crash kernel: nothing else has /proc/vmcore (kernel, fs/proc/vmcore.c)."""
    try:
        posix.stat("/proc/vmcore")
    except OSError:
        return False
    return True


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
    """One line on stderr, after the program's name, and in the log of a crash kernel. Lost where
    nobody takes it: never waits."""
    tell(f"{NAME}: {text}\n", STDERR)
    if in_crash_kernel():
        _log(f"{WARNING}{NAME}: {text}\n")


def _log(line: str) -> None:
    # Opened anew for each line: the kernel limits the rate of an open file to 10 lines in 5 s.
    try:
        log = posix.open(LOG, posix.O_WRONLY | posix.O_NONBLOCK | posix.O_NOCTTY | posix.O_CLOEXEC)
    except OSError:  # none there
        return
    try:
        posix.write(log, line.encode("utf-8", "replace")[:LONGEST])
    except OSError:
        pass
    posix.close(log)


def tell(text: str, fd: int = STDOUT) -> None:
    """Write text to a descriptor if that needs no waiting; a full pipe must not delay a message."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    try:
        if any(events & select.POLLOUT for _, events in poll.poll(0)):
            posix.write(fd, text.encode("utf-8", "replace"))
    except OSError:
        pass

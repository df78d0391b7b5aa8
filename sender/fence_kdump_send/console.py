"""Lines for the console of the crash kernel, and for its log, which kdump saves with the dump."""

from __future__ import annotations

import posix
import select

__all__ = ["in_crash_kernel", "keep_stdio", "say", "tell"]

NAME = "fence_kdump_send"
STDOUT, STDERR = 1, 2
LOG = "/dev/kmsg"
WARNING = "<4>"  # printed unless the kernel is quiet (syslog(2))
LONGEST = 900  # bytes; the kernel refuses lines of 1,000 (kernel, printk's devkmsg_write)


def in_crash_kernel() -> bool:
    """Whether this is a crash kernel: only that has /proc/vmcore (kernel, fs/proc/vmcore.c)."""
    try:
        posix.stat("/proc/vmcore")
    except OSError:
        return False
    return True


def keep_stdio() -> None:
    """Open the descriptors 0, 1 and 2 if they are closed, and never wait for a terminal.

    Otherwise a socket could become "stderr". "/" is opened because /dev/null may be missing in a
    crash image. A write to "/" fails harmlessly.
    """
    while (fd := posix.open("/", posix.O_RDONLY)) <= STDERR:
        pass
    posix.close(fd)
    if not posix.isatty(STDERR):
        return
    try:  # a separate description: other programs may want to wait for this terminal
        flags = posix.O_WRONLY | posix.O_NONBLOCK | posix.O_NOCTTY
        own = posix.open(f"/proc/self/fd/{STDERR}", flags)
    except OSError:  # no /proc
        return
    posix.dup2(own, STDERR)
    posix.close(own)


def say(text: str) -> None:
    """One line on standard error, after the program's name, and in the log of a crash kernel.

    It never waits. If nobody reads, the line is lost.
    """
    tell(f"{NAME}: {text}\n", STDERR)
    if in_crash_kernel():
        _log(f"{WARNING}{NAME}: {text}\n")


def _log(line: str) -> None:
    # Opened for each line, because the kernel limits an open file to 10 lines in 5 s.
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
    """Write text to a descriptor, but not if that would wait: it must not delay a message."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    try:
        if any(events & select.POLLOUT for _, events in poll.poll(0)):
            posix.write(fd, text.encode("utf-8", "replace"))
    except OSError:
        pass

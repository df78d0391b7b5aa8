"""One boot of a machine, watched on its serial console to its end, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .host import RigError
from .timeline import PANIC, Timeline
from .vm import Console, VirtualMachine
from .witness import Datagram

__all__ = ["CRASH_CMDLINE", "PRODUCTION_CMDLINE", "BootFailed", "Outcome", "attend"]

# what kdump-utils appends on x86, without what is about hardware that QEMU has not
CRASH_CMDLINE = (
    "console=ttyS0 irqpoll nr_cpus=1 reset_devices cgroup_disable=memory numa=off "
    "udev.children-max=2 panic=10 nokaslr novmcoredd rd.shell=0 "
    # a busy machine and a newer systemd bring udevd up late, and the dump's disk with it
    "systemd.default_device_timeout_sec=300"
)
PRODUCTION_CMDLINE = "console=ttyS0 crashkernel={} panic=10"

_ENDS = ("RIG: power off", "RIG: still alive")  # how a boot says that it got to its end
_FAULTS = ("Initramfs unpacking failed", "RIG: FAILED")
_LIMIT = 600.0  # seconds; a boot that takes longer hangs


class BootFailed(RigError):
    """The machine did not get to its end; the message has the tail of the serial console."""

    def __init__(self, why: str, console: Console) -> None:
        super().__init__(f"{why}; the serial console ended with\n{console.tail()}")


@dataclass(frozen=True)
class Outcome:
    """What came of a machine's boot and panic. All times are seconds of the monotonic clock.

    datagrams -- what the witness saw on port 7410
    vmcore    -- the dump's file, taken from its target; None when there is none
    dumped_to -- the file system that took it, to be checked; None for the network
    log       -- the crash kernel's own log, saved beside the dump; None when there is none
    """

    console: Console
    datagrams: list[Datagram]
    vmcore: str | None
    dumped_to: str | None
    log: str | None

    def time_of(self, text: str) -> float | None:
        """When the console first had a line with `text`."""
        line = self.console.find(text)
        return line.time if line else None


def attend(
    machine: VirtualMachine,
    timeline: Timeline,
    at_panic: Callable[[], None] = lambda: None,
    reset: bool = False,
) -> None:
    """Watches the console to the machine's end.

    timeline -- takes the console's lines
    at_panic -- called when the kernel says that it panics
    reset    -- whether a reset is its end

    Raises BootFailed when the machine does not get to its end.
    """
    ended = panicked = False
    start = time.monotonic()
    for line in machine.console.follow(start + _LIMIT):
        for fault in _FAULTS:
            if fault in line.text:
                raise BootFailed(fault, machine.console)
        timeline.read(*line)
        if PANIC in line.text and not panicked:
            panicked = True
            at_panic()
        ended = ended or any(end in line.text for end in _ENDS)
    if time.monotonic() - start >= _LIMIT:
        raise BootFailed(f"the machine still ran after {_LIMIT:.0f} s", machine.console)
    if ended == reset:
        what = "was not reset" if reset else "stopped before its end"
        raise BootFailed(f"the machine {what}", machine.console)

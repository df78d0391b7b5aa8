"""What a dump must be, whoever looked on."""

from __future__ import annotations

from rig import disk, dump
from rig.boot import Outcome
from rig.timeline import PANIC


def assert_dumped(outcome: Outcome) -> None:
    """The dump is whole and of the kernel that panicked, and its file system is sound."""
    assert outcome.vmcore, "no vmcore was saved"
    assert dump.signature(outcome.vmcore) == dump.SIGNATURE
    assert f"{PANIC}: sysrq triggered crash" in dump.dmesg(outcome.vmcore)
    if outcome.dumped_to:
        disk.check(outcome.dumped_to)

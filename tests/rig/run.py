"""One run: a node boots, panics and dumps while the survivor listens; and what came of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Literal

from . import disk, host, stage1
from .agent import Agent
from .dump_server import DumpServer
from .image import Image
from .network import Network
from .nodes import DUMP_LABEL
from .timeline import PANIC, Timeline
from .vm import Console, VirtualMachine
from .witness import Datagram, Witness

__all__ = ["BootFailed", "Outcome", "Scenario", "run"]

_ENDS = ("RIG: power off", "RIG: still alive")  # how a boot says that it got to its end
_FAULTS = ("Initramfs unpacking failed", "RIG: FAILED")

# what kdump-utils appends on x86, without what is about hardware that QEMU has not
_CRASH_CMDLINE = (
    "console=ttyS0 irqpoll nr_cpus=1 reset_devices cgroup_disable=memory numa=off "
    "udev.children-max=2 panic=10 nokaslr novmcoredd rd.shell=0"
)
_PRODUCTION_CMDLINE = "console=ttyS0 crashkernel={} panic=10"
_LATE = 10.0  # seconds after the panic when a late dump target appears
_LIMIT = 240.0  # seconds; a boot that takes longer hangs


class BootFailed(host.RigError):
    """The machine did not get to its end; the message has the tail of the serial console."""

    def __init__(self, why: str, console: Console) -> None:
        super().__init__(f"{why}; the serial console ended with\n{console.tail()}")


@dataclass(frozen=True)
class Scenario:
    """What is to happen to a node.

    name        -- for its folder and for people
    image       -- its crash image
    crash       -- whether it panics; else it boots the crash image as if that were its own
    words       -- more words for the crash kernel's command line
    target      -- where the dump's target is: on the node's disk, on one that appears ten seconds
                   after the panic, nowhere, or on the survivor
    agent       -- which agent waits on the survivor
    unplugged   -- the NICs, by number, without a carrier
    memory      -- what is set aside for the crash kernel
    """

    name: str
    image: Image
    crash: bool = True
    words: str = ""
    target: Literal["disk", "late", "absent", "network"] = "disk"
    agent: Literal["ours", "c"] = "ours"
    unplugged: tuple[int, ...] = ()
    memory: str = "192M"  # what RHEL sets aside on a small machine


@dataclass(frozen=True)
class Outcome:
    """What happened. All times are seconds of the monotonic clock.

    datagrams        -- what the witness saw on port 7410
    agent_returncode -- None when the agent was still waiting at the end
    vmcore           -- the dump's file, taken from its target; None when there is none
    dumped_to        -- the file system that took it, to be checked; None for the network
    """

    console: Console
    datagrams: list[Datagram]
    agent_returncode: int | None
    agent_output: str
    vmcore: str | None
    dumped_to: str | None

    def time_of(self, text: str) -> float | None:
        """When the console first had a line with `text`."""
        line = self.console.find(text)
        return line.time if line else None


def run(scenario: Scenario, image: str, folder: str, timeline: Timeline | None = None) -> Outcome:
    """Lets it happen.

    image    -- path of the scenario's crash image, already built
    folder   -- for the disks, the dump and `serial.log`; made if it is not there
    timeline -- takes the stages as they are reached

    Raises BootFailed when the machine does not get to its end.
    """
    os.makedirs(folder, exist_ok=True)
    timeline = timeline or Timeline(scenario.image.node.survivor_address)
    node = scenario.image.node
    label = DUMP_LABEL if scenario.target == "disk" else "production"
    cmdline = f"{_CRASH_CMDLINE} {scenario.words}".strip()
    production = os.path.join(folder, "disk")
    disk.add_production_disk(production, label, image, cmdline)
    late = os.path.join(folder, "late-disk")
    if scenario.target == "late":
        disk.add_file_system(late, DUMP_LABEL)
    flat = os.path.join(folder, "vmcore.flat")

    if scenario.crash:
        initrd = stage1.build(os.path.join(folder, "production.img"))
        append = _PRODUCTION_CMDLINE.format(scenario.memory)
    else:
        initrd, append = image, cmdline

    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network(node))
        witness = stack.enter_context(Witness(network, timeline))
        command = [host.C_AGENT] if scenario.agent == "c" else host.agent()
        agent = stack.enter_context(Agent(network, command, node.address, timeline))
        if scenario.target == "network":
            stack.enter_context(DumpServer(network, flat))
        machine = VirtualMachine(
            node, network, initrd, append, (production,), os.path.join(folder, "serial.log")
        )
        stack.enter_context(machine)
        for nic in scenario.unplugged:
            machine.unplug_cable(nic)
        _attend(machine, timeline, late if scenario.target == "late" else None)

    dumped_to = {"disk": production, "late": late}.get(scenario.target)
    return Outcome(
        machine.console,
        witness.datagrams,
        agent.returncode,
        agent.output,
        _fetch(dumped_to, flat, os.path.join(folder, "vmcore")),
        dumped_to,
    )


def _attend(machine: VirtualMachine, timeline: Timeline, late_disk: str | None) -> None:
    """Watches the console to the machine's end, and plugs in the late disk when its time comes."""
    ended = False
    start = time.monotonic()
    for line in machine.console.follow(start + _LIMIT):
        for fault in _FAULTS:
            if fault in line.text:
                raise BootFailed(fault, machine.console)
        timeline.read(*line)
        if late_disk and PANIC in line.text:
            plug = threading.Timer(_LATE, machine.plug_disk, [late_disk])
            plug.daemon = True
            plug.start()
        ended = ended or any(end in line.text for end in _ENDS)
    if time.monotonic() - start >= _LIMIT:
        raise BootFailed(f"the machine still ran after {_LIMIT:.0f} s", machine.console)
    if not ended:
        raise BootFailed("the machine stopped before its end", machine.console)


def _fetch(dumped_to: str | None, flat: str, output: str) -> str | None:
    """Brings the dump to `output`, from its file system or from what the server received."""
    if dumped_to is not None:
        return output if disk.extract(dumped_to, "/var/crash/vmcore", output) else None
    if os.path.exists(flat) and os.path.getsize(flat):
        with open(flat, "rb") as source:
            subprocess.run(["makedumpfile", "-R", output], stdin=source, check=True)
        return output
    return None

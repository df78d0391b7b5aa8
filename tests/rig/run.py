"""One run: a node boots, panics and dumps while the survivor listens; and what came of it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from dataclasses import dataclass
from typing import Literal

from . import boot, disk, host, stage1
from .agent import Agent
from .dump_server import DumpServer
from .image import Image
from .network import Network
from .nodes import DUMP_LABEL
from .timeline import Timeline
from .vm import VirtualMachine
from .witness import Witness

__all__ = ["Outcome", "Scenario", "run"]

_LATE = 10.0  # seconds after the panic when a late dump target appears


@dataclass(frozen=True)
class Scenario:
    """What is to happen to a node.

    name        -- for its folder and for people
    image       -- its crash image
    crash       -- whether it panics; else it boots the crash image as if that were its own
    words       -- more words for the crash kernel's command line
    dump        -- whether it dumps; else it powers off when messages have left, which is sooner
    target      -- where the dump's target is: on the node's disk, on one that appears ten seconds
                   after the panic, nowhere, or on the survivor
    agent       -- which agent waits on the survivor
    options     -- more options of the agent
    then        -- options of another agent, which runs once the first has succeeded
    unplugged   -- the NICs, by number, without a carrier
    reset       -- whether something resets the machine before its end
    memory      -- what is set aside for the crash kernel
    """

    name: str
    image: Image
    crash: bool = True
    words: str = ""
    dump: bool = True
    target: Literal["disk", "late", "absent", "network"] = "disk"
    agent: Literal["ours", "c"] = "ours"
    options: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    unplugged: tuple[int, ...] = ()
    reset: bool = False
    memory: str = "192M"  # what RHEL sets aside on a small machine


@dataclass(frozen=True)
class Outcome(boot.Outcome):
    """What happened.

    agent_returncode -- None when the agent was still waiting at the end
    afterwards -- what the other agent printed, and its exit status
    dumped_from -- the node's address that a dump over the network came from
    """

    agent_returncode: int | None
    agent_output: str
    afterwards: str
    dumped_from: str = ""


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
    words = [boot.CRASH_CMDLINE, scenario.words, "" if scenario.dump else "rig.no_dump"]
    cmdline = " ".join(filter(None, words))
    production = os.path.join(folder, "disk")
    disk.add_production_disk(production, label, image, cmdline, node.watchdog)
    late = os.path.join(folder, "late-disk")
    if scenario.target == "late":
        disk.add_file_system(late, DUMP_LABEL)
    flat = os.path.join(folder, "vmcore.flat")

    if scenario.crash:
        initrd = stage1.build(os.path.join(folder, "production.img"), watchdog=node.watchdog)
        append = boot.PRODUCTION_CMDLINE.format(scenario.memory)
    else:
        initrd, append = image, cmdline

    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network(node))
        witness = stack.enter_context(Witness(network, timeline))
        command = [host.C_AGENT] if scenario.agent == "c" else host.agent()
        options = scenario.options or ("-n", node.address)
        agent = stack.enter_context(Agent(network, command, timeline, options, scenario.then))
        if scenario.target == "network":
            target = re.findall(r"^netcat (.*)$", node.etc["kdump.conf"], re.MULTILINE)
            stack.enter_context(DumpServer(network, flat, *target))
        machine = VirtualMachine(
            node, network, initrd, append, (production,), os.path.join(folder, "serial.log")
        )
        stack.enter_context(machine)
        for nic in scenario.unplugged:
            machine.unplug_cable(nic)
        plug = threading.Timer(_LATE, machine.plug_disk, [late])
        plug.daemon = True
        at_panic = plug.start if scenario.target == "late" else lambda: None
        boot.attend(machine, timeline, at_panic, scenario.reset)

    dumped_to = {"disk": production, "late": late}.get(scenario.target)
    return Outcome(
        console=machine.console,
        datagrams=witness.datagrams,
        vmcore=_fetch(dumped_to, flat, os.path.join(folder, "vmcore")),
        dumped_to=dumped_to,
        log=disk.crash_log(dumped_to, folder) if dumped_to else None,
        agent_returncode=agent.returncode,
        agent_output=agent.output,
        afterwards=agent.afterwards,
        dumped_from=_text(f"{flat}.from"),
    )


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _fetch(dumped_to: str | None, flat: str, output: str) -> str | None:
    """Brings the dump to `output`, from its file system or from what the server received."""
    if dumped_to is not None:
        return output if disk.extract(dumped_to, "/var/crash/vmcore", output) else None
    if os.path.exists(flat) and os.path.getsize(flat):
        with open(flat, "rb") as source:
            subprocess.run(["makedumpfile", "-R", output], stdin=source, check=True)
        return output
    return None

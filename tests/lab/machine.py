"""A cluster's node that panics in a virtual machine, and what the other nodes make of it.

As long as it lives, the node's Corosync and Pacemaker run in its namespaces, while the machine
boots and loads the node's crash kernel. At the panic they are killed, and their link goes down:
from then on the machine alone is the node. It has the node's name, its hardware address, its
corosync.conf, and is plugged into the cluster's switch.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator

from lab.cluster import Cluster
from lab.cluster import Node as Member
from rig import disk, stage1
from rig.boot import CRASH_CMDLINE, PRODUCTION_CMDLINE, Outcome, attend
from rig.nodes import DUMP_LABEL, Nic, Node
from rig.timeline import Timeline
from rig.vm import VirtualMachine
from rig.witness import Witness

__all__ = ["Port", "machine_of", "run", "watched"]

_MEMORY = "192M"  # what RHEL sets aside on a small machine
_FENCING = 60.0  # seconds after the machine's end for a fencing that is not done yet

# what Corosync and Pacemaker log at a stage
_LOGGED = {
    "token_lost": "A processor failed, forming new configuration",
    "fence_requested": r"Requesting fencing \(\w+\) (?:of|targeting) node {name}\b",
    "fenced": r"Peer {name} was terminated .*: OK\b",
}


def machine_of(cluster: Cluster, name: str) -> Node:
    """The machine that the node of that name is when it panics, in a cluster of one IPv4 ring."""
    member = cluster[name]
    (own,), others = member.addresses, cluster.others(name)
    return Node(
        name=name,
        nics=(Nic("eth0", member.host.mac()),),
        network=(f"addr add {own}/24 dev eth0", "link set eth0 up"),
        etc={
            "kdump.conf": f"ext4 LABEL={DUMP_LABEL}\npath /var/crash\n",
            **{path: member.etc[path] for path in ("corosync/corosync.conf", "hostname", "hosts")},
        },
        survivor=tuple(f"addr add {other}/24 dev lan0" for other in others),
        address=own,
        survivor_address=others[0],
    )


def run(cluster: Cluster, node: Node, crash_image: str, folder: str, timeline: Timeline) -> Outcome:
    """Lets the machine boot, panic and dump while the cluster goes on.

    node        -- a `machine_of` that cluster, whose fencing is set up
    crash_image -- path of its crash image
    folder      -- for the disk, the dump and `serial.log`; must exist
    timeline    -- of CLUSTER_STAGES: takes them as they are reached

    Returns when the machine has ended and the node is fenced, or when that takes too long. Raises
    BootFailed when the machine does not get to its end.
    """
    member = cluster[node.name]
    production = os.path.join(folder, "disk")
    disk.add_production_disk(production, DUMP_LABEL, crash_image, CRASH_CMDLINE)
    initrd = stage1.build(os.path.join(folder, "production.img"))
    survivors = [survivor for survivor in cluster.survivors if survivor is not member]

    def die() -> None:
        member.crash()
        member.host.ip("link set eth0 down")

    with contextlib.ExitStack() as stack:
        port = stack.enter_context(Port(cluster))
        witness = stack.enter_context(Witness(port, timeline, port.tap(0)))
        stack.enter_context(watched(survivors, node.name, timeline))
        machine = VirtualMachine(
            node,
            port,
            initrd,
            PRODUCTION_CMDLINE.format(_MEMORY),
            (production,),
            os.path.join(folder, "serial.log"),
        )
        stack.callback(member.host.ip, "link set eth0 up")
        stack.enter_context(machine)
        attend(machine, timeline, die)
        timeline.wait("fenced", _FENCING)

    vmcore = os.path.join(folder, "vmcore")
    saved = disk.extract(production, "/var/crash/vmcore", vmcore)
    return Outcome(
        console=machine.console,
        datagrams=witness.datagrams,
        vmcore=vmcore if saved else None,
        dumped_to=production,
        log=disk.crash_log(production, folder),
    )


class Port:
    """A port of the cluster's switch, as a machine's only segment; a context manager."""

    def __init__(self, cluster: Cluster) -> None:
        self._switch = cluster.switch

    def tap(self, index: int) -> str:
        return f"tap{index}"

    def command(self, *argv: str) -> list[str]:
        return self._switch.command(*argv)

    def __enter__(self) -> Port:
        self._switch.ip(f"tuntap add dev {self.tap(0)} mode tap")
        self._switch.ip(f"link set {self.tap(0)} master br0 up")
        return self

    def __exit__(self, *_: object) -> None:
        self._switch.ip(f"link delete {self.tap(0)}")


@contextlib.contextmanager
def watched(survivors: list[Member], name: str, timeline: Timeline) -> Iterator[None]:
    """Has the timeline told what the survivors log, and when an agent listens on one of them."""
    patterns = {stage: re.compile(text.format(name=name)) for stage, text in _LOGGED.items()}
    logs = [
        f"{survivor.folder}/log/{path}"
        for survivor in survivors
        for path in ("corosync/corosync.log", "pacemaker/pacemaker.log")
    ]
    tail = subprocess.Popen(["tail", "-q", "-n", "0", "-F", *logs], stdout=subprocess.PIPE)
    assert tail.stdout is not None
    output = tail.stdout
    over = threading.Event()

    def read() -> None:
        for raw in output:
            line = raw.decode("utf-8", "replace")
            for stage, pattern in patterns.items():
                if pattern.search(line):
                    timeline.reach(stage, time.monotonic())

    def look() -> None:
        # the agent tells nobody when it begins to listen
        while not timeline.wait("agent_listening", 0) and not over.wait(0.02):
            if any(survivor.agents() for survivor in survivors):
                timeline.reach("agent_listening", time.monotonic())

    threads = [threading.Thread(target=read), threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        tail.kill()
        tail.wait()
        for thread in threads:
            thread.join()
        output.close()

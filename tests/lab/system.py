"""A cluster's node that is a whole Debian system in a virtual machine.

It boots from its disk with systemd, and has Corosync and Pacemaker of its own, which join those
of the other nodes, and the product, installed by `make install`. Its crash image is built in it,
and it reboots by itself when the dump is saved: QEMU then ends, and is started again on the same
disk, as without KVM its own reset leaves a machine that hardly moves. The other nodes are
namespaces (lab.cluster).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from types import TracebackType

from lab.cluster import Cluster, Node
from lab.machine import Port, machine_of, watched
from rig import disk, host, nodes, stage1
from rig.boot import CRASH_CMDLINE, BootFailed
from rig.timeline import Timeline
from rig.vm import Console, VirtualMachine
from rig.witness import Datagram, Witness

__all__ = ["ROOT_IMAGE", "System"]

ROOT_IMAGE = os.path.join(host.REPOSITORY, "build", "roots", "system.img")

_LABEL = nodes.DUMP_LABEL  # its root takes the dump
_APPEND = (
    f"root=LABEL={_LABEL} rw console=ttyS0 crashkernel=256M panic=10 net.ifnames=0"
    " systemd.show_status=0 unknown_nmi_panic"
)
# A node's memory takes a while to save. This machine's might be saved before the others ask for its
# fencing, 11 s after the panic.
_LONG_DUMP = "rig.dump_after=30"
_FILES = {
    "fstab": f"LABEL={_LABEL} / ext4 rw 0 0\n",
    "machine-id": "6f1d8c5e0b534c3f9d559a0c3d0b7a02\n",
    "sysconfig/kdump": f'KDUMP_COMMANDLINE="{CRASH_CMDLINE} rig.reboot {_LONG_DUMP}"\n',
    "systemd/network/10-eth0.network": "[Match]\nName=eth0\n[Network]\nAddress={address}/24\n",
}
_BOOT = 900.0  # seconds; it builds a crash image, without hardware's help
_JOIN = 300.0


class System:
    """The node; runs while the context lasts. Then the others notice that it is gone.

    cluster  -- with the node among those that are absent
    name     -- of the node
    folder   -- for its disk and its serial console; must exist
    timeline -- of SYSTEM_STAGES: takes them as they are reached
    """

    def __init__(self, cluster: Cluster, name: str, folder: str, timeline: Timeline) -> None:
        self._cluster = cluster
        self._folder = folder
        self._timeline = timeline
        self._node = machine_of(cluster, name)
        self._disk = os.path.join(folder, "system.img")
        self._stack = contextlib.ExitStack()
        self.datagrams: list[Datagram] = []
        cluster[name].host.ip("link set eth0 down")  # the machine has its address
        self._install(cluster[name])

    def _install(self, member: Node) -> None:
        """Makes the disk of the root image."""
        host.run("cp", "--sparse=always", ROOT_IMAGE, self._disk)
        # a journal: the panic leaves it as it is
        host.run("tune2fs", "-L", _LABEL, "-O", "has_journal", self._disk)
        files = os.path.join(self._folder, "files")
        texts = {**member.etc, **self._node.etc, **_FILES}
        for path, text in texts.items():
            file = os.path.join(files, "etc", path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text.replace("{address}", self._node.address))
        kernel = os.path.join(self._folder, "kernel")
        host.run(
            "unshare", "--mount", host.guest_file("system/install.sh"), self._disk, files,
            host.REPOSITORY, kernel,
        )  # fmt: skip
        initrd = stage1.build(
            os.path.join(self._folder, "initrd"), "system-init.sh", ("virtio_net",), system=kernel
        )
        port = self._stack.enter_context(Port(self._cluster))
        witness = self._stack.enter_context(Witness(port, self._timeline, port.tap(0)))
        self.datagrams = witness.datagrams
        image = f"{kernel}/boot/vmlinuz-{host.kernel_release(kernel)}"
        self._machines = [
            VirtualMachine(
                self._node, port, initrd, _APPEND, (self._disk,),
                os.path.join(self._folder, log), memory=1792, kernel=image,
            )
            for log in ("serial.log", "serial-again.log")
        ]  # fmt: skip

    @property
    def console(self) -> Console:
        """The serial console of its first boot, and of the crash kernel."""
        return self._machines[0].console

    def __enter__(self) -> System:
        survivors = self._cluster.survivors
        self._stack.enter_context(watched(survivors, self._node.name, self._timeline))
        self._boot(self._machines[0])
        return self

    def _boot(self, machine: VirtualMachine) -> None:
        self._stack.enter_context(machine)
        threading.Thread(target=self._read, args=(machine.console,), daemon=True).start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        for leftover in ("files", "kernel"):
            shutil.rmtree(os.path.join(self._folder, leftover))

    def _read(self, console: Console) -> None:
        for line in console.follow(time.monotonic() + 24 * 3600):
            self._timeline.read(*line)

    def fencing(self) -> None:
        """Sets up the other nodes' fencing: our agent first, power second."""
        # nobody has seen the node yet, and it is not to be fenced for that
        self._cluster.nodes[0].shell("crm_attribute --name startup-fencing --update false")
        self._cluster.two_levels("timeout=45 pcmk_off_timeout=60 pcmk_off_retries=1")

    def report(self, boot: int) -> dict[str, str]:
        """What it says of itself at its end of boot number `boot` (1 is the first).

        Keys are refresh, watched, monitor, image, failed. Raises BootFailed if it says nothing.
        """
        said: dict[str, str] = {}
        console = self._machines[boot - 1].console
        for line in console.follow(time.monotonic() + _BOOT):
            key, _, value = line.text.partition("SYSTEM: ")[2].partition(" ")
            if key == "booted":
                return said
            if key:
                said[key] = value
        raise BootFailed(f"no report of boot {boot} within {_BOOT:.0f} s", console)

    def joined(self) -> None:
        """Waits until it is a member. Raises BootFailed when it does not become one."""
        names = " ".join(node.name for node in self._cluster.nodes)
        end = time.monotonic() + _JOIN
        while f"Online: [ {names} ]" not in self._cluster.status():
            if time.monotonic() > end:
                raise BootFailed(f"not a member after {_JOIN:.0f} s", self.console)
            time.sleep(0.2)  # crm_mon has no event for it

    def panic(self) -> None:
        """Lets it panic as by the button of a service processor, and waits till it is back.

        Its kernel has no time left to tell the console: the panic is when the button is pressed.
        """
        self._timeline.reach("panic", time.monotonic())
        self._machines[0].monitor("inject-nmi")
        for _ in self.console.follow(time.monotonic() + _BOOT):
            pass
        if not self.console.find("RIG: reboot"):
            raise BootFailed("its crash kernel did not reboot", self.console)
        self._boot(self._machines[1])
        if not self._timeline.wait("booted", _BOOT):
            raise BootFailed("it did not boot again", self._machines[1].console)
        self.joined()
        self._timeline.reach("rejoined", time.monotonic())

    def vmcore(self) -> str | None:
        """Brings the dump to the folder, once the machine has ended; None if there is none."""
        disk.replay(self._disk)
        path = os.path.join(self._folder, "vmcore")
        return path if disk.extract(self._disk, "/var/crash/vmcore", path) else None

"""The survivor's network: a namespace with a bridge per segment and a tap per NIC of the node."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from typing import Protocol

from .host import RigError, run
from .nodes import Node, write_etc

__all__ = ["Network", "Segments"]

_numbers = itertools.count()


class Segments(Protocol):
    """What a machine can be plugged into: taps in a network namespace."""

    def tap(self, index: int) -> str:
        """The tap of the machine's NIC number `index`."""

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` inside."""


class Network:
    """Where one machine is plugged in; a context manager that takes it away at its end.

    Segment `lan0` is an interface of that name with the survivor's address on it. For a node on a
    VLAN, the bridge is a trunk called `trunk0` instead, and `lan0` is an access port of it. What
    runs inside sees the corosync.conf and the hosts of the node's cluster, and asks no DNS.

    name -- of the network namespace, as `ip netns` knows it
    """

    def __init__(self, node: Node) -> None:
        self.name = f"survivor-{os.getpid()}-{next(_numbers)}"
        self._node = node
        self._access_port: subprocess.Popen[bytes] | None = None

    def tap(self, index: int) -> str:
        """The tap of the node's NIC number `index`."""
        return f"tap{index}"

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` inside."""
        return ["ip", "netns", "exec", self.name, *argv]

    def ip(self, line: str) -> None:
        """Runs one `ip` command line inside."""
        run("ip", "-n", self.name, *line.split())

    def __enter__(self) -> Network:
        run("ip", "netns", "add", self.name)
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    @property
    def _etc(self) -> str:
        """What lies here, `ip netns exec` mounts over /etc."""
        return f"/etc/netns/{self.name}"

    def _write_etc(self) -> None:
        texts = {"nsswitch.conf": "hosts: files\n"}
        shared = ("corosync/", "hosts")
        texts.update({path: t for path, t in self._node.etc.items() if path.startswith(shared)})
        for path, text in texts.items():
            write_etc(f"{self._etc}/{path}", text)

    def _build(self) -> None:
        self._write_etc()
        self.ip("link set lo up")
        trunk = self._node.vlan is not None
        for segment in sorted({nic.segment for nic in self._node.nics}):
            bridge = segment.replace("lan", "trunk") if trunk else segment
            self.ip(f"link add {bridge} type bridge forward_delay 0 mcast_snooping 0")
            self.ip(f"link set {bridge} up")
        for index, nic in enumerate(self._node.nics):
            bridge = nic.segment.replace("lan", "trunk") if trunk else nic.segment
            self.ip(f"tuntap add dev {self.tap(index)} mode tap")
            self.ip(f"link set {self.tap(index)} master {bridge} up")
        if trunk:
            self._start_access_port()
        for line in self._node.survivor:
            self.ip(line)

    def _start_access_port(self) -> None:
        program = os.path.join(os.path.dirname(__file__), "access_port.py")
        argv = self.command(sys.executable, "-IS", program, str(self._node.vlan))
        self._access_port = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert self._access_port.stdout is not None
        if self._access_port.stdout.readline() != b"ready\n":
            raise RigError(f"the access port of VLAN {self._node.vlan} did not start")
        self.ip("link set trunkport master trunk0 up")
        self.ip("link set lan0 up")

    def _remove(self) -> None:
        if self._access_port is not None:
            self._access_port.kill()
            self._access_port.communicate()
        run("ip", "netns", "del", self.name)
        shutil.rmtree(self._etc, ignore_errors=True)

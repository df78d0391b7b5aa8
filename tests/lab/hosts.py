"""Hosts made of network namespaces, joined by veth pairs."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator, Mapping

_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Host:
    """A network namespace with a loopback, and with files of its own in /etc.

    name -- of the namespace
    """

    def __init__(self, label: str, etc: Mapping[str, str] | None = None) -> None:
        self.name = f"{label}{next(_numbers)}"
        # `ip netns exec` mounts what lies here over /etc
        folder = f"/etc/netns/{self.name}"
        for path, text in {"corosync/corosync.conf": "", **(etc or {})}.items():
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            with open(f"{folder}/{path}", "w") as file:
                file.write(text)
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.ip("link set lo up")

    def ip(self, arguments: str) -> str:
        """Run `ip ARGUMENTS` in the namespace; its output."""
        command = ["ip", "-n", self.name, *arguments.split()]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def command(self, *argv: str) -> list[str]:
        """The command line that runs argv in the namespace."""
        return ["ip", "netns", "exec", self.name, *argv]

    def sysctl(self, key: str, value: str) -> None:
        """Set a network sysctl, such as net.ipv4.ip_nonlocal_bind."""
        with self.entered(), open(f"/proc/sys/{key.replace('.', '/')}", "w") as file:
            file.write(value)

    def mac(self, device: str = "eth0") -> str:
        """The hardware address of a device."""
        return self.ip(f"-br link show dev {device}").split()[2]

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are the namespace's, and stay so."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            _setns(there.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def close(self) -> None:
        """Delete the namespace."""
        subprocess.run(["ip", "netns", "delete", self.name], check=True)


def _setns(fd: int) -> None:
    if _libc.setns(fd, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def join(one: Host, other: Host, device: str = "eth0") -> None:
    """A cable between two hosts: a device of that name in each."""
    subprocess.run(
        ["ip", "link", "add", device, "netns", one.name]
        + ["type", "veth", "peer", "name", device, "netns", other.name],
        check=True,
    )
    for host in (one, other):
        host.ip(f"link set {device} up")


def address(host: Host, *addresses: str, device: str = "eth0") -> None:
    """Give a host addresses with prefix lengths, usable at once."""
    for text in addresses:
        nodad = " nodad" if ":" in text else ""
        host.ip(f"address add {text} dev {device}{nodad}")

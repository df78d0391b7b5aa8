"""Hosts made of network namespaces, joined by veth pairs."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import itertools
import os
import select
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping

_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Host:
    """A network namespace with a loopback, and with files of its own in /etc.

    name -- of the namespace

    Names are looked up in its /etc/hosts, and in DNS only if it has a resolv.conf of its own.
    """

    def __init__(self, label: str, etc: Mapping[str, str] | None = None) -> None:
        self.name = f"{label}{next(_numbers)}"
        # `ip netns exec` mounts what lies here over /etc
        folder = f"/etc/netns/{self.name}"
        etc = etc or {}
        dns = " dns" if "resolv.conf" in etc else ""
        own = {"corosync/corosync.conf": "", "nsswitch.conf": f"hosts: files{dns}\n"}
        for path, text in {**own, **etc}.items():
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
        f"ip link add {device} netns {one.name} type veth"
        f" peer name {device} netns {other.name}".split(),
        check=True,
    )
    for host in (one, other):
        host.ip(f"link set {device} up")


def address(host: Host, *addresses: str, device: str = "eth0") -> None:
    """Give a host addresses with prefix lengths, usable at once."""
    for text in addresses:
        nodad = " nodad" if ":" in text else ""
        host.ip(f"address add {text} dev {device}{nodad}")


class LossyCable:
    """A cable between two hosts that loses the first UDP datagrams to port 7410.

    Made of two tap devices and a thread that carries frames between them, as not every kernel has
    tc's netem.

    lost -- how many it lost so far
    """

    def __init__(self, one: Host, other: Host, lose: int) -> None:
        self.lost = 0
        self._lose = lose
        self._ends = [_tap(one), _tap(other)]
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._carry)

    def __enter__(self) -> LossyCable:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._stopped)
        self._thread.join()
        for fd in (*self._ends, self._stop):
            os.close(fd)

    def _carry(self) -> None:
        across = dict(zip(self._ends, reversed(self._ends)))
        while True:
            ready, _, _ = select.select([*self._ends, self._stop], [], [])
            if self._stop in ready:
                return
            for fd in ready:
                frame = os.read(fd, 65536)
                if _is_message(frame) and self.lost < self._lose:
                    self.lost += 1
                else:
                    os.write(across[fd], frame)


def _is_message(frame: bytes) -> bool:
    ipv4_udp = frame[12:14] == b"\x08\x00" and frame[23] == 17
    return ipv4_udp and frame[36:38] == (7410).to_bytes(2, "big")


def _tap(host: Host, device: str = "eth0") -> int:
    """A tap device in the namespace, up; the descriptor of its other end."""
    with host.entered():
        fd = os.open("/dev/net/tun", os.O_RDWR)
        # TUNSETIFF with IFF_TAP | IFF_NO_PI (linux/if_tun.h)
        fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", device.encode(), 0x1002))
    host.ip(f"link set {device} up")
    return fd

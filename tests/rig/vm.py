"""A virtual machine under QEMU: its serial console, line by line with times, and its monitor."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .host import RigError, kernel_image
from .network import Segments
from .nodes import Node

__all__ = ["Console", "Line", "VirtualMachine"]

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()].|[78=>M]|\][^\x07]*\x07)")
_TAIL = 40  # lines of the console that a failure shows


class Line(NamedTuple):
    """A line of the serial console.

    time -- when it was complete, in seconds of the monotonic clock
    """

    time: float
    text: str


class Console:
    """The serial console: a growing list of lines, for one thread to write and others to wait on.

    log -- a file that gets every line as it comes, with seconds since the console was opened
    """

    def __init__(self, log: str) -> None:
        self.lines: list[Line] = []
        self._changed = threading.Condition()
        self._closed = False
        self._log = open(log, "w", encoding="utf-8")  # noqa: SIM115 - closed in close()
        self._start = time.monotonic()

    def add(self, raw: bytes) -> None:
        """Takes one line as the machine wrote it."""
        text = _ESCAPES.sub("", raw.decode("utf-8", "replace")).strip("\r\n")
        line = Line(time.monotonic(), text)
        self._log.write(f"{line.time - self._start:8.3f} {text}\n")
        self._log.flush()
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def close(self) -> None:
        """Tells those who wait that no further line will come."""
        self._log.close()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def follow(self, deadline: float) -> Iterator[Line]:
        """Every line from the first on; ends when the machine does, or at `deadline`."""
        position = 0
        while True:
            with self._changed:
                while position == len(self.lines) and not self._closed:
                    if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                        return
                if position == len(self.lines):
                    return
                line = self.lines[position]
            position += 1
            yield line

    def find(self, text: str) -> Line | None:
        """The first line that has `text`."""
        return next((line for line in self.lines if text in line.text), None)

    def tail(self) -> str:
        """The last lines, for people."""
        return "\n".join(line.text for line in self.lines[-_TAIL:])


@dataclass
class VirtualMachine:
    """One machine with a node's NICs; runs while the context lasts.

    initrd  -- what it boots with the kernel
    append  -- the kernel's command line
    disks   -- files that are there from the start, as /dev/vda and so on
    log     -- where the serial console is written to
    memory  -- MiB
    kernel  -- its path; by default this machine's
    """

    node: Node
    network: Segments
    initrd: str
    append: str
    disks: tuple[str, ...]
    log: str
    memory: int = 1024
    kernel: str = ""
    console: Console = field(init=False)

    def _argv(self, monitor: str) -> list[str]:
        argv = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-smp", "1"]
        argv += ["-m", str(self.memory), "-nodefaults", "-no-user-config", "-display", "none"]
        argv += ["-no-reboot", "-serial", "stdio", "-qmp", f"unix:{monitor},server=on,wait=off"]
        kernel = self.kernel or kernel_image(self.node.watchdog)
        argv += ["-kernel", kernel, "-initrd", self.initrd]
        argv += ["-append", self.append]
        argv += ["-object", "rng-random,id=rng0,filename=/dev/urandom"]
        argv += ["-device", "virtio-rng-pci,rng=rng0", "-device", "virtio-scsi-pci,id=scsi0"]
        argv += ["-device", self.node.watchdog] if self.node.watchdog else []
        for number, disk in enumerate(self.disks):
            argv += ["-drive", f"file={disk},if=none,id=disk{number},format=raw,cache=unsafe"]
            argv += ["-device", f"virtio-blk-pci,drive=disk{number}"]
        for number, nic in enumerate(self.node.nics):
            tap = f"ifname={self.network.tap(number)},script=no,downscript=no"
            argv += ["-netdev", f"tap,id=net{number},{tap}"]
            argv += ["-device", f"virtio-net-pci,id=nic{number},netdev=net{number},mac={nic.mac}"]
        return self.network.command(*argv)

    def __enter__(self) -> VirtualMachine:
        self.console = Console(self.log)
        self._folder = tempfile.mkdtemp()
        monitor = os.path.join(self._folder, "monitor")
        self._program = subprocess.Popen(
            self._argv(monitor),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._monitor = self._connect(monitor)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._monitor.close()
        self._stop()

    def _stop(self) -> None:
        self._program.kill()
        self._program.wait()
        self._reader.join()
        shutil.rmtree(self._folder)

    def _read(self) -> None:
        assert self._program.stdout is not None
        with self._program.stdout as serial:
            for raw in serial:
                self.console.add(raw)
        self.console.close()

    def _connect(self, path: str) -> socket.socket:
        monitor = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 20
        while True:
            try:
                monitor.connect(path)
                break
            except OSError as e:
                if self._program.poll() is not None or time.monotonic() > deadline:
                    raise RigError(f"QEMU did not start:\n{self.console.tail()}") from e
                time.sleep(0.02)
        self._answers = monitor.makefile("rb")
        self._answers.readline()  # the greeting
        self._monitor = monitor
        self.monitor("qmp_capabilities")
        return monitor

    def monitor(self, command: str, **arguments: Any) -> None:
        """Gives QEMU's monitor one command (QEMU's QMP reference); raises RigError if it fails."""
        request = {"execute": command, "arguments": arguments}
        self._monitor.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self._answers.readline())
            if "error" in answer:
                raise RigError(f"QEMU refuses {request}: {answer['error']}")
            if "return" in answer:
                return

    def unplug_cable(self, nic: int) -> None:
        """Takes the carrier from the node's NIC of that number."""
        self.monitor("set_link", name=f"nic{nic}", up=False)

    def plug_disk(self, path: str) -> None:
        """Adds a disk while the machine runs, as a SCSI disk."""
        file = {"driver": "file", "filename": path, "cache": {"no-flush": True}}
        self.monitor("blockdev-add", **{"driver": "raw", "node-name": "late", "file": file})
        self.monitor("device_add", driver="scsi-hd", drive="late", id="late0", bus="scsi0.0")

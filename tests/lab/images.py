"""Crash images built by the real dracut, out of a private folder of its modules and ours."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from lab.hosts import Host
from lab.networks import HERE, fake_sysfs
from rig.host import dracut_base, kernel_release

__all__ = ["HELPER", "RHEL", "SENDER", "SMALL", "SUSE", "Image", "Workshop", "squashers"]

ROOT = os.path.dirname(os.path.dirname(HERE))
MODULE = f"{ROOT}/dracut-module/99zz-fence-kdump"
HELPER = f"{ROOT}/dracut-module/bin/fence-kdump-image"
SENDER = f"{ROOT}/dist/fence_kdump_send"
DEADLINE = 120.0  # seconds for one build

# how kdump-utils' mkdumprd calls dracut (RHEL, Fedora), and how SUSE's does
RHEL = [
    *("--hostonly", "--hostonly-cmdline", "--hostonly-i18n", "--hostonly-mode", "strict"),
    *("--hostonly-nics", "", "--aggressive-strip", "--no-hostonly-default-device"),
    *("--add", "kdumpbase"),
]
SUSE = [
    *("--hostonly", "--hostonly-cmdline", "--no-hostonly-default-device", "--add", "kdump"),
]
# as little as possible, for tests of what goes wrong
SMALL = ["--no-hostonly", "--modules", "bash base kdumpbase zz-fence-kdump"]

COROSYNC = """\
nodelist {
  node {
    name: node1
    ring0_addr: 10.0.0.1
  }
  node {
    name: me
    ring0_addr: 10.0.0.2
  }
}
"""


def squashers() -> list[str]:
    """The modules that squash an image, in this machine's dracut: one, or one a file system."""
    names = [re.sub(r"^\d+", "", name) for name in os.listdir("/usr/lib/dracut/modules.d")]
    return sorted(name for name in names if re.fullmatch("squash(-squashfs|-erofs)?", name))


class Image:
    """A built image.

    path -- its file
    log -- what dracut said
    """

    def __init__(self, path: str, log: str) -> None:
        self.path = path
        self.log = log
        self._unpacked = ""

    def listing(self) -> str:
        """What lsinitrd says of it."""
        run = subprocess.run(
            ["lsinitrd", self.path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
        return run.stdout.decode("utf-8", "replace")

    def root(self) -> str:
        """A folder with its content, unpacked once."""
        if not self._unpacked:
            self._unpacked = f"{self.path}.unpacked"
            os.mkdir(self._unpacked)
            subprocess.run(
                ["lsinitrd", "--unpack", self.path], cwd=self._unpacked, check=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            # what runs in it must not write to this machine's console
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self._unpacked}/dev/console")
        return self._unpacked

    def has(self, path: str) -> bool:
        """Whether there is such a file or link in it."""
        return os.path.lexists(f"{self.root()}/{path}")

    def read(self, path: str) -> str:
        """The text of one of its files."""
        with open(f"{self.root()}/{path}") as file:
            return file.read()

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the image inside the image."""
        return subprocess.run(
            ["chroot", self.root(), *argv], capture_output=True, text=True, check=False, timeout=30,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip


class Workshop:
    """A node, with a NIC that claims to be a virtio NIC, on which images are built.

    where -- a folder for all that is made
    built -- the images that are still there
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.root = f"{where}/node"
        self.module = f"{where}/base/modules.d/99zz-fence-kdump"
        self.built: list[Image] = []
        self._number = 0
        self.host = Host("build", {"resolv.conf": "nameserver 127.0.0.1\n"})
        self.host.ip("link add eth0 address 52:54:00:aa:bb:01 type veth peer name eth0-peer")
        self.host.ip("link set eth0-peer up")
        self.host.ip("link set eth0 up")
        self.host.ip("address add 10.0.0.2/24 dev eth0")
        fake_sysfs(self.root, "eth0")
        self.file(f"{self.root}/etc/corosync/corosync.conf", COROSYNC)
        self._link_modules()
        os.mkdir(f"{where}/conf.d")
        self.helper = self.script("helper", f'exec {HELPER} "$@" --root {self.root} --node me')

    def _link_modules(self) -> None:
        modules = {name: f"{HERE}/dracut/{name}" for name in os.listdir(f"{HERE}/dracut")}
        dracut_base(f"{self.where}/base", modules)
        os.mkdir(self.module)
        for name in os.listdir(MODULE):
            os.symlink(f"{MODULE}/{name}", f"{self.module}/{name}")

    @staticmethod
    def file(path: str, text: str) -> str:
        """Write a file; its path."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def script(self, name: str, body: str) -> str:
        """Write a shell script; its path."""
        path = self.file(f"{self.where}/bin/{name}", f"#!/bin/sh\n{body}\n")
        os.chmod(path, 0o700)
        return path

    def build(
        self, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Image:
        """Build an image; dracut must succeed.

        arguments -- for dracut
        environment -- in place of IN_KDUMP=1, our helper and the frozen sender
        """
        self._number += 1
        path = f"{self.where}/{self._number}.img"
        run = subprocess.run(
            self.command(path, arguments, environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert run.returncode == 0, run.stdout
        self.built.append(Image(path, run.stdout))
        return self.built[-1]

    def command(
        self, path: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> list[str]:
        """The command line that builds an image.

        path -- of the image
        arguments, environment -- as `build` takes them
        """
        given = {
            "IN_KDUMP": "1",
            "FENCE_KDUMP_IMAGE": self.helper,
            "FENCE_KDUMP_SENDER": SENDER,
            "dracutbasedir": f"{self.where}/base",
            **(environment or {}),
        }
        fixed = ["--force", "--conf", "/dev/null", "--confdir", f"{self.where}/conf.d"]
        fixed += ["--no-early-microcode", "--nofscks", "--no-compress", "--no-hostonly-i18n"]
        variables = [f"{name}={value}" for name, value in given.items()]
        dracut = ["dracut", *fixed, *arguments, path, kernel_release()]
        return ["env", *variables, *self.host.command(*dracut)]

    def checked(self, image: Image) -> subprocess.CompletedProcess[str]:
        """What the helper says of an image of this node."""
        return subprocess.run(
            self.host.command(self.helper, "check", "--sender", SENDER, image.path),
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    def discard(self, images: Sequence[Image]) -> None:
        """Remove images: they may lie in memory."""
        for image in images:
            os.unlink(image.path)
            shutil.rmtree(f"{image.path}.unpacked", ignore_errors=True)
            self.built.remove(image)

    def close(self) -> None:
        """Delete its namespace."""
        self.host.close()

"""The node's production system: just enough of one to load a crash kernel and to panic."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from .host import RigError, guest_file, kernel_release, run

__all__ = ["build", "populate"]

_PROGRAMS = (
    *("sh", "mount", "umount", "insmod", "kexec", "cat", "sleep", "sync"),
    *("ip", "find", "tr", "mkdir", "readlink"),  # for a survey
    "switch_root",  # for a whole system
)
_MODULES = ("virtio_pci", "virtio_blk", "virtio_rng", "ext4")


def populate(root: str, init: str) -> None:
    """Fills the folder `root` with a root file system whose only job is to run one script.

    init -- name of the script in guest/, installed as /init

    Raises RigError when this machine lacks a program of it.
    """
    for folder in ("bin", "dev", "etc", "mnt", "proc", "run", "sys", "tmp", "usr"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for program in _PROGRAMS:
        path = shutil.which(program)
        if not path:
            raise RigError(f"{program} is not installed")
        shutil.copy(os.path.realpath(path), os.path.join(root, "bin", program))
        for library in re.findall(r"/\S+", run("ldd", path)):
            target = root + library
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.realpath(library), target)
    with open(os.path.join(root, "etc", "os-release"), "w", encoding="ascii") as release:
        release.write("ID=rig\nNAME=rig\n")
    shutil.copy(guest_file(init), os.path.join(root, "init"))


def build(
    output: str,
    init: str = "production-init.sh",
    modules: Sequence[str] = (),
    watchdog: str = "",
    system: str = "",
) -> str:
    """Writes the production system's initramfs to `output` and returns that path.

    init    -- name of the script in guest/ that it runs
    modules -- kernel modules that it has besides the disk's
    watchdog -- the driver of its watchdog, if it has one
    system  -- root of the system whose kernel it is for; by default this machine's
    """
    with tempfile.TemporaryDirectory() as root:
        populate(root, init)
        shutil.copy(guest_file("stage1.sh"), root)
        os.mkdir(os.path.join(root, "modules"))
        names = (*_MODULES, *modules, *filter(None, [watchdog]))
        release = kernel_release(system, watchdog)
        for number, module in enumerate(_module_files(names, system, release)):
            shutil.copy(
                module, os.path.join(root, "modules", f"{number:02}-{os.path.basename(module)}")
            )
        files = run("find", root, "-mindepth", "1", "-printf", r"%P\n")
        with open(output, "wb") as archive:
            cpio = ["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet", "-D", root]
            subprocess.run(cpio, input=files.encode(), stdout=archive, check=True)
    return output


def _module_files(modules: Sequence[str], system: str, release: str) -> list[str]:
    """The files of the modules and of all they need, in the order to load them in."""
    files: dict[str, None] = {}
    for module in modules:
        where = ["--dirname", system or "/", "--set-version", release]
        listing = run("modprobe", *where, "--show-depends", module)
        for line in listing.splitlines():
            action, path, *_ = line.split()  # options may follow
            if action == "insmod":
                files[path] = None
    return list(files)

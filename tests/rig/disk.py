"""Disks: ext4 images made, filled and read without mounting them and without root."""

from __future__ import annotations

import os
import shutil
import tempfile

from .host import RigError, kernel_image, run
from .stage1 import populate

__all__ = ["add_file_system", "add_production_disk", "check", "crash_log", "extract", "replay"]

_SIZE = "600M"


def add_file_system(path: str, label: str, folder: str | None = None) -> str:
    """Makes `path` an ext4 file system of that label, with the files of `folder` if given."""
    run("truncate", "-s", _SIZE, path)
    content = ["-d", folder] if folder else []
    run("mke2fs", "-q", "-F", "-t", "ext4", "-L", label, *content, path)
    return path


def add_production_disk(path: str, label: str, image: str, cmdline: str, module: str = "") -> str:
    """Makes `path` the node's disk: its crash kernel, and a small system to switch root to.

    label   -- of the file system; the dump goes there if it is the dump target's
    image   -- path of the crash image
    cmdline -- the crash kernel's command line
    module  -- one that the kernel must have
    """
    with tempfile.TemporaryDirectory() as root:
        populate(root, "switched-init.sh")
        boot = os.path.join(root, "boot")
        os.mkdir(boot)
        shutil.copy(kernel_image(module), os.path.join(boot, "vmlinuz"))
        shutil.copy(image, os.path.join(boot, "crash.img"))
        with open(os.path.join(boot, "cmdline"), "w", encoding="ascii") as file:
            file.write(cmdline)
        return add_file_system(path, label, root)


def extract(path: str, file: str, output: str) -> bool:
    """Copies `file` out of the file system `path`; False when it is not there."""
    run("debugfs", "-R", f"dump {file} {output}", path)
    return os.path.exists(output) and os.path.getsize(output) > 0


def crash_log(path: str, folder: str) -> str | None:
    """Fetches the crash kernel's own log from beside the dump; where it is, None if there is none.

    path   -- the file system that took the dump
    folder -- for the log
    """
    output = os.path.join(folder, "kexec-dmesg.log")
    return output if extract(path, "/var/crash/kexec-dmesg.log", output) else None


def replay(path: str) -> None:
    """Does what the file system's journal has left to do: a machine was cut off that used it."""
    run("e2fsck", "-p", "-E", "journal_only", path)


def check(path: str) -> None:
    """Raises RigError when the file system is damaged. A journal left to replay is no damage."""
    replayed = f"{path}.replayed"
    run("cp", "--sparse=always", path, replayed)
    try:
        replay(replayed)
        run("e2fsck", "-fn", replayed)
    except RigError as e:
        raise RigError(f"the file system of {path} is damaged: {e}") from e
    finally:
        os.remove(replayed)

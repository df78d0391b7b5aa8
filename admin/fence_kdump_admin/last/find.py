"""Where the records of the last crash are on this node."""

from __future__ import annotations

import glob
import os
import time
from dataclasses import dataclass

from fence_kdump_image import textfiles
from fence_kdump_image.whom import kdumpconf, sysconfig

__all__ = ["CRASH_LOG", "Records", "dump_folders", "newest_dump", "pacemaker_log", "read_dump"]

CRASH_LOG = "kexec-dmesg.log"
PACEMAKER_LOGS = ("/var/log/pacemaker/pacemaker.log", "/var/log/pacemaker.log")
LARGEST = 32 << 20  # bytes; of a longer log the end counts
_FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "minix", "virtiofs")  # of kdump.conf(5)


@dataclass(frozen=True)
class Records:
    """One file.

    year -- in which it was last written
    """

    path: str
    text: str
    year: int


def dump_folders(root: str) -> list[str]:
    """The folders that kdump saves dumps in, as far as they are on this node now.

    root -- folder that all paths are below
    """
    conf = textfiles.read(root + kdumpconf.PATH)
    words = {
        w[0]: w[1:] for w in (line.partition("#")[0].split() for line in conf.splitlines()) if w
    }
    path = words.get("path", ["/var/crash"])[0]
    saved = sysconfig.parse(textfiles.read(root + sysconfig.KDUMP)).values.get("KDUMP_SAVEDIR", "")
    devices = [w[0] for name, w in words.items() if name in _FILE_SYSTEMS and w]
    mounts = [_mount_point(device) for device in devices]
    found = [f"{mount}/{path}" for mount in mounts if mount] + [path]
    if saved.startswith(("file://", "/")):
        found.append(saved[len("file://") :] if saved.startswith("file://") else saved)
    return list(dict.fromkeys(root + os.path.normpath(place) for place in found))


def newest_dump(root: str) -> str:
    """The newest crash kernel's log in those folders, "" if there is none."""
    found = [
        path
        for place in dump_folders(root)
        for path in glob.glob(f"{glob.escape(place)}/**/{CRASH_LOG}", recursive=True)
    ]
    return max(found, key=os.path.getmtime, default="")


def read_dump(path: str) -> Records:
    """The log at a path, or in a folder. Raises OSError."""
    if os.path.isdir(path):
        path = os.path.join(path, CRASH_LOG)
    return _records(path)


def pacemaker_log(root: str) -> Records | None:
    """Pacemaker's log, None if there is none. Raises OSError for one that cannot be read."""
    for path in PACEMAKER_LOGS:
        try:
            return _records(root + path)
        except FileNotFoundError:
            continue
    return None


def _records(path: str) -> Records:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - LARGEST))
        data = file.read(LARGEST)
        year = time.localtime(os.fstat(file.fileno()).st_mtime).tm_year
    return Records(path, data.decode("utf-8", "replace"), year)


def _mount_point(device: str) -> str:
    """Where a device of kdump.conf is mounted, "" if it is not."""
    kind, equals, value = device.partition("=")
    if equals:
        by = {"UUID": "by-uuid", "LABEL": "by-label", "PARTUUID": "by-partuuid"}.get(
            kind.upper(), ""
        )
        value = value.strip('"')
        device = f"/dev/disk/{by}/{value}" if by else ""
    if not device:
        return ""
    for line in textfiles.read("/proc/self/mounts").splitlines():
        words = line.split()
        if len(words) > 1 and os.path.realpath(words[0]) == os.path.realpath(device):
            return words[1]
    return ""

"""Have a stale crash image rebuilt and loaded by the distribution's own tool, and never lose kdump.

Loading unloads first, and an image may be built that does not fit into the reserved memory: so the
old image stays at hand until the kernel says that a crash kernel is loaded again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Callable

from fence_kdump_image.fresh import packages
from fence_kdump_image.image.check import STALE, UNKNOWN, Outcome
from fence_kdump_image.whom import kdumpconf

__all__ = ["FAILED", "refresh"]

FAILED = "/var/lib/fence-kdump/refresh-failed"  # what the last rebuild that failed was to bring
_LOCK = "/run/fence-kdump-refresh.lock"
_LOADED = "/sys/kernel/kexec_crash_loaded"
_FADUMP = ("/sys/kernel/fadump/enabled", "/sys/kernel/fadump_enabled")
_LOOKS = 6  # in one go, if the configuration changes as fast as images are looked at, or built
Sources = Mapping[str, "str | None"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Tool:
    """A distribution's commands.

    build -- makes the image and loads nothing
    load -- unloads the crash kernel and loads it again, with that image
    """

    build: Sequence[str]
    load: Sequence[str]


_TOOLS = (
    _Tool(("kdumpctl", "rebuild"), ("kdumpctl", "reload")),  # RHEL, Fedora: kdumpctl(8)
    _Tool(("mkdumprd", "-f"), ("systemctl", "restart", "kdump.service")),  # SUSE: mkdumprd(8)
)


def refresh(
    root: str, look: Callable[[], Outcome], read: Callable[[], Sources], say: Say
) -> tuple[bool, Outcome]:
    """Look, rebuild if need be, and look again, until the image fits what is configured.

    Nobody else watches the configuration meanwhile: systemd.path(5) does not while the service runs
    that a change would start.

    root -- of the file system
    look -- checks the image
    read -- what is configured now, as `Outcome.sources` has it
    say -- takes one-line texts for the administrator

    Returns whether all is well (a rebuild that must not or cannot be done by itself is), and what
    the last look found. Raises OSError.
    """
    tool = _tool()
    with open(root + _LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        whole = packages.settle(root, say)
        found = look()
        if tool and found.image and _recover(root, os.path.realpath(found.image), tool, say):
            found = look()
        brought = ""  # what the last rebuild was to bring
        for _ in range(_LOOKS):
            _report(found, say)
            well, done = True, False
            if found.state == STALE and found.wanted == brought:
                say(f"rebuilt, and still stale: {'; '.join(found.reasons)}")
                well = False
                _remember(root, found)
            elif found.state == STALE:
                well, done = _mend(root, found, tool, whole, say)
                brought = found.wanted if done else ""
            if not done and read() == found.sources:
                return well, found
            found = look()
        if found.state != STALE and read() == found.sources:
            return True, found
        say("the configuration changes faster than images are checked: left for the next time")
        return False, found


def _mend(
    root: str, found: Outcome, tool: _Tool | None, whole: bool, say: Say
) -> tuple[bool, bool]:
    """Rebuild a stale image if that may be; whether all is well, and whether it was rebuilt."""
    hindrance = _hindrance(root, tool, whole)
    if hindrance or tool is None:
        say(hindrance)
        return True, False
    if found.wanted == _read(root + FAILED):
        say(f"a rebuild for this has failed before: not tried again until {FAILED} is gone")
        return False, False
    done = _rebuild(root, os.path.realpath(found.image), tool, say)
    if done:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(root + FAILED)
    else:
        _remember(root, found)
    return done, done


def _remember(root: str, found: Outcome) -> None:
    """Not to try again what has failed."""
    os.makedirs(os.path.dirname(root + FAILED), mode=0o755, exist_ok=True)
    with open(root + FAILED, "w") as file:
        file.write(found.wanted)


def _report(found: Outcome, say: Say) -> None:
    for reason in found.reasons:
        say(f"{'cannot tell' if found.state == UNKNOWN else found.state}: {reason}")


def _hindrance(root: str, tool: _Tool | None, whole: bool) -> str:
    """Why a stale image must be left alone, "" if it need not.

    whole -- no package is half installed
    """
    hindrances = (
        (
            os.path.exists(f"{root}/run/ostree-booted"),
            "an ostree system: the image is composed elsewhere",
        ),
        (
            any(_read(root + path) == "1" for path in _FADUMP),
            "fadump is on, where a rebuild rewrites the image of the normal boot: rebuild by hand",
        ),
        (
            kdumpconf.parse(_read(root + kdumpconf.PATH)).no_rebuild,
            f"force_no_rebuild is set in {kdumpconf.PATH}: rebuild by hand",
        ),
        (
            _read(root + _LOADED) != "1",
            "no crash kernel is loaded: start the kdump service, which builds what it needs",
        ),
        (not whole, "packages are being installed, and no end of it: rebuild by hand"),
        (tool is None, "neither kdumpctl nor mkdumprd here: rebuild by hand"),
    )
    return next((text for hinders, text in hindrances if hinders), "")


def _tool() -> _Tool | None:
    return next((tool for tool in _TOOLS if shutil.which(tool.build[0])), None)


def _rebuild(root: str, image: str, tool: _Tool, say: Say) -> bool:
    """Build and load; the old image is back, and loaded, if that fails."""
    old = _old(image)
    try:
        shutil.copy2(image, f"{old}.part")
        os.replace(f"{old}.part", old)
    except OSError as error:
        say(f"the old image cannot be kept at hand ({error}): not rebuilt")
        with contextlib.suppress(OSError):
            os.unlink(f"{old}.part")
        return False
    say(f"rebuilding {image}")
    if _run(tool.build, say):
        if _load(tool, root, say):
            os.unlink(old)
            say("the new image is loaded")
            return True
        say("the new image does not load: the old one is put back")
    else:
        say("no new image: the old one is put back")
    os.replace(old, image)
    # a failed build has unloaded nothing
    if _read(root + _LOADED) == "1" or _load(tool, root, say):
        say("a crash kernel is loaded")
    else:
        say(
            "the old image does not load either: THIS NODE WILL NOT DUMP; see `journalctl -u kdump`"
        )
    return False


def _recover(root: str, image: str, tool: _Tool, say: Say) -> bool:
    """After a rebuild that was cut off, put back the image of before; whether there was one."""
    if not os.path.exists(_old(image)):
        return False
    say("the last rebuild was cut off: the old image is put back")
    os.replace(_old(image), image)
    _load(tool, root, say)
    return True


def _old(image: str) -> str:
    """Where the old image is kept: beside the new one, hidden from boot loaders."""
    return os.path.join(os.path.dirname(image), f".{os.path.basename(image)}.fence-kdump-old")


def _load(tool: _Tool, root: str, say: Say) -> bool:
    return _run(tool.load, say) and _read(root + _LOADED) == "1"


def _run(command: Sequence[str], say: Say) -> bool:
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        say(f"{' '.join(command)}: {error}")
        return False
    if run.returncode:
        say(f"{' '.join(command)} failed with status {run.returncode}")
    return run.returncode == 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except OSError:
        return ""

"""Can a crash kernel start on this node?"""

from __future__ import annotations

import glob
import os
import shutil

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_cluster import corosync

__all__ = ["checks"]

SIZE = "/sys/kernel/kexec_crash_size"
LOADED = "/sys/kernel/kexec_crash_loaded"
STOCK_SENDER = "/usr/libexec/fence_kdump_send"
AGENT = "/usr/sbin/fence_kdump"
UNITS = ("fence-kdump-refresh.path", "fence-kdump-refresh.service")
_WANTED_BY = "/etc/systemd/system/*.wants"


def checks(here: Here) -> list[Check]:
    """The memory, the crash kernel, and the programs that a node needs."""
    return [_memory(here), _kernel(here), _agent(here), _stock_sender(here), _units(here)]


def _memory(here: Here) -> Check:
    size = here.text(SIZE)
    if not size.isdigit():
        text = f"{here.root}{SIZE} is missing: this kernel cannot load a crash kernel, or hides it"
        return unknown("crash-memory", text)
    if size == "0":
        kdumpctl = "kdumpctl reset-crashkernel --kernel=ALL && reboot"
        suse = "add crashkernel= to the kernel's command line ('kdumptool calibrate' says how much)"
        text = "no memory is reserved for a crash kernel"
        return bad("crash-memory", text, kdumpctl if shutil.which("kdumpctl") else suse)
    return ok("crash-memory", f"{int(size) >> 20} MB are reserved for a crash kernel")


def _kernel(here: Here) -> Check:
    loaded = here.text(LOADED)
    if loaded == "1":
        return ok("crash-kernel", "a crash kernel is loaded")
    if loaded == "0":
        text = "no crash kernel is loaded: a panic leaves no dump, and the cluster is not told"
        return bad("crash-kernel", text, "systemctl enable kdump; systemctl restart kdump")
    return unknown("crash-kernel", f"{here.root}{LOADED} is missing")


def _agent(here: Here) -> Check:
    if os.access(here.root + AGENT, os.X_OK):
        return ok("agent", f"{AGENT} is installed")
    if not here.text(corosync.PATH):
        return ok("agent", "this node is not a cluster member, so it needs no fence agent")
    text = f"{AGENT} is not installed: this node cannot hear that another one dumps"
    return bad("agent", text, f"{_installer()} install fence-kdump-agent")


def _stock_sender(here: Here) -> Check:
    if os.path.lexists(here.root + STOCK_SENDER):
        text = (
            f"{STOCK_SENDER} exists and switches on kdump's own fence_kdump code. That code starts"
            " later, and it stops the build of the image where there is no route"
        )
        swap = "dnf swap fence-agents-kdump fence-kdump-agent"
        other = f"remove the package of the C programs: 'rpm -qf {STOCK_SENDER}' prints its name"
        return bad("stock-sender", text, swap if _installer() == "dnf" else other)
    return ok("stock-sender", "kdump's own fence_kdump code is off")


def _installer() -> str:
    return "dnf" if shutil.which("dnf") or not shutil.which("zypper") else "zypper"


def _units(here: Here) -> Check:
    off = [unit for unit in UNITS if not glob.glob(f"{glob.escape(here.root)}{_WANTED_BY}/{unit}")]
    if off:
        text = f"nothing keeps the crash image fresh: not enabled: {' and '.join(off)}"
        return bad(
            "refresh", text, f"systemctl enable {' '.join(off)} && systemctl start {UNITS[0]}"
        )
    return ok("refresh", "the crash image is kept fresh at boot and on changes")

"""A hardware watchdog goes on counting through a panic. Does the crash kernel stop it?"""

from __future__ import annotations

import glob
import os

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_admin.doctor.image import REFRESH, modules_of
from fence_kdump_image.image import watchdog

__all__ = ["checks"]

_PLACE = "/sys/class/watchdog"
_NOT_FED = "ipmi_watchdog"  # nobody feeds it until it is opened
_ANOTHER = "have sbd, or the program that armed it, use another watchdog"


def checks(here: Here) -> list[Check]:
    """One line for each watchdog that is armed."""
    places = sorted(glob.glob(f"{glob.escape(here.root)}{_PLACE}/watchdog*"))
    found = [_check(here, place) for place in places if _text(f"{place}/state") == "active"]
    if watchdog.is_bmc_in_use(here.root):
        text = "the BMC's watchdog is armed. It resets the machine during a dump: nothing stops it"
        found.append(bad("watchdog", text, _ANOTHER, _NOT_FED))
    return found


def _check(here: Here, place: str) -> Check:
    about = os.path.basename(place)
    seconds = _text(f"{place}/timeout")
    name = _text(f"{place}/identity") or about
    told = f"{name} ({about}) is armed and resets the machine after {seconds or '?'} s."
    modules = watchdog.drivers_of(here.root, place)
    if name == "Software Watchdog":
        return ok("watchdog", f"{told} It stops with the kernel and ends no dump", about)
    if modules is None:
        text = f"{told} Its driver is not known, and without it the crash kernel cannot stop it"
        return unknown("watchdog", text, "set its timeout longer than a dump takes", about)
    if _NOT_FED in modules:
        text = f"{told} It ends a dump too: its driver does not stop it in a crash kernel"
        return bad("watchdog", text, _ANOTHER, about)
    missing = ", ".join(name for name in modules if name not in _inside(here))
    if not missing:
        inside = f"The crash image has its driver, {modules[-1]}" if modules else ""
        inside = inside or "Its driver is part of the kernel and stops it during a dump"
        return ok("watchdog", f"{told} {inside}", about)
    if not here.listing and not isinstance(here.manifest, dict):
        return unknown("watchdog", f"{told} The crash image could not be read", about=about)
    text = f"{told} It ends a dump too: the crash image lacks its driver, {missing}"
    return bad("watchdog", text, REFRESH, about)


def _inside(here: Here) -> frozenset[str]:
    """Names of the kernel modules in the crash image; by its manifest, if it cannot be listed."""
    if here.listing or not isinstance(here.manifest, dict):
        return modules_of(here.listing)
    loaded = (line.split()[0] for line in here.manifest.get("watchdogs") or ())
    names = (*here.manifest.get("modules", ()), *loaded)
    lacking = here.manifest.get("lacking", ())
    return frozenset(name for name in names if f"kernel module {name}" not in lacking)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""

"""A hardware watchdog goes on counting through a panic: does the crash kernel hold it off?"""

from __future__ import annotations

import glob
import os

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_admin.doctor.image import REFRESH, hides_files, modules_of

__all__ = ["checks"]

_PLACE = "/sys/class/watchdog"
_NOT_FED = "ipmi_watchdog"  # nobody feeds it until it is opened


def checks(here: Here) -> list[Check]:
    """One line for each watchdog that is armed."""
    places = sorted(glob.glob(f"{glob.escape(here.root)}{_PLACE}/watchdog*"))
    return [_check(here, place) for place in places if _text(f"{place}/state") == "active"]


def _check(here: Here, place: str) -> Check:
    about = os.path.basename(place)
    seconds = _text(f"{place}/timeout")
    name = _text(f"{place}/identity") or about
    told = f"{name} ({about}) is armed and resets the machine after {seconds or '?'} s"
    module = _module(place)
    if name == "Software Watchdog":
        return ok("watchdog", f"{told}; it dies with the kernel, and ends no dump", about)
    if module == _NOT_FED:
        text = f"{told}, also while it dumps: its driver does not hold it off in a crash kernel"
        return bad("watchdog", text, "let sbd, or whoever armed it, use another watchdog", about)
    if not module:
        return ok("watchdog", f"{told}; its driver is in the kernel, and holds it off", about)
    inside = modules_of(here.listing)
    if hides_files(here.listing) and isinstance(here.manifest, dict):
        inside = frozenset(name.replace("-", "_") for name in here.manifest.get("modules", []))
    if module.replace("-", "_") in inside:
        return ok("watchdog", f"{told}; the crash image has its driver, {module}", about)
    if not here.listing:
        return unknown("watchdog", f"{told}; nothing is known of the crash image", about=about)
    text = f"{told}, also while it dumps: the crash image lacks its driver, {module}"
    return bad("watchdog", text, REFRESH, about)


def _module(place: str) -> str:
    """The kernel module of a watchdog's driver, "" if it is a part of the kernel."""
    for link in ("device/driver/module", "device/device/driver/module"):
        try:
            return os.path.basename(os.readlink(f"{place}/{link}"))
        except OSError:
            continue
    return ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""

"""Armed hardware watchdogs: the drivers that the crash kernel loads so that the dump can finish.

An armed watchdog goes on counting after a panic, and resets the machine during the dump. When its
driver is loaded, the driver stops it, or the kernel feeds it until a program opens it
(watchdog-parameters.rst: handle_boot_enabled). This module reads sysfs, and asks modinfo for the
parameters of a driver.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass

from fence_kdump_image import programs
from fence_kdump_image.way import drivers

__all__ = ["NONE", "Watchdogs", "drivers_of", "is_bmc_in_use", "look"]

# Parameters that may cause an earlier reset: pretimeout is an interrupt for which nothing waits
# here, and kdumptimeout (hpwdt) arms the watchdog again for the time of a dump.
_OFF = ("pretimeout", "kdumptimeout")
_NO_HARDWARE = ("softdog", "watchdog", "pretimeout_noop", "pretimeout_panic")
_IPMI = "ipmi_watchdog"
_PATIENCE = 10.0  # seconds for modinfo; no build must hang


@dataclass(frozen=True)
class Watchdogs:
    """What is done about the watchdogs of this node.

    lines -- arguments for modprobe, in this order: buses, then drivers
    warnings -- one-line texts for the administrator
    omitted -- the administrator wants none of it in the image
    """

    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    omitted: bool = False

    @property
    def modules(self) -> tuple[str, ...]:
        """The kernel modules in it."""
        return tuple(line.split()[0] for line in self.lines)


NONE = Watchdogs(omitted=True)


def look(root: str, kernel: str = "") -> Watchdogs:
    """The watchdogs that this node has armed.

    root -- of the file system, with sys/ and lib/modules/
    kernel -- release of the crash kernel, "" for the running one
    """
    kernel = kernel or os.uname().release
    sysfs = f"{root}/sys"
    modules: dict[str, None] = {}
    warnings = []
    for place in _armed(sysfs):
        found = drivers_of(root, place, kernel)
        modules.update(dict.fromkeys(found or ()))
        identity = _read(f"{place}/identity")
        if found is None and identity != "Software Watchdog":
            warnings.append(
                f"the watchdog {os.path.basename(place)} ({identity}) is armed, and its driver is"
                " unknown: it may reset this node during a dump; set its time-out longer than a"
                " dump takes"
            )
    if is_bmc_in_use(root):
        warnings.append(
            "the BMC's watchdog (ipmi_watchdog) is in use, and the crash kernel cannot stop it: it"
            " may reset this node during a dump; set its time-out longer than a dump takes"
        )
    return Watchdogs(tuple(_line(name, kernel) for name in modules), tuple(warnings))


def drivers_of(root: str, place: str, kernel: str = "") -> list[str] | None:
    """The kernel modules of a watchdog's buses and driver, in the order in which to load them.

    Returns an empty list if the driver is built in, and None if the driver is not known.

    root -- of the file system
    place -- path of the watchdog in sysfs
    kernel -- release of the crash kernel, "" for the running one
    """
    found = drivers.bus_modules(f"{root}/sys", f"{place}/device")
    if not found and os.path.exists(f"{place}/device/driver"):
        return []
    found = found or _in_use(root, kernel or os.uname().release)
    return [name for name in found if name not in _NO_HARDWARE] or None


def is_bmc_in_use(root: str) -> bool:
    """Whether a program uses the BMC's watchdog, which is not part of the kernel's watchdog core.

    root -- of the file system
    """
    return _counts(f"{root}/sys/module/{_IPMI}")


def _armed(sysfs: str) -> Iterator[str]:
    folder = f"{sysfs}/class/watchdog"
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if _read(f"{folder}/{name}/state") == "active":
            yield f"{folder}/{name}"


def _in_use(root: str, kernel: str) -> list[str]:
    """Drivers of watchdogs that a program uses, with their buses.

    Many watchdogs have no device in sysfs (i6300esb, most of those in a Super I/O chip).
    """
    names = set()
    for line in _read(f"{root}/lib/modules/{kernel}/modules.dep").splitlines():
        path = line.partition(":")[0]
        if "/drivers/watchdog/" in path:
            names.add(os.path.basename(path).partition(".")[0].replace("-", "_"))
    modules: list[str] = []
    for name in sorted(names - {*_NO_HARDWARE}):
        if _counts(f"{root}/sys/module/{name}"):
            bound = glob.glob(f"{glob.escape(root)}/sys/module/{name}/drivers/*/*")
            for device in sorted(path for path in bound if os.path.exists(f"{path}/driver")):
                modules += drivers.bus_modules(f"{root}/sys", device)
            modules.append(name)
    return modules


def _counts(module: str) -> bool:
    return _read(f"{module}/refcnt") not in ("", "0")


def _line(module: str, kernel: str) -> str:
    off = [f"{name}=0" for name in _OFF if name in _parameters(module, kernel)]
    return " ".join([module, *off])


def _parameters(module: str, kernel: str) -> list[str]:
    """Names of the parameters that a module takes."""
    try:
        text = programs.run(("modinfo", "-k", kernel, "-F", "parm", module), _PATIENCE, check=False)
    except programs.ProgramError:
        return []
    return [line.partition(":")[0] for line in text.splitlines()]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""

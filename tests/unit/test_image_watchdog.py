"""Which drivers of watchdogs the crash kernel loads. That it is of use is what tests/panic shows.

The machine that the tests run on has no watchdog, and modinfo is a stand-in.
"""

from __future__ import annotations

import os
import pathlib

import pytest

from fence_kdump_image.image.watchdog import look
from lab.sysfs import Sysfs

MODINFO = """#!/bin/sh
[ "$*" = "-k 5.14.0 -F parm hpwdt" ] || exit 0
echo "soft_margin:Watchdog timeout in seconds (int)"
echo "pretimeout:Watchdog pretimeout enabled (bool)"
echo "kdumptimeout:Timeout applied for crash kernel transition in seconds (int)"
"""


class Machine(Sysfs):
    """A machine: its sysfs, and its kernel's modules."""

    def __init__(self, root: pathlib.Path) -> None:
        super().__init__(root / "sys")
        self.root = root

    def kernel_has(self, *paths: str) -> None:
        """Its kernel has these modules."""
        folder = self.root / "lib/modules/5.14.0"
        folder.mkdir(parents=True)
        (folder / "modules.dep").write_text("".join(f"kernel/{path}: x.ko\n" for path in paths))

    def lines(self) -> tuple[str, ...]:
        """What is found; there is no warning."""
        found = look(str(self.root), "5.14.0")
        assert found.warnings == ()
        return found.lines

    def warning(self) -> str:
        """The one warning; nothing is loaded."""
        found = look(str(self.root), "5.14.0")
        assert found.lines == ()
        assert len(found.warnings) == 1
        return found.warnings[0]


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/modinfo").write_text(MODINFO)
    (tmp_path / "bin/modinfo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return Machine(tmp_path)


def test_its_bus_comes_first(machine: Machine) -> None:
    machine.device("pci0000:00/0000:00:1f.0", "lpc_ich", "lpc_ich")
    itco = machine.device("pci0000:00/0000:00:1f.0/iTCO_wdt", "iTCO_wdt", "iTCO_wdt")
    machine.watchdog("watchdog0", "active", "iTCO_wdt", itco)
    assert machine.lines() == ("lpc_ich", "iTCO_wdt")


def test_nothing_that_resets_before_the_time_out(machine: Machine) -> None:
    device = machine.device("pci0000:00/0000:01:00.0", "hpwdt", "hpwdt")
    machine.watchdog("watchdog0", "active", "HPE iLO2+ HW Watchdog Timer", device)
    assert machine.lines() == ("hpwdt pretimeout=0 kdumptimeout=0",)


def test_a_watchdog_that_is_not_armed(machine: Machine) -> None:
    device = machine.device("pci0000:00/0000:01:00.0", "i6300esb", "i6300esb")
    machine.watchdog("watchdog0", "inactive", "i6300ESB timer", device)
    assert machine.lines() == ()


def test_no_watchdogs(machine: Machine) -> None:
    assert machine.lines() == ()


def test_the_software_watchdog_died_with_the_kernel(machine: Machine) -> None:
    machine.kernel_has("drivers/watchdog/softdog.ko")
    machine.module("softdog", users=1)
    machine.watchdog("watchdog0", "active", "Software Watchdog")
    assert machine.lines() == ()


def test_a_driver_that_tells_of_no_device(machine: Machine) -> None:
    machine.kernel_has(
        "drivers/watchdog/watchdog.ko.xz",
        "drivers/watchdog/softdog.ko.xz",
        "drivers/watchdog/w83627hf_wdt.ko.xz",
        "drivers/watchdog/it87_wdt.ko.xz",
        "drivers/net/ethernet/intel/e1000e/e1000e.ko.xz",
    )
    for name, users in (("watchdog", 2), ("w83627hf_wdt", 1), ("it87_wdt", 0), ("e1000e", 3)):
        machine.module(name, users)
    machine.watchdog("watchdog0", "active", "W83627HF Watchdog")
    assert machine.lines() == ("w83627hf_wdt",)


def test_the_bus_of_a_driver_that_tells_of_no_device(machine: Machine) -> None:
    machine.kernel_has("drivers/watchdog/it87_wdt.ko.xz")
    machine.device("pci0000:00/0000:00:1f.0", "lpc_x", "lpc_x")
    device = machine.device("pci0000:00/0000:00:1f.0/it87", "it87", "it87_wdt")
    bound = machine.where / "bus/any/drivers/it87"
    (bound / "0000:00:1f.0").symlink_to(device)
    (machine.module("it87_wdt", users=1) / "drivers").mkdir()
    (machine.where / "module/it87_wdt/drivers/any:it87").symlink_to(bound)
    machine.watchdog("watchdog0", "active", "IT87 WDT")
    assert machine.lines() == ("lpc_x", "it87_wdt")


def test_a_driver_that_is_built_in(machine: Machine) -> None:
    device = machine.device("platform/sp805", "sp805-wdt")
    machine.watchdog("watchdog0", "active", "ARM SP805 Watchdog", device)
    assert machine.lines() == ()


def test_a_watchdog_of_which_nothing_tells_the_driver(machine: Machine) -> None:
    machine.watchdog("watchdog0", "active", "W83627HF Watchdog")
    assert "watchdog0 (W83627HF Watchdog) is armed" in machine.warning()


@pytest.mark.parametrize(("users", "warned"), [(1, True), (0, False)])
def test_the_watchdog_of_the_bmc(machine: Machine, users: int, warned: bool) -> None:
    machine.module("ipmi_watchdog", users)
    if warned:
        assert "ipmi_watchdog" in machine.warning()
    else:
        assert machine.lines() == ()

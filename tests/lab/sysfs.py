"""A sysfs of folders and symlinks, as the kernel makes it, of hardware that is not here."""

from __future__ import annotations

import pathlib

__all__ = ["Sysfs"]


class Sysfs:
    """A sysfs to be filled.

    where -- its folder
    """

    def __init__(self, where: pathlib.Path) -> None:
        self.where = where
        (where / "class/net").mkdir(parents=True, exist_ok=True)

    def device(self, path: str, driver: str = "", module: str = "") -> pathlib.Path:
        """A device, and what it is bound to; the module is loaded, not built in."""
        device = self.where / "devices" / path
        device.mkdir(parents=True, exist_ok=True)
        if driver:
            bound = self.where / "bus/any/drivers" / driver
            bound.mkdir(parents=True, exist_ok=True)
            (device / "driver").symlink_to(bound)
            if module and not (bound / "module").exists():
                (bound / "module").symlink_to(self.module(module))
        return device

    def module(self, name: str, users: int = 0) -> pathlib.Path:
        """A loaded module."""
        module = self.where / "module" / name
        module.mkdir(parents=True, exist_ok=True)
        (module / "initstate").write_text("live\n")
        (module / "refcnt").write_text(f"{users}\n")
        return module

    def nic(self, name: str, device: pathlib.Path) -> pathlib.Path:
        """A network device of a device."""
        net = device / "net" / name
        net.mkdir(parents=True)
        (net / "device").symlink_to("../..")
        (self.where / "class/net" / name).symlink_to(net)
        return net

    def watchdog(
        self, name: str, state: str, identity: str, device: pathlib.Path | None = None
    ) -> None:
        """A watchdog, of a device if its driver tells of one."""
        place = (device or self.where / "devices/virtual") / "watchdog" / name
        place.mkdir(parents=True)
        (place / "state").write_text(f"{state}\n")
        (place / "identity").write_text(f"{identity}\n")
        if device:
            (place / "device").symlink_to("../..")
        (self.where / "class/watchdog").mkdir(exist_ok=True)
        (self.where / "class/watchdog" / name).symlink_to(place)

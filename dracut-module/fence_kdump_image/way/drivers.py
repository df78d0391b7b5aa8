"""The kernel modules that a NIC needs to come up in the crash kernel.

This module reads sysfs, and asks the NIC (as ``ethtool -i`` does) and modprobe. The driver to which
the device is bound is not always enough. Another module may create the network device (mlx4_en on
mlx4_core) or do a part of the work (hclge for hns3). A PHY has a driver and a bus of its own. So
does a device below a NIC, such as a VF to which hv_netvsc passes its traffic.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fence_kdump_image import programs

__all__ = ["Driver", "bus_modules", "find"]

_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_GDRVINFO = 3  # linux/ethtool.h; struct ethtool_drvinfo has 196 bytes, the name behind cmd
_DRVINFO = struct.Struct("=I32s160x")
_PATIENCE = 10.0  # seconds for modprobe; no build must hang


@dataclass(frozen=True)
class Driver:
    """The driver of a NIC.

    name -- the driver's name in sysfs, by which the crash kernel recognises the NIC
    modules -- kernel modules of the NIC and of its buses, lowest bus first
    doubt -- why the NIC may be missing all the same, "" if nothing suggests that
    """

    name: str
    modules: tuple[str, ...]
    doubt: str = ""


def find(sysfs: str, nic: str) -> Driver | None:
    """The driver of a NIC; None if it is not hardware with a cable.

    sysfs -- where sysfs is
    nic -- name of the network device
    """
    top = f"{sysfs}/class/net/{nic}"
    name = _target(f"{top}/device/driver")
    if not name or os.path.exists(f"{top}/phy80211"):  # Wi-Fi needs more than a link
        return None
    device = os.path.realpath(f"{top}/device")
    modules = list(_modules(sysfs, device))
    modules += _loaded(sysfs, [*_by_alias(device), _maker(nic)])
    modules += bus_modules(sysfs, f"{top}/phydev")
    for lower in _links(top, "lower_"):
        modules += _modules(sysfs, os.path.realpath(f"{lower}/device"))
        modules += _loaded(sysfs, [_maker(_target(lower))])
    doubt = ""
    if os.path.exists(f"{device}/physfn"):
        function = _target(f"{device}/physfn")
        doubt = (
            f"{nic} is a virtual function of {function}: the crash kernel has it only if something"
            f" in the image sets sriov_numvfs of {function}"
        )
    return Driver(name, tuple(dict.fromkeys(modules)), doubt)


def _modules(sysfs: str, device: str) -> Iterator[str]:
    """Modules of a device, of its buses and of its suppliers."""
    if os.path.exists(f"{device}/physfn"):  # a virtual function is created by its physical function
        yield from bus_modules(sysfs, f"{device}/physfn")
    for supplier in _links(device, "supplier:"):  # of its clock, its power, its PHY
        yield from bus_modules(sysfs, f"{supplier}/supplier")
    yield from bus_modules(sysfs, device)


def bus_modules(sysfs: str, device: str) -> list[str]:
    """Modules of a device's driver and of its buses, lowest bus first.

    sysfs -- where sysfs is
    device -- path of the device in it; a device that does not exist has no modules
    """
    modules: list[str] = []
    place, root = os.path.realpath(device), os.path.realpath(sysfs)
    while place.startswith(f"{root}/"):
        modules.insert(0, _target(f"{place}/driver/module"))
        place = os.path.dirname(place)
    return list(filter(None, modules))


def _loaded(sysfs: str, names: Iterable[str]) -> list[str]:
    """The names that are loaded modules. A built-in module has no such state."""
    modules = [name.replace("-", "_") for name in names if name]
    return [name for name in modules if os.path.exists(f"{sysfs}/module/{name}/initstate")]


def _maker(nic: str) -> str:
    """The name of the driver as the network device reports it, "" if it does not."""
    info = array.array("B", _DRVINFO.pack(_ETHTOOL_GDRVINFO, b""))
    address, _ = info.buffer_info()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            request = struct.pack("16sP16x", os.fsencode(nic), address)
            fcntl.ioctl(asked, _SIOCETHTOOL, request)
    except OSError:
        return ""
    _, name = _DRVINFO.unpack(info.tobytes())
    text: str = name.split(b"\0")[0].decode("ascii", "replace")
    return text if "/" not in text else ""


def _by_alias(device: str) -> list[str]:
    """All modules that support a device. Some of them may not be bound to it."""
    try:
        with open(f"{device}/modalias", encoding="ascii", errors="replace") as file:
            alias = file.read().strip()
        return programs.run(("modprobe", "-R", alias), _PATIENCE, check=False).split()
    except (OSError, programs.ProgramError):
        return []


def _links(folder: str, prefix: str) -> list[str]:
    """Paths of the entries of a folder whose names begin with the prefix."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [f"{folder}/{name}" for name in names if name.startswith(prefix)]


def _target(path: str) -> str:
    """The last part of the target of a symlink, "" if there is none."""
    try:
        return os.path.basename(os.readlink(path))
    except OSError:
        return ""

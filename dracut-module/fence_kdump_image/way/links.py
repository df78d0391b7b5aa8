"""From the device of a route down to the NICs below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.network import Device, Network

__all__ = ["Link", "UnsupportedError", "below"]

_STACKED = ("vlan", "bond", "bridge")
_NOT_BY_DRIVER_ALONE = ("qeth", "lcs", "ctcm")  # s390 channels must be grouped first


class UnsupportedError(Exception):
    """A device that cannot be set up; the text names it."""


@dataclass(frozen=True)
class Link:
    """One device to set up.

    driver -- the driver of a NIC, None for a vlan, bond, bridge or loopback
    members -- names of the members of a bond or bridge
    """

    device: Device
    driver: Driver | None = None
    members: tuple[str, ...] = ()


def below(name: str, network: Network) -> tuple[Link, ...]:
    """All that must be set up for a device to work, lowest first, the device itself last.

    name -- the device of a route
    network -- of the running kernel

    Raises UnsupportedError.
    """
    found: dict[str, Link] = {}
    _descend(name, network, network.devices(), found, ())
    return tuple(found.values())


def _descend(
    name: str,
    network: Network,
    devices: Mapping[str, Device],
    found: dict[str, Link],
    above: tuple[str, ...],
) -> None:
    device = devices.get(name)
    if not device or name in above:
        raise UnsupportedError(f"device {name} is not visible from here")
    above = (*above, name)
    if device.link_type == "loopback":
        found[name] = Link(device)
    elif device.kind == "vlan":
        _descend(device.lower, network, devices, found, above)
        found[name] = Link(device)
    elif device.kind in _STACKED:
        members = _members(device, network, devices)
        for member in members:
            _descend(member, network, devices, found, above)
        found[name] = Link(device, members=members)
    else:
        driver = network.driver(name)
        other = device.link_type if device.link_type != "ether" else ""
        if other or not driver or driver.name in _NOT_BY_DRIVER_ALONE:
            kind = device.kind or other or (driver.name if driver else "no hardware")
            raise UnsupportedError(
                f"device {name} has a type ({kind}) that fence-kdump cannot set up"
            )
        found[name] = Link(device, driver)


def _members(device: Device, network: Network, devices: Mapping[str, Device]) -> tuple[str, ...]:
    if device.kind == "bridge" and device.data.get("vlan_filtering"):
        raise UnsupportedError(
            f"bridge {device.name} filters VLANs, which fence-kdump cannot set up"
        )
    members = [d for d in devices.values() if d.master == device.name]
    if device.kind == "bridge":  # the ports of its guests lead nowhere in a crash kernel
        members = [d for d in members if d.kind in _STACKED or network.driver(d.name)]
    if not members:
        raise UnsupportedError(f"{device.kind} {device.name} has no NIC below it")
    return tuple(d.name for d in members)

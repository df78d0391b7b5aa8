"""The running kernel's network, as iproute2 tells it in JSON, and sysfs the drivers.

`parse_*` turn ``ip -j`` output into values; `Kernel` asks this machine. Everything else works on
the values, so that a saved output serves as well as a machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = [
    "Address",
    "Device",
    "Driver",
    "Kernel",
    "Network",
    "NetworkError",
    "Route",
    "parse_addresses",
    "parse_links",
    "parse_route",
]

_DOUBTS = ("temporary", "deprecated", "tentative", "dadfailed")
_PATIENCE = 30.0  # seconds for all that ip is asked; it never takes long, but no build must hang


class NetworkError(Exception):
    """iproute2 could not tell; the text says why."""


@dataclass(frozen=True)
class Device:
    """A network device.

    name -- its name now
    kind -- "vlan", "bond", "bridge", "veth"...; "" for hardware
    link_type -- "ether", "loopback", "infiniband"...
    mtu -- in octets
    mac -- the MAC address it has now
    permanent_mac -- the one it was built with: all that a crash kernel will see
    lower -- name of the device below a vlan, "" for none
    master -- name of the bond, bridge... that it belongs to, "" for none
    data -- what the kernel tells of its kind
    """

    name: str
    kind: str = ""
    link_type: str = "ether"
    mtu: int = 1500
    mac: str = ""
    permanent_mac: str = ""
    lower: str = ""
    master: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """An address of a device.

    dynamic -- it has a lifetime: from DHCP or a router's advertisement
    doubtful -- the kernel would rather not use it: temporary, deprecated, or not proven unique
    peer -- the other end of a point-to-point address, "" for none
    """

    device: str
    local: str
    prefixlen: int
    dynamic: bool = False
    doubtful: bool = False
    scope: str = "global"
    peer: str = ""


@dataclass(frozen=True)
class Route:
    """How the kernel reaches one target.

    gateway -- "" for a neighbour
    source -- the source address that the kernel would take, "" if it does not say
    """

    target: str
    device: str
    gateway: str = ""
    source: str = ""


@dataclass(frozen=True)
class Driver:
    """What drives a NIC.

    name -- the driver's name in sysfs, by which the crash kernel recognises the NIC
    modules -- kernel modules of the NIC and of the buses that it hangs on, lowest bus first;
        without those that are built in
    """

    name: str
    modules: tuple[str, ...]


class Network(Protocol):
    """A machine's network."""

    def devices(self) -> Mapping[str, Device]:
        """All devices by name."""

    def addresses(self) -> Sequence[Address]:
        """All addresses, in the kernel's order."""

    def route(self, target: str, source: str = "") -> Route | None:
        """The route to an address, from a source address if given; None if there is none."""

    def driver(self, device: str) -> Driver | None:
        """What drives a device; None if it is no hardware that a cable goes into."""


def parse_links(text: str) -> dict[str, Device]:
    """Read the output of ``ip -d -j link show``."""
    devices = {}
    for link in _objects(text):
        info = link.get("linkinfo", {})
        slave = info.get("info_slave_data", {})
        mac = link.get("address", "")
        devices[link["ifname"]] = Device(
            name=link["ifname"],
            kind=info.get("info_kind", ""),
            link_type=link.get("link_type", ""),
            mtu=link.get("mtu", 1500),
            mac=mac,
            permanent_mac=link.get("permaddr") or slave.get("perm_hwaddr") or mac,
            lower=link.get("link") or "",
            master=link.get("master", ""),
            data=info.get("info_data", {}),
        )
    return devices


def parse_addresses(text: str) -> list[Address]:
    """Read the output of ``ip -j address show``."""
    return [
        Address(
            device=link["ifname"],
            local=info["local"],
            prefixlen=info["prefixlen"],
            dynamic=info.get("dynamic", False),
            doubtful=any(info.get(flag) for flag in _DOUBTS),
            scope=info.get("scope", ""),
            peer=info.get("address", ""),
        )
        for link in _objects(text)
        for info in link.get("addr_info", ())
        if "local" in info
    ]


def parse_route(target: str, text: str) -> Route | None:
    """Read the output of ``ip -j route get``; None for a route that leads nowhere."""
    for route in _objects(text):
        if route.get("dev") and route.get("type", "unicast") in ("unicast", "local"):
            gateway = route.get("gateway") or route.get("via", {}).get("host", "")
            return Route(target, route["dev"], gateway, route.get("prefsrc", ""))
    return None


class Kernel:
    """This machine's network, devices and addresses as they were when first asked for.

    sysfs -- where sysfs is
    patience -- seconds that iproute2 may take for all answers together
    """

    def __init__(self, sysfs: str = "/sys", patience: float = _PATIENCE) -> None:
        self._sysfs = sysfs
        self._patience = patience
        self._devices: Mapping[str, Device] | None = None
        self._addresses: Sequence[Address] | None = None

    def devices(self) -> Mapping[str, Device]:
        """See `Network`. Raises NetworkError."""
        if self._devices is None:
            self._devices = parse_links(self._ip("-d", "link", "show"))
        return self._devices

    def addresses(self) -> Sequence[Address]:
        """See `Network`. Raises NetworkError."""
        if self._addresses is None:
            self._addresses = parse_addresses(self._ip("address", "show"))
        return self._addresses

    def route(self, target: str, source: str = "") -> Route | None:
        """See `Network`."""
        host, _, scope = target.partition("%")
        try:
            text = self._ip(
                "route", "get", host, *(["from", source] if source else []),
                *(["oif", scope] if scope else []),
            )  # fmt: skip
        except NetworkError:
            return None
        return parse_route(target, text)

    def _ip(self, *arguments: str) -> str:
        begin = time.monotonic()
        try:
            return _ip(arguments, self._patience)
        finally:
            self._patience -= time.monotonic() - begin

    def driver(self, device: str) -> Driver | None:
        """See `Network`."""
        top = f"{self._sysfs}/class/net/{device}"
        name = _link(f"{top}/device/driver")
        if not name or os.path.exists(f"{top}/phy80211"):  # a radio needs more than a link
            return None
        modules: list[str] = []
        place = os.path.realpath(f"{top}/device")
        while place.startswith(os.path.realpath(self._sysfs)) and os.path.basename(place):
            modules.insert(0, _link(f"{place}/driver/module"))
            place = os.path.dirname(place)
        # a NIC of a board may have its PHY's driver in a module of its own
        modules.append(_link(f"{top}/phydev/driver/module"))
        return Driver(name, tuple(dict.fromkeys(filter(None, modules))))


def _link(path: str) -> str:
    """The last part of where a symlink leads, "" if there is none."""
    try:
        return os.path.basename(os.readlink(path))
    except OSError:
        return ""


def _ip(arguments: Sequence[str], patience: float) -> str:
    if patience <= 0:
        raise NetworkError(f"ip {' '.join(arguments)}: not asked, as ip took too long before")
    try:
        run = subprocess.run(
            ["ip", "-j", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NetworkError(f"ip {' '.join(arguments)}: {error}") from error
    if run.returncode:
        raise NetworkError(f"ip {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def _objects(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text or "[]")
    except ValueError as error:
        raise NetworkError(f"ip: output is no JSON: {error}") from error
    return [entry for entry in found if entry]

"""The network of the running kernel, from the JSON output of iproute2, and the drivers from sysfs.

`parse_*` turn the output of ``ip -j`` into values, and `Kernel` asks this node. Everything else
works with the values, so a saved output can be used as well.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fence_kdump_image.way import drivers
from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.wrapped import Policy, parse_policies

__all__ = [
    "Address",
    "Device",
    "Kernel",
    "Network",
    "NetworkError",
    "Route",
    "parse_addresses",
    "parse_links",
    "parse_route",
    "vrf_of",
]

_DOUBTS = ("temporary", "deprecated", "tentative", "dadfailed")
_PATIENCE = 30.0  # seconds for all calls of ip; they are fast, but no build must hang
_TRIES = 5  # of a question whose answer changes while it is read


class NetworkError(Exception):
    """iproute2 did not answer; the text says why."""


@dataclass(frozen=True)
class Device:
    """A network device.

    name -- its name now
    kind -- "vlan", "bond", "bridge", "veth"...; "" for hardware
    link_type -- "ether", "loopback", "infiniband"...
    mtu -- in octets
    mac -- the MAC address it has now
    permanent_mac -- the one of the hardware, which a crash kernel will see
    lower -- name of the device below a vlan, "" for none
    master -- name of the bond, bridge... that it belongs to, "" for none
    data -- the settings of its kind
    port -- its settings as a member of its master
    altnames -- its other names, which settings may use as well
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
    port: Mapping[str, Any] = field(default_factory=dict)
    altnames: tuple[str, ...] = ()


@dataclass(frozen=True)
class Address:
    """An address of a device.

    dynamic -- it has a lifetime: it comes from DHCP or a router advertisement
    doubtful -- the kernel prefers others: it is temporary, deprecated, or not proven unique
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
    source -- the source address that the kernel would use, "" if it does not say
    encap -- the encapsulation of packets ("mpls", "seg6"...), "" for none
    """

    target: str
    device: str
    gateway: str = ""
    source: str = ""
    encap: str = ""


class Network(Protocol):
    """The network of a node."""

    def devices(self) -> Mapping[str, Device]:
        """All devices by name."""

    def addresses(self) -> Sequence[Address]:
        """All addresses, in the kernel's order."""

    def route(self, target: str, source: str = "") -> Route | None:
        """The route to an address; None if there is none.

        If a source address is given, the route from it, and in its VRF.
        """

    def policies(self) -> Sequence[Policy]:
        """IPsec policies for outgoing packets."""

    def driver(self, device: str) -> Driver | None:
        """The driver of a device; None if it is not hardware with a cable."""


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
            port=slave,
            altnames=tuple(link.get("altnames", ())),
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
            source, encap = route.get("prefsrc", ""), route.get("encap", "")
            if isinstance(encap, dict):  # iproute2 6.15 has its options beside it
                encap = encap.get("encap_type", "")
            return Route(target, route["dev"], gateway, source, encap)
    return None


def vrf_of(source: str, addresses: Iterable[Address], devices: Mapping[str, Device]) -> str:
    """Name of the VRF that an address of this machine is in, "" for none.

    Packets from that address do not use the route of the main table. In the crash kernel there is
    no other route, so no VRF is needed.
    """
    for address in addresses:
        device = devices.get(address.device)
        if address.local == source and device:
            for place in (device, devices.get(device.master)):
                if place and place.kind == "vrf":
                    return place.name
    return ""


class Kernel:
    """The network of this node. Devices and addresses are read once, at the first question.

    sysfs -- where sysfs is
    patience -- seconds that iproute2 may take for all answers together
    """

    def __init__(self, sysfs: str = "/sys", patience: float = _PATIENCE) -> None:
        self._sysfs = sysfs
        self._patience = patience
        self._devices: Mapping[str, Device] | None = None
        self._addresses: Sequence[Address] | None = None
        self._policies: Sequence[Policy] | None = None

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
            vrf = vrf_of(source, self.addresses(), self.devices()) if source else ""
            text = self._ip(
                "route", "get", host, *(["from", source] if source else []),
                *(["vrf", vrf] if vrf else ["oif", scope] if scope else []),
            )  # fmt: skip
        except NetworkError:
            return None
        return parse_route(target, text)

    def policies(self) -> Sequence[Policy]:
        """See `Network`."""
        if self._policies is None:
            try:
                self._policies = parse_policies(self._ip("xfrm", "policy", "list", "dir", "out"))
            except NetworkError:  # a kernel without IPsec
                self._policies = ()
        return self._policies

    def _ip(self, *arguments: str) -> str:
        begin = time.monotonic()
        try:
            for _ in range(_TRIES):
                output, whole = _ip(arguments, self._patience)
                if whole:
                    break
            return output
        finally:
            self._patience -= time.monotonic() - begin

    def driver(self, device: str) -> Driver | None:
        """See `Network`."""
        return drivers.find(self._sysfs, device)


def _ip(arguments: Sequence[str], patience: float) -> tuple[str, bool]:
    """The output of ip, and whether nothing changed during the dump (NLM_F_DUMP_INTR)."""
    if patience <= 0:
        raise NetworkError(f"ip {' '.join(arguments)}: not run, because ip took too long before")
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
    return run.stdout, "Dump was interrupted" not in run.stderr


def _objects(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text or "[]")
    except ValueError as error:
        raise NetworkError(f"ip: the output is not valid JSON: {error}") from error
    return [entry for entry in found if entry]

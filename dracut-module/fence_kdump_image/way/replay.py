"""Links -> the text that the script in the crash kernel replays.

A line has arguments for ip(8), or begins with one of three words of our own:

    nic MAC DRIVER WAIT MODULE...   the following lines are for this NIC, and "@" means it; WAIT is
                                    "udev" to wait until udev has finished with it, otherwise "-"
    modprobe MODULE PARAMETER...    load a kernel module
    no-ra DEVICE                    take no address and no route from a router

The lines before the first "nic" need no NIC and are done first. Then the lines of each NIC are done
as soon as this NIC is there, independently of the others. Devices that we create have names of our
own, because the crash kernel may use a name of the running system for a NIC.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fence_kdump_image.way.devices import MODULES, kind_words, member_words
from fence_kdump_image.way.links import Link
from fence_kdump_image.way.network import Address, Device, Route

__all__ = ["OWN", "Path", "modules", "render"]

OWN = "fk"  # the devices that we create have this name and a number


@dataclass(frozen=True)
class Path:
    """How to reach one target.

    links -- the devices, lowest first, the device of the route last
    route -- with the source address that may be replayed
    address -- this source address, None on loopback
    """

    links: tuple[Link, ...]
    route: Route
    address: Address | None


def modules(paths: Iterable[Path]) -> tuple[str, ...]:
    """Kernel modules that the image needs to replay these."""
    names: list[str] = []
    for path in paths:
        for link in path.links:
            names += link.driver.modules if link.driver else ()
            names += MODULES.get(link.device.kind, ())[:1]
        names += ["ipv6"] if ":" in path.route.target else []
    return tuple(dict.fromkeys(names))


def render(paths: Iterable[Path], wait: bool) -> str:
    """The text to replay, "" if there is nothing to set up.

    paths -- one for each target
    wait -- whether something else in the image sets up NICs, and renames them
    """
    paths = list(paths)
    links = {link.device.name: link for path in paths for link in path.links}
    stack = _Stack(links)
    nics = {name: link.driver for name, link in links.items() if link.driver}
    lines: dict[str, list[str]] = {home: [] for home in ("", *nics)}
    kinds = dict.fromkeys(link.device.kind for link in links.values())
    lines[""] += [f"modprobe {' '.join(MODULES[kind])}" for kind in kinds if kind in MODULES]
    if any(":" in path.route.target for path in paths):
        lines[""].append("modprobe ipv6")
    for name in nics:
        lines[name] += stack.no_ra(links[name].device)
    # step by step, because consecutive lines for ip are done by one ip
    for step in (stack.create, stack.no_ra, stack.raise_):
        for link in links.values():
            lines[stack.home(link.device)] += step(link.device)
    for path in paths:
        device = links[path.route.device].device
        lines[stack.home(device)] += _addresses(path, stack.word(device.name))
        lines[stack.home(device)] += _probed(path, stack.word(device.name))
    text = "".join(f"{line}\n" for line in dict.fromkeys(lines[""]))
    for name, driver in nics.items():
        mac = links[name].device.permanent_mac
        words = ["nic", mac, driver.name, "udev" if wait else "-", *driver.modules]
        text += "".join(f"{line}\n" for line in dict.fromkeys([" ".join(words), *lines[name]]))
    return text


class _Stack:
    """All devices to set up, and the lines for each of them."""

    def __init__(self, links: Mapping[str, Link]) -> None:
        self._links = links
        made = [name for name, link in links.items() if link.device.kind in MODULES]
        self._names = {name: f"{OWN}{number}" for number, name in enumerate(made)}

    def home(self, device: Device) -> str:
        """The NIC for which a device must wait, "" if it needs none."""
        if self._links[device.name].driver:
            return device.name
        return self.home(self._links[device.lower].device) if device.lower else ""

    def word(self, name: str) -> str:
        """The word for a device in its own lines."""
        return "@" if self._links[name].driver else self._names.get(name, name)

    def create(self, device: Device) -> list[str]:
        """Lines that create a device, or prepare a NIC."""
        link = self._links[device.name]
        mtu = f" mtu {device.mtu}"
        if link.driver:
            lines = ["link set dev @ down"]
            if device.mac != device.permanent_mac and device.master not in self._links:
                lines.append(f"link set dev @ address {device.mac}")
            return [*lines, *([f"link set dev @{mtu}"] if device.mtu != 1500 else [])]
        if device.kind not in MODULES:
            return []
        lower = self._links[device.lower].device if device.lower else None
        own_mac = not lower or device.mac != lower.mac
        on = f" link {self.word(lower.name)}" if lower else ""
        mac = f" address {device.mac}" if own_mac else ""
        words = kind_words(device, several=len(link.members) > 1)
        return [f"link add{on} name {self.word(device.name)}{mac}{mtu} type {words}"]

    def raise_(self, device: Device) -> list[str]:
        """Lines that add a device to its master and set it up."""
        name = self.word(device.name)
        lines = [f"link set dev {name} up"]
        if device.master in self._links:
            master = self._links[device.master].device
            # a vlan came up with the device below it, but a bond accepts only a device that is down
            late = master.kind == "bond" and device.kind in MODULES
            down = [f"link set dev {name} down"] if late else []
            joined = member_words(device, name, master, self.word(master.name))
            lines = [
                *down,
                f"link set dev {name} master {self.word(master.name)}",
                *lines,
                *(f"link set {words}" for words in joined),
            ]
        return lines

    def no_ra(self, device: Device) -> list[str]:
        """The line that makes a device ignore routers, before it is up."""
        if device.link_type == "loopback" or device.master in self._links:
            return []
        return [f"no-ra {self.word(device.name)}"]


def _addresses(path: Path, name: str) -> list[str]:
    """Lines for one target: its source address and its route.

    The address comes without a route to its subnet. With metric 0, that route would take the
    traffic of another NIC in this subnet, over which the dump may be saved.
    """
    route, address = path.route, path.address
    if not address:
        return []
    bits = ipaddress.ip_address(address.local).max_prefixlen
    # an address of another device (on lo, in a routed rack) is used here without its subnet
    length = address.prefixlen if address.device == route.device else bits
    local = f"{address.local}/{length}"
    if address.peer and address.device == route.device:
        local = f"{address.local} peer {address.peer}/{length}"
    nodad = " nodad" if ":" in address.local else ""
    via = ""
    if route.gateway:
        family = "inet6 " if ":" in route.gateway and ":" not in route.target else ""
        via = f" via {family}{route.gateway}"
    onlink = " onlink" if via else ""
    return [
        f"address replace {local} dev {name}{nodad} noprefixroute",
        f"route replace {route.target}/{bits}{via} dev {name} src {address.local}{onlink}",
    ]


def _probed(path: Path, name: str) -> list[str]:
    """Routes to the addresses that a bond on the way probes with ARP.

    Without a route, the bond probes from no address (kernel, bond_arp_send_all). A bond with
    arp_validate does not accept the answer to that.
    """
    address = path.address
    if not address:
        return []
    subnet = ipaddress.ip_interface(f"{address.local}/{address.prefixlen}").network
    asked = [
        ipaddress.ip_address(target)
        for link in path.links
        if link.device.kind == "bond" and link.device.data.get("arp_validate") not in (None, "none")
        for key in ("arp_ip_target", "ns_ip6_target")
        for target in link.device.data.get(key) or ()
    ]
    return [
        f"route replace {target}/{target.max_prefixlen} dev {name} src {address.local}"
        for target in asked
        if target in subnet
    ]

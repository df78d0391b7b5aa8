"""Links -> the text that the crash kernel's script replays.

A line is what to tell ip(8), or one of three words of our own:

    nic MAC DRIVER WAIT MODULE...   from here on: a NIC, for which "@" stands; WAIT is "udev" if it
                                    must be left alone until udev is done with it, else "-"
    modprobe MODULE PARAMETER...    load a kernel module
    no-ra DEVICE                    take no address and no route from a router

Lines before the first "nic" need no NIC and come first; then every NIC's lines as soon as that NIC
is there, whatever becomes of the others.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fence_kdump_image.way.links import Link
from fence_kdump_image.way.network import Address, Device, Route

__all__ = ["Path", "modules", "render"]

_KIND_MODULES = {
    "vlan": ("8021q",),
    "bond": ("bonding", "max_bonds=0"),  # else it makes a bond0 of its own, in the way of ours
    "bridge": ("bridge",),
}
# bond settings that decide whether packets get through: kernel's name -> ip-link(8)'s, "off" value.
# Delays and min_links are left behind: the first link that is up should do.
_BOND = (
    ("miimon", "miimon", 0),
    ("arp_interval", "arp_interval", 0),
    ("arp_ip_target", "arp_ip_target", None),
    ("arp_validate", "arp_validate", "none"),
    ("fail_over_mac", "fail_over_mac", "none"),
    ("xmit_hash_policy", "xmit_hash_policy", "layer2"),
    ("ad_lacp_rate", "lacp_rate", "slow"),
)


@dataclass(frozen=True)
class Path:
    """How to reach one target.

    links -- the devices, lowest first, the route's device last
    route -- with the source address that may be replayed
    address -- that source address, None on loopback
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
            names += _KIND_MODULES.get(link.device.kind, ())[:1]
        names += ["ipv6"] if ":" in path.route.target else []
    return tuple(dict.fromkeys(names))


def render(paths: Iterable[Path], wait: bool) -> str:
    """The text to replay, "" if there is nothing to set up.

    paths -- one for each target
    wait -- whether something else in the image sets up NICs, and renames them
    """
    paths = list(paths)
    links = {link.device.name: link for path in paths for link in path.links}
    nics = {name: link.driver for name, link in links.items() if link.driver}
    lines: dict[str, list[str]] = {home: [] for home in ("", *nics)}
    kinds = dict.fromkeys(link.device.kind for link in links.values())
    lines[""] += [f"modprobe {' '.join(_KIND_MODULES[k])}" for k in kinds if k in _KIND_MODULES]
    if any(":" in path.route.target for path in paths):
        lines[""].append("modprobe ipv6")
    for name in nics:
        lines[name] += _no_ra(links[name].device, links)
    # step by step: lines for ip that follow each other are done by one ip
    for step in (_create, _no_ra, _raise):
        for link in links.values():
            lines[_home(link.device, links)] += step(link.device, links)
    for path in paths:
        device = links[path.route.device].device
        lines[_home(device, links)] += _addresses(path, _word(device, links))
    text = "".join(f"{line}\n" for line in dict.fromkeys(lines[""]))
    for name, driver in nics.items():
        mac = links[name].device.permanent_mac
        words = ["nic", mac, driver.name, "udev" if wait else "-", *driver.modules]
        text += "".join(f"{line}\n" for line in dict.fromkeys([" ".join(words), *lines[name]]))
    return text


def _home(device: Device, links: Mapping[str, Link]) -> str:
    """The NIC that a device must wait for, "" if it can be set up without."""
    if links[device.name].driver:
        return device.name
    return _home(links[device.lower].device, links) if device.lower else ""


def _word(device: Device, links: Mapping[str, Link]) -> str:
    return "@" if links[device.name].driver else device.name


def _create(device: Device, links: Mapping[str, Link]) -> list[str]:
    """Lines that make a device, or that make a NIC ready."""
    mtu = f" mtu {device.mtu}"
    if links[device.name].driver:
        lines = ["link set dev @ down"]
        if device.mac != device.permanent_mac and not device.master:
            lines.append(f"link set dev @ address {device.mac}")
        return [*lines, *([f"link set dev @{mtu}"] if device.mtu != 1500 else [])]
    if device.kind == "vlan":
        lower = links[device.lower].device
        mac = f" address {device.mac}" if device.mac != lower.mac else ""
        protocol = device.data.get("protocol", "802.1Q")
        return [
            f"link add link {_word(lower, links)} name {device.name}{mac}{mtu}"
            f" type vlan protocol {protocol} id {device.data['id']}"
        ]
    if device.kind == "bond":
        return [f"link add name {device.name} address {device.mac}{mtu} type bond{_bond(device)}"]
    if device.kind == "bridge":
        # one way out cannot make a loop, and needs no half a minute of listening
        several = len(links[device.name].members) > 1
        stp = int(several and bool(device.data.get("stp_state")))
        return [
            f"link add name {device.name} address {device.mac}{mtu} type bridge stp_state {stp}"
        ]
    return []


def _bond(device: Device) -> str:
    words = f" mode {device.data.get('mode', 'balance-rr')}"
    if not device.data.get("miimon") and not device.data.get("arp_interval"):
        words += " miimon 100"  # without a monitor a dead link is never noticed
    for key, word, off in _BOND:
        value = device.data.get(key)
        if key == "ad_lacp_rate" and device.data.get("mode") != "802.3ad":
            continue
        if isinstance(value, list):
            value = ",".join(map(str, value))
        if value not in (None, "", off):
            words += f" {word} {value}"
    return words


def _raise(device: Device, links: Mapping[str, Link]) -> list[str]:
    """Lines that put a device under its master and up."""
    name = _word(device, links)
    if device.master in links:
        return [f"link set dev {name} master {device.master}", f"link set dev {name} up"]
    return [f"link set dev {name} up"]


def _no_ra(device: Device, links: Mapping[str, Link]) -> list[str]:
    """The line, before a device is up, that keeps it from listening to routers."""
    if device.link_type == "loopback" or device.master in links:
        return []
    return [f"no-ra {_word(device, links)}"]


def _addresses(path: Path, name: str) -> list[str]:
    """Lines for one target: its source address, its route.

    No route to the subnet comes with the address: of metric 0, it would take the traffic of another
    NIC in that subnet, by which the dump may be saved.
    """
    route, address = path.route, path.address
    if not address:
        return []
    bits = ipaddress.ip_address(address.local).max_prefixlen
    # an address that lives elsewhere (on lo, in a routed rack) does here, without its subnet
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

"""Networks for the tests: saved ones, and namespaces whose devices claim to be hardware."""

from __future__ import annotations

import json
import os
from typing import Any

from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.network import (
    Address,
    Device,
    Kernel,
    Route,
    parse_addresses,
    parse_links,
    parse_route,
    vrf_of,
)
from fence_kdump_image.way.wrapped import Policy

__all__ = ["HERE", "Saved", "fake_sysfs", "kernel"]

# saved `ip -j` output, and the dracut modules that images are built with
HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "image")


class Saved:
    """What iproute2 said in a virtual machine whose kernel has vlan and bond (ours may not).

    name -- of a file in saved/
    """

    def __init__(self, name: str) -> None:
        with open(f"{HERE}/saved/{name}.json", encoding="ascii") as file:
            self._said: Any = json.load(file)

    def devices(self) -> dict[str, Device]:
        """See fence_kdump_image.way.network.Network."""
        return parse_links(json.dumps(self._said["links"]))

    def addresses(self) -> list[Address]:
        """See fence_kdump_image.way.network.Network."""
        return parse_addresses(json.dumps(self._said["addresses"]))

    def route(self, target: str, source: str = "") -> Route | None:
        """See fence_kdump_image.way.network.Network."""
        vrf = vrf_of(source, self.addresses(), self.devices())
        key = "@".join(filter(None, (target, source, vrf)))
        said = self._said["routes"].get(key)
        return parse_route(target, json.dumps(said)) if said else None

    def policies(self) -> list[Policy]:
        """See fence_kdump_image.way.network.Network."""
        return []

    def driver(self, device: str) -> Driver | None:
        """See fence_kdump_image.way.network.Network."""
        name = self._said["drivers"].get(device)
        return Driver(name, (name,)) if name else None


def fake_sysfs(root: str, *nics: str) -> None:
    """Make a sysfs in which these devices are virtio NICs on a PCI bus, as in a virtual machine.

    A veth has no driver, and a test machine may have no NIC at all.
    root -- the folder that gets sys/
    """
    sys = f"{root}/sys"
    for bus, driver, module in (
        ("virtio", "virtio_net", "virtio_net"),
        ("pci", "virtio-pci", "virtio_pci"),
    ):
        os.makedirs(f"{sys}/bus/{bus}/drivers/{driver}")
        os.makedirs(f"{sys}/module/{module}")
        os.symlink(f"../../../../module/{module}", f"{sys}/bus/{bus}/drivers/{driver}/module")
    os.makedirs(f"{sys}/class/net")
    for number, nic in enumerate(nics):
        function = f"devices/pci0000:00/0000:00:0{number + 1}.0"
        virtio = f"{function}/virtio{number}"
        os.makedirs(f"{sys}/{virtio}/net/{nic}")
        os.symlink(f"../../{virtio}/net/{nic}", f"{sys}/class/net/{nic}")
        os.symlink(f"../../../virtio{number}", f"{sys}/{virtio}/net/{nic}/device")
        os.symlink("../../../../bus/virtio/drivers/virtio_net", f"{sys}/{virtio}/driver")
        os.symlink("../../../bus/pci/drivers/virtio-pci", f"{sys}/{function}/driver")


def kernel(root: str) -> Kernel:
    """The network of the namespace that the test runs in, with root's sysfs."""
    return Kernel(f"{root}/sys")

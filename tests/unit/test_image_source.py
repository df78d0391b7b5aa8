"""The safety rule: which source address may be taken into a crash image."""

from __future__ import annotations

import pytest

from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.network import Address, Device, Route
from fence_kdump_image.way.source import choose
from fence_kdump_image.way.wrapped import Policy
from fence_kdump_image.whom.targets import Target

TARGET = Target("node1", "10.0.0.1", "10.0.0.1", 0)
STATIC = Address("eth0", "10.0.0.2", 24)
LEASE = Address("eth0", "10.0.0.2", 24, dynamic=True)
VIP_HOST = Address("eth0", "10.0.0.100", 32)
VIP_SECOND = Address("eth0", "10.0.0.100", 24)
VIP_OTHER = Address("eth0", "10.7.0.100", 24)
V6 = Address("eth0", "fd00::2", 64)
V6_NEWER = Address("eth0", "fd00::100", 64)
SLAAC = Address("eth0", "fd00::abcd", 64, dynamic=True)
DEPRECATED = Address("eth0", "fd00::100", 64, doubtful=True)
LINK = Address("eth0", "fe80::2", 64, scope="link")


class Fixed:
    """A network with one NIC, eth0, over which everything is reached.

    addresses -- its addresses
    source -- the source address that the kernel takes if not told another
    """

    def __init__(self, addresses: list[Address], source: str) -> None:
        self._addresses = addresses
        self._source = source

    def devices(self) -> dict[str, Device]:
        return {"eth0": Device("eth0")}

    def addresses(self) -> list[Address]:
        return self._addresses

    def route(self, target: str, source: str = "") -> Route | None:
        if source and source not in [a.local for a in self._addresses]:
            return None
        return Route(target, "eth0", "", source or self._source)

    def policies(self) -> list[Policy]:
        return []

    def driver(self, device: str) -> Driver | None:
        return None


@pytest.mark.parametrize(
    ("addresses", "preferred", "own", "taken"),
    [
        # corosync.conf names it
        ([STATIC], "10.0.0.2", ["10.0.0.2"], "10.0.0.2"),
        ([VIP_HOST, STATIC], "10.0.0.100", ["10.0.0.2"], "10.0.0.2"),
        ([STATIC, VIP_SECOND], "10.0.0.100", ["10.0.0.2"], "10.0.0.2"),
        ([VIP_OTHER, STATIC], "10.7.0.100", ["10.0.0.2"], "10.0.0.2"),
        ([LEASE], "10.0.0.2", ["10.0.0.2"], "10.0.0.2"),
        # corosync.conf names none of these
        ([STATIC], "10.0.0.2", ["10.9.9.9"], ""),
        ([LEASE], "10.0.0.2", ["10.9.9.9"], ""),
        ([VIP_HOST], "10.0.0.100", ["10.0.0.2"], ""),
    ],
)
def test_in_a_cluster_only_ring_addresses(
    addresses: list[Address], preferred: str, own: list[str], taken: str
) -> None:
    found = choose(TARGET, {0: tuple(own)}, Fixed(addresses, preferred), cluster=True)
    assert (found.address.local if found.address else "") == taken
    assert (found.route.source if found.route else "") == taken
    assert bool(found.problem) == (not taken)


@pytest.mark.parametrize(
    ("addresses", "preferred", "named", "taken"),
    [
        # nothing stands for this node: the device's only static address
        ([STATIC], "10.0.0.2", [], "10.0.0.2"),
        ([STATIC, VIP_SECOND], "10.0.0.100", [], ""),
        ([VIP_HOST, STATIC], "10.0.0.100", [], "10.0.0.2"),
        ([STATIC, VIP_OTHER], "10.7.0.100", [], ""),  # either may be the cluster's
        ([VIP_OTHER, STATIC], "10.0.0.2", [], ""),
        ([LEASE, VIP_HOST], "10.0.0.2", [], ""),
        ([VIP_HOST], "10.0.0.100", [], "10.0.0.100"),  # all there is: a host in a routed network
        ([LEASE], "10.0.0.2", [], ""),
        ([], "", [], ""),
        # this node's name stands for it
        ([LEASE], "10.0.0.2", ["10.0.0.2"], "10.0.0.2"),
        ([VIP_OTHER, STATIC], "10.7.0.100", ["10.0.0.2"], "10.0.0.2"),
        ([STATIC], "10.0.0.2", ["127.0.1.1"], "10.0.0.2"),
    ],
)
def test_without_a_cluster(
    addresses: list[Address], preferred: str, named: list[str], taken: str
) -> None:
    found = choose(TARGET, {0: tuple(named)}, Fixed(addresses, preferred), cluster=False)
    assert (found.address.local if found.address else "") == taken
    assert bool(found.problem) == (not taken)


@pytest.mark.parametrize(
    ("addresses", "own", "taken"),
    [
        ([LINK, STATIC, SLAAC, V6], ["10.0.0.2", "fd00::2"], "fd00::2"),
        ([SLAAC, V6], [], "fd00::2"),
        ([V6_NEWER, V6], [], ""),  # either may be the cluster's
        ([SLAAC], [], ""),
        ([DEPRECATED, V6], [], "fd00::2"),
        ([LINK, V6, SLAAC], [], "fd00::2"),
        ([LINK], [], ""),
    ],
)
def test_the_family_of_the_target(addresses: list[Address], own: list[str], taken: str) -> None:
    target = Target("node1", "fd00::1", "fd00::1", 0)
    network = Fixed(addresses, addresses[0].local)
    found = choose(target, {0: tuple(own)}, network, cluster=bool(own))
    assert (found.address.local if found.address else "") == taken


def test_loopback_needs_no_address() -> None:
    target = Target("127.0.0.1", "127.0.0.1", "127.0.0.1", 0)
    found = choose(target, {}, Fixed([LEASE], "127.0.0.1"), cluster=False)
    assert (found.route is not None, found.address, found.problem) == (True, None, "")


def test_own_ring_of_the_target_first() -> None:
    target = Target("node1", "10.0.0.1", "10.0.0.1", 1)
    network = Fixed([STATIC, VIP_OTHER], "192.0.2.1")
    found = choose(target, {0: ("10.7.0.100",), 1: ("10.0.0.2",)}, network, cluster=True)
    assert found.address == STATIC

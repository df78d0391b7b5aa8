"""Which source address this node may use in the crash kernel: the safety rule.

The source address of a message says which node has crashed. A virtual address of the cluster is on
a surviving node by then, and a dynamic address may belong to another host. So an address is
included only if it belongs to this node.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fence_kdump_image.way.network import Address, Network, Route, vrf_of
from fence_kdump_image.whom.targets import Target

__all__ = ["Sourced", "choose"]


@dataclass(frozen=True)
class Sourced:
    """A target's route with the source address to replay.

    route -- None if there is nothing to replay
    address -- the address to give the route's device, None if it needs none (loopback)
    problem -- why there is nothing to replay, "" if there is something
    """

    target: Target
    route: Route | None = None
    address: Address | None = None
    problem: str = ""


def choose(
    target: Target, own: Mapping[int, tuple[str, ...]], network: Network, cluster: bool
) -> Sourced:
    """Find the route to a target, from an address of this node.

    target -- the target; its address must not be ""
    own -- ring -> addresses of this node: from corosync.conf, or from its name
    network -- of the running kernel
    cluster -- whether there is a corosync.conf; then only the addresses in `own` are this node's
    """
    route = network.route(target.address)
    rings = [*own.get(target.ring, ()), *(a for ring in sorted(own) for a in own[ring])]
    local = {a.local: a for a in network.addresses()}
    allowed = [
        a
        for a in dict.fromkeys(rings)
        if a in local and _same_family(a, target.address) and not _loopback(a)
    ]
    if route and _loopback(target.address):
        return Sourced(target, route)
    # packets from an address in a VRF do not use routes of the main table
    ring, devices = own.get(target.ring, ()), network.devices()
    apart = [a for a in allowed if a in ring and vrf_of(a, local.values(), devices)]
    if route and route.source in allowed and not apart:
        return Sourced(target, route, local[route.source])
    for address in [*apart, *allowed]:
        route_from = network.route(target.address, address)
        if route_from:
            return Sourced(target, replace(route_from, source=address), local[address])
    if not route:
        return Sourced(target, problem=f"no route to {target.address} ({target.node})")
    if cluster:
        return Sourced(
            target,
            problem=f"the route to {target.address} ({target.node}) starts from"
            f" {route.source or 'no address'}, which is not a ring address of this node in"
            " corosync.conf: the image does not get it",
        )
    return _primary(target, route, network)


def _primary(target: Target, route: Route, network: Network) -> Sourced:
    """The only static address of the device, if no file says which addresses are this node's.

    If there are several, only a name can decide. Their order does not help: the kernel lists IPv6
    addresses newest first, and an IPv4 address that is set again moves behind a virtual one.
    """
    candidates = [
        a
        for a in network.addresses()
        if a.device == route.device
        and _same_family(a.local, target.address)
        and a.scope == "global"
        and not a.doubtful
    ]
    if not candidates:
        text = f"{route.device} has no address to reach {target.address} from"
        return Sourced(target, problem=text)
    static = _without_hosts([a for a in candidates if not a.dynamic])
    if not static or (len(static) == 1 and _is_host(static[0]) and len(candidates) > 1):
        return Sourced(
            target,
            problem=f"{candidates[0].local} on {route.device} is a dynamic address, and neither"
            " corosync.conf nor the name of this node leads to it: the image does not get it",
        )
    if len(static) > 1:
        several = " and ".join(a.local for a in static)
        return Sourced(
            target,
            problem=f"{route.device} has {several}, and some may be virtual addresses of the"
            " cluster: the image gets none; add this node's own address and name to /etc/hosts",
        )
    first = static[0]
    if route.source == first.local:
        return Sourced(target, route, first)
    route_from = network.route(target.address, first.local)
    if not route_from:
        return Sourced(target, problem=f"no route to {target.address} from {first.local}")
    return Sourced(target, replace(route_from, source=first.local), first)


def _without_hosts(addresses: Sequence[Address]) -> Sequence[Address]:
    """The addresses with a subnet. Virtual addresses of a cluster often have none."""
    return [a for a in addresses if not _is_host(a)] or addresses


def _is_host(address: Address) -> bool:
    longest = ipaddress.ip_address(address.local).max_prefixlen
    return address.prefixlen == longest and not address.peer


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _same_family(one: str, other: str) -> bool:
    return (":" in one) == (":" in other)

"""A probe from this machine: what to probe, by its configuration and network, and the results."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence

from fence_kdump_admin.probe import goals, send
from fence_kdump_cluster.resolve import Resolver
from fence_kdump_image.image import plan
from fence_kdump_image.way.network import Kernel, Network, NetworkError
from fence_kdump_protocol import PORT

__all__ = ["PORT", "NothingToProbeError", "port_of", "probe"]

PATIENCE = 5.0  # seconds for names to resolve


class NothingToProbeError(Exception):
    """The crash kernel tells no node, and none was named; the text says why."""


def probe(root: str, node: str, wanted: Sequence[str], port: int) -> tuple[int, list[send.Result]]:
    """Probe nodes. Takes 4 seconds at most, and what names take to resolve.

    root -- folder that the configuration is below
    node -- this node's name, "" for the host name
    wanted -- names and addresses of nodes; none: all that the crash kernel tells
    port -- the UDP port of messages, 0 for the one that the sender is told to use

    Returns the port and what was found. Raises NothingToProbeError, goals.UnknownNodeError.
    """
    network = Kernel(f"{root}/sys")
    made = plan.make(plan.read_sources(root), network, node)
    found = goals.find(made, wanted, network, _look_up)
    if not found:
        why = made.refusal or "none of the nodes' names resolves"
        raise NothingToProbeError(f"the crash kernel will tell nobody: {why}")
    port = port or port_of(made)
    return port, send.try_all(found, port, own_addresses(network), goals.hosts(made))


def port_of(made: plan.Plan) -> int:
    """The UDP port that the sender is told to use."""
    words = dict(zip(made.options, made.options[1:]))
    return int(words.get("--ipport", PORT))


def own_addresses(network: Network) -> frozenset[str]:
    """This host's addresses."""
    try:
        return frozenset(str(ipaddress.ip_address(a.local)) for a in network.addresses())
    except NetworkError:
        return frozenset()


def _look_up(names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    resolver = Resolver(names, socket.AF_UNSPEC)
    resolver.settle(PATIENCE)
    return {name: resolver.known.get(name, ()) for name in names}

"""What an administrator can do about messages that came but did not count."""

from __future__ import annotations

from fence_kdump_cluster.addresses import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["strangers"]


def strangers(
    found: Mapping[bytes, int], nodes: Mapping[bytes, str], node: str, family: str
) -> list[str]:
    """One part of a line for each kind of source from which messages do not count.

    found -- packed address -> how many valid messages came from it
    nodes -- packed address -> the node that corosync.conf or the CIB gives it to
    node -- name of the target node, "" if it is not known
    family -- the option: "auto", "ipv4" or "ipv6"
    """
    known = [address for address in found if address in nodes]
    excluded = [a for a in known if nodes[a] == node and len(a) == (16 if family == "ipv4" else 4)]
    excluded = [] if family == "auto" else excluded
    others = [address for address in known if address not in excluded]
    unknown = [address for address in found if address not in nodes]
    parts = []
    if others:
        named = ", ".join(f"{show(a)} ({nodes[a]}, {found[a]})" for a in others)
        parts.append(f"valid messages came from {named}")
    if excluded:
        parts.append(
            f"valid messages came from {_counted(excluded, found)}, which is {node}, but"
            f" family={family} excludes it: remove family from the device's options"
        )
    if unknown:
        remedy = _remedy(unknown, node or "NODE")
        parts.append(f"valid messages came from {_counted(unknown, found)}: {remedy}")
    return parts


def _counted(addresses: list[bytes], found: Mapping[bytes, int]) -> str:
    return ", ".join(f"{show(address)} ({found[address]})" for address in addresses)


def _remedy(addresses: list[bytes], node: str) -> str:
    """How to make these addresses count.

    IPv6 addresses cannot stand in pcmk_host_map, because it separates by colons.
    """
    plain = [show(address) for address in addresses if len(address) == 4]
    whose = "this address belongs" if len(addresses) == 1 else "these addresses belong"
    if len(plain) == len(addresses):
        return f'if {whose} to {node}, set pcmk_host_map="{node}:{",".join(plain)}"'
    return (
        f"if {whose} to {node}, add one name for all addresses of {node} to /etc/hosts and set"
        f' pcmk_host_map="{node}:NAME"'
    )

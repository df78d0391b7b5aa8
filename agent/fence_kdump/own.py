"""This host's own addresses: a message from one of them proves nothing of another node."""

from __future__ import annotations

from fence_kdump_cluster.addresses import pack

__all__ = ["own_addresses", "parse_fib_trie", "parse_if_inet6"]


def own_addresses() -> frozenset[bytes]:
    """The packed addresses that are this host's own, and the broadcast ones of its networks.

    Read from proc(5): unlike a try to bind(2), it is not misled by net.ipv4.ip_nonlocal_bind, which
    clusters with floating addresses set.
    """
    return parse_fib_trie(_read("/proc/net/fib_trie")) | parse_if_inet6(_read("/proc/net/if_inet6"))


def parse_fib_trie(text: str) -> frozenset[bytes]:
    """The local and broadcast addresses in /proc/net/fib_trie (kernel: net/ipv4/fib_trie.c)."""
    found = set()
    address = ""
    for line in text.splitlines():
        branch, _, leaf = line.partition("|-- ")
        if leaf:
            address = leaf.strip()
        elif branch.strip().startswith("/32 ") and branch.endswith((" LOCAL", " BROADCAST")):
            found.add(address)
    return frozenset(filter(None, map(pack, found)))


def parse_if_inet6(text: str) -> frozenset[bytes]:
    """The addresses in /proc/net/if_inet6: 32 hexadecimal digits at the start of each line."""
    return frozenset(bytes.fromhex(line[:32]) for line in text.splitlines())


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:  # no IPv6 here, say
        return ""

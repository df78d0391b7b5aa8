"""The targets: all configured nodes except this one, as addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fence_kdump_cluster import corosync
from fence_kdump_cluster.addresses import literal
from fence_kdump_image.textfiles import is_utf8
from fence_kdump_image.whom.itself import (
    Answers,
    Self,
    is_local,
    is_loopback,
    node_of,
    own_rings,
)
from fence_kdump_image.whom.sources import Candidate, Configured

__all__ = ["Settled", "Target", "hosts", "settle"]


@dataclass(frozen=True)
class Target:
    """A target of the sender: an address, or a name that the sender must resolve (address "").

    sources -- paths of the files that list it
    """

    node: str
    host: str
    address: str
    ring: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settled:
    """The targets, and what belongs to this node.

    targets -- in the order of the configuration, each address once
    own -- ring -> this node's addresses there, from corosync.conf
    cluster -- whether corosync.conf lists the nodes of a cluster
    name -- of this node in corosync.conf, "" if it is not known
    problems -- one-line texts
    """

    targets: tuple[Target, ...]
    own: Mapping[int, tuple[str, ...]]
    cluster: bool
    name: str
    problems: tuple[str, ...]


def hosts(configured: Configured) -> Iterable[str]:
    """The names to look up before `settle`."""
    return dict.fromkeys(c.host for c in configured.candidates)


def settle(configured: Configured, answers: Answers, me: Self) -> Settled:
    """Leave this node out, and replace names by addresses.

    configured -- from `sources.gather`
    answers -- host -> its addresses, () if it did not resolve
    me -- this node
    """
    problems: list[str] = []
    candidates, rings = configured.candidates, configured.rings
    if rings and all(_is_nobody(answers.get(ring.host, ())) for ring in rings):
        problems.append(
            f"{corosync.PATH} has only loopback addresses, as a distribution's sample has, and is"
            " ignored: if this node is in a cluster, write the nodes' own addresses"
        )
        candidates, rings = tuple(c for c in candidates if c not in rings), ()
    mine = node_of(rings, answers, me)
    own = own_rings(rings, mine, answers, me, problems)
    others = _without_me(candidates, mine, own, answers, me)
    if rings and not mine:
        names = ", ".join(sorted(me.names))
        problems.append(
            f"{corosync.PATH} does not list this node ({names}): all nodes in it are notified"
        )
    targets = _targets(others, answers, me, problems)
    return Settled(targets, own, bool(rings), "".join(mine - _shared_names(rings)), tuple(problems))


def _without_me(
    candidates: Sequence[Candidate],
    mine: frozenset[str],
    own: Mapping[int, tuple[str, ...]],
    answers: Answers,
    me: Self,
) -> list[Candidate]:
    shared = _shared_names([c for c in candidates if c.source == corosync.PATH])
    names, addresses = me.names, me.addresses
    if not mine & shared:  # corosync.conf has this node even if its links are down
        names, addresses = names.union(n.lower() for n in mine), addresses.union(*own.values())

    def is_me(candidate: Candidate) -> bool:
        local = is_local(answers.get(candidate.host, ()), addresses)
        if candidate.source == corosync.PATH:
            return candidate.node in mine and (candidate.node not in shared or local)
        return candidate.host.lower() in names or local

    return [candidate for candidate in candidates if not is_me(candidate)]


def _targets(
    candidates: Iterable[Candidate], answers: Answers, me: Self, problems: list[str]
) -> tuple[Target, ...]:
    targets: dict[str, Target] = {}
    nodes: dict[str, str] = {}  # in lower case -> as corosync.conf writes it
    for candidate in candidates:
        host, source = candidate.host, candidate.source
        if source == corosync.PATH:
            nodes[candidate.node.lower()] = candidate.node
        addresses = answers.get(host, ())
        usable = [a for a in addresses if _usable(a, candidate, me)]
        problems += [
            f"{host}: {a} is not an address of another node and is ignored"
            for a in addresses
            if a not in usable
        ]
        if not addresses and source != corosync.PATH and host.lower() in nodes:
            continue  # its rings are notified
        if not addresses and not is_utf8(host):
            problems.append(f"{host!r} is not UTF-8 and is ignored: write the name of a host")
            continue
        if not addresses and host not in targets:
            problems.append(
                f"{host} does not resolve, so the crash kernel has to look it up: write its address"
                " instead, or add it to /etc/hosts"
            )
        node = nodes.get(candidate.node.lower(), candidate.node)
        for address in usable if addresses else [""]:
            new = Target(node, host, address, candidate.ring)
            known = targets.get(address or host, new)
            named_by = dict.fromkeys((*known.sources, source))
            targets[address or host] = replace(known, sources=tuple(named_by))
    return tuple(targets.values())


def _shared_names(rings: Iterable[Candidate]) -> frozenset[str]:
    """The names that several nodes have in corosync.conf, each with a ring of the same number."""
    slots = [(ring.node, ring.ring) for ring in rings]
    return frozenset(name for name, ring in slots if slots.count((name, ring)) > 1)


def _is_nobody(addresses: Sequence[str]) -> bool:
    return bool(addresses) and all(map(is_loopback, addresses))


def _usable(address: str, candidate: Candidate, me: Self) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    # a file that is written for this node is meant literally
    meant = literal(candidate.host) is not None
    loopback = ip.is_loopback and not (meant and candidate.source != corosync.PATH)
    broadcast = address == "255.255.255.255"
    mine = address in me.addresses and not meant  # such as that of a private bridge
    return not (ip.is_unspecified or ip.is_multicast or broadcast or loopback or mine)

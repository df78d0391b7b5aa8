"""Whom to tell: the first configuration that has an answer, minus this node.

The order is that of the stock integration: fence_kdump_nodes in kdump.conf, the nodes of a
fence_kdump_send in SUSE's KDUMP_POSTSCRIPT, the cluster's own list of nodes. The last needs no
running cluster: corosync.conf has every node and all of its rings.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fence_kdump_cluster import corosync
from fence_kdump_image import kdumpconf, options, sysconfig
from fence_kdump_image.resolve import literal

__all__ = [
    "SOURCES",
    "Candidate",
    "Choice",
    "Self",
    "Settled",
    "Target",
    "choose",
    "hosts",
    "settle",
]

SOURCES = (kdumpconf.PATH, sysconfig.KDUMP, corosync.PATH, sysconfig.FENCE_KDUMP)


@dataclass(frozen=True)
class Candidate:
    """One host as a configuration writes it.

    node -- the node's name in the cluster; outside of corosync.conf the host itself
    host -- name or address
    ring -- which of the node's links it is, from 0
    """

    node: str
    host: str
    ring: int = 0


@dataclass(frozen=True)
class Choice:
    """What the configuration says.

    source -- path of the file that named the nodes, "" if none did
    candidates -- all it names, this node among them
    rings -- all that corosync.conf names, whichever file is the source
    options -- options for the sender
    sender -- path under which something in the image will look for a sender, "" for none
    opted_out -- the administrator wants nothing of us in the image
    problems -- one-line texts
    """

    source: str
    candidates: tuple[Candidate, ...]
    rings: tuple[Candidate, ...]
    options: options.Options
    sender: str
    opted_out: bool
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Self:
    """This node: its names (lower case), and the addresses that its devices have now."""

    names: frozenset[str]
    addresses: frozenset[str]


@dataclass(frozen=True)
class Target:
    """Whom the sender is told: an address, or (address "") a name that it must resolve."""

    node: str
    host: str
    address: str
    ring: int


@dataclass(frozen=True)
class Settled:
    """Whom to tell, and what stands for this node.

    targets -- in the order of the configuration, each address once
    own -- ring -> this node's addresses there, by corosync.conf
    problems -- one-line texts
    """

    targets: tuple[Target, ...]
    own: Mapping[int, tuple[str, ...]]
    problems: tuple[str, ...]


def choose(texts: Mapping[str, str]) -> Choice:
    """Pick the configuration that names the nodes.

    texts -- path -> text of those of SOURCES that exist
    """
    problems: list[str] = []
    settings = _settings(texts, sysconfig.FENCE_KDUMP, problems)
    opted_out = settings.get("FENCE_KDUMP", "").lower() in ("no", "off", "false", "0")
    conf = kdumpconf.parse(texts.get(kdumpconf.PATH, ""))
    postscript = _settings(texts, sysconfig.KDUMP, problems).get("KDUMP_POSTSCRIPT", "")
    call = sysconfig.sender_command(postscript)
    # a postscript must end, hence its -c; we need not
    called = options.parse(call[1:], leave_out=["count"])
    nodelist = corosync.parse(texts.get(corosync.PATH, ""))
    rings = tuple(
        Candidate(node.name, host, ring)
        for node in nodelist.nodes
        for ring, host in enumerate(node.addresses)
    )
    if conf.nodes:
        source, wanted = kdumpconf.PATH, options.parse(conf.args)
        candidates = tuple(Candidate(node, node) for node in conf.nodes)
    elif called.nodes:
        source, wanted = sysconfig.KDUMP, called
        candidates = tuple(Candidate(node, node) for node in called.nodes)
    else:
        source, candidates = (corosync.PATH if rings else ""), rings
        wanted = options.parse(settings.get("FENCE_KDUMP_OPTS", "").split())
        problems += [f"{corosync.PATH}: {problem}" for problem in nodelist.problems]
    problems += [f"{source}: {problem}" for problem in wanted.problems]
    sender = call[0] if call and call[0].startswith("/") else ""
    return Choice(source, candidates, rings, wanted, sender, opted_out, tuple(problems))


def settle(choice: Choice, answers: Mapping[str, tuple[str, ...]], me: Self) -> Settled:
    """Leave this node out and put addresses for names.

    choice -- what `choose` found
    answers -- host -> its addresses, () if it did not resolve
    me -- this node
    """
    mine = {c.node for c in choice.candidates if _is_me(c, answers, me)}
    own: dict[int, tuple[str, ...]] = {}
    for candidate in choice.rings:
        if candidate.node in {c.node for c in choice.rings if _is_me(c, answers, me)}:
            addresses = answers.get(candidate.host, ())
            own[candidate.ring] = own.get(candidate.ring, ()) + addresses
    targets: list[Target] = []
    problems: list[str] = []
    for candidate in choice.candidates:
        addresses = answers.get(candidate.host, ())
        if candidate.node in mine:
            continue
        usable = [a for a in addresses if _usable(a, candidate.host)]
        problems += [
            f"{candidate.host}: {a} is no address of another node; left out"
            for a in addresses
            if a not in usable
        ]
        if not addresses:
            problems.append(
                f"{candidate.host} does not resolve; it stays in as a name for the crash kernel"
                " to resolve: better write its address, or put it into /etc/hosts"
            )
        known = {t.address or t.host for t in targets}
        targets += [
            Target(candidate.node, candidate.host, address, candidate.ring)
            for address in (usable if addresses else [""])
            if (address or candidate.host) not in known
        ]
    if choice.candidates and not mine and choice.source == corosync.PATH:
        names = ", ".join(sorted(me.names))
        problems.append(f"{corosync.PATH} does not name this node ({names}); told are all it names")
    return Settled(tuple(targets), own, tuple(problems))


def _settings(texts: Mapping[str, str], path: str, problems: list[str]) -> Mapping[str, str]:
    settings = sysconfig.parse(texts.get(path, ""))
    problems += [f"{path}: {problem}" for problem in settings.problems]
    return settings.values


def _is_me(candidate: Candidate, answers: Mapping[str, tuple[str, ...]], me: Self) -> bool:
    if {candidate.node.lower(), candidate.host.lower()} & me.names:
        return True
    addresses = answers.get(candidate.host, ())
    if any(a in me.addresses and not _loopback(a) for a in addresses):
        return True
    # Debian's installer gives a host's own name 127.0.1.1; who writes a loopback address means it
    return bool(addresses) and literal(candidate.host) is None and all(map(_loopback, addresses))


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _usable(address: str, host: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    broadcast = address == "255.255.255.255"
    loopback = ip.is_loopback and literal(host) is None
    return not (ip.is_unspecified or ip.is_multicast or broadcast or loopback)


def hosts(choice: Choice) -> Iterable[str]:
    """What must be looked up before `settle`."""
    return dict.fromkeys(c.host for c in (*choice.candidates, *choice.rings))

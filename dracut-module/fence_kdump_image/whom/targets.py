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
from fence_kdump_cluster.addresses import literal
from fence_kdump_image.whom import kdumpconf, options, sysconfig

__all__ = [
    "SOURCES",
    "Candidate",
    "Choice",
    "Self",
    "Settled",
    "Target",
    "choose",
    "hosts",
    "own_by_name",
    "settle",
]

FOLDER = "/usr/libexec/fence-kdump"  # the sender's, in an image
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
    called = options.parse(call[1:], in_postscript=True)
    nodelist = corosync.parse(texts.get(corosync.PATH, ""))
    rings = tuple(
        Candidate(node.name, host, ring)
        for node in nodelist.nodes
        for ring, host in zip(node.rings, node.addresses)
    )
    if conf.nodes:
        source, wanted = kdumpconf.PATH, options.parse(conf.args)
        problems += _left_out(f"{kdumpconf.PATH}: fence_kdump_args", wanted)
        candidates = tuple(Candidate(node, node) for node in conf.nodes)
    elif called.nodes:
        source, wanted = sysconfig.KDUMP, called
        problems += [f"{sysconfig.KDUMP}: KDUMP_POSTSCRIPT: {text}" for text in called.problems]
        candidates = tuple(Candidate(node, node) for node in called.nodes)
    else:
        source, candidates = (corosync.PATH if rings else ""), rings
        wanted = options.parse(settings.get("FENCE_KDUMP_OPTS", "").split())
        problems += [f"{corosync.PATH}: {problem}" for problem in nodelist.problems]
        problems += _left_out(f"{sysconfig.FENCE_KDUMP}: FENCE_KDUMP_OPTS", wanted)
    sender = call[0] if call and call[0].startswith("/") else ""
    if sender.startswith(f"{FOLDER}/"):
        problems.append(
            f"{sysconfig.KDUMP}: KDUMP_POSTSCRIPT calls {sender}, which may never end, and without"
            " it the image tells the nodes as well: remove that call"
        )
        sender = ""
    return Choice(source, candidates, rings, wanted, sender, opted_out, tuple(problems))


def _left_out(setting: str, wanted: options.Options) -> list[str]:
    """Problems with a setting that is for options alone."""
    texts = [f"{setting}: {problem}" for problem in wanted.problems]
    return texts + [f"{setting}: {word!r} is no option; left out" for word in wanted.nodes]


def settle(choice: Choice, answers: Mapping[str, tuple[str, ...]], me: Self) -> Settled:
    """Leave this node out and put addresses for names.

    choice -- what `choose` found
    answers -- host -> its addresses, () if it did not resolve
    me -- this node
    """
    problems: list[str] = []
    own = _own(choice, answers, me, problems)
    if choice.source == corosync.PATH:
        mine = _my_node(choice.candidates, answers, me)
        shared = _shared_names(choice.candidates)
    else:
        shared = frozenset()
        mine = frozenset(c.node for c in choice.candidates if _is_me(c, answers, me))
    targets: list[Target] = []
    for candidate in choice.candidates:
        addresses = answers.get(candidate.host, ())
        if candidate.node in mine and (candidate.node not in shared or _is_local(addresses, me)):
            continue
        usable = [a for a in addresses if _usable(a, candidate.host, me)]
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


def own_by_name(name: str, addresses: Iterable[str], me: Self) -> tuple[tuple[str, ...], str]:
    """Those of a name's addresses that are this node's own, and a problem with them or "".

    name -- a name of this node
    addresses -- what it resolves to. Where nss-myhostname(8) answers that is every address of the
        machine, virtual ones too: then nothing tells which one is its own
    me -- this node
    """
    local = [a for a in addresses if a in me.addresses and not _loopback(a) and not _link_local(a)]
    for family in (4, 6):
        alike = [a for a in local if ipaddress.ip_address(a).version == family]
        if len(alike) > 1:
            return (), (
                f"{name} resolves to {' and '.join(alike)}, of which some may be a cluster's: none"
                " is taken along; write the address into corosync.conf, or one into /etc/hosts"
            )
    return tuple(local), ""


def _own(
    choice: Choice, answers: Mapping[str, tuple[str, ...]], me: Self, problems: list[str]
) -> dict[int, tuple[str, ...]]:
    """ring -> this node's addresses there, by corosync.conf; without those it gives to others."""
    mine = _my_node(choice.rings, answers, me)
    taken = {a: c.node for c in choice.rings if c.node not in mine for a in answers.get(c.host, ())}
    own: dict[int, tuple[str, ...]] = {}
    for ring in choice.rings:
        if ring.node not in mine:
            continue
        addresses, problem = answers.get(ring.host, ()), ""
        if literal(ring.host) is None:
            addresses, problem = own_by_name(ring.host, addresses, me)
        if problem:
            problems.append(problem)
        own[ring.ring] = own.get(ring.ring, ()) + tuple(a for a in addresses if a not in taken)
    problems += [
        f"this machine has {a}, which corosync.conf gives to {taken[a]}: not taken along"
        for a in sorted(me.addresses & taken.keys())
        if not _loopback(a)
    ]
    return own


def _my_node(
    rings: Iterable[Candidate], answers: Mapping[str, tuple[str, ...]], me: Self
) -> frozenset[str]:
    """The node of corosync.conf that is this one; none if nothing tells.

    By its name, if it has it; only else by its addresses, which may be on this machine because it
    took them over.
    """
    nodes = {ring.node: [r for r in rings if r.node == ring.node] for ring in rings}
    ways = (
        lambda ring: bool({ring.node.lower(), ring.host.lower()} & me.names),
        lambda ring: literal(ring.node) is None and _short(ring.node) in me.names,
        lambda ring: _is_local(answers.get(ring.host, ()), me),
    )
    for way in ways:
        found = [name for name, rings in nodes.items() if any(map(way, rings))]
        if found:
            return frozenset(found if len(found) == 1 else ())
    return frozenset()


def _shared_names(rings: Iterable[Candidate]) -> frozenset[str]:
    """The names that corosync.conf gives to several nodes: each has a ring of the same number."""
    slots = [(ring.node, ring.ring) for ring in rings]
    return frozenset(name for name, ring in slots if slots.count((name, ring)) > 1)


def _is_me(candidate: Candidate, answers: Mapping[str, tuple[str, ...]], me: Self) -> bool:
    if candidate.host.lower() in me.names:
        return True
    return _is_local(answers.get(candidate.host, ()), me)


def _is_local(addresses: Iterable[str], me: Self) -> bool:
    """Whether all of a host's addresses are this machine's. One alone may be on every machine, as
    that of a private bridge is."""
    outside = [a for a in addresses if not _loopback(a)]
    return bool(outside) and me.addresses.issuperset(outside)


def _short(name: str) -> str:
    return name.lower().partition(".")[0]


def _link_local(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_link_local


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _usable(address: str, host: str, me: Self) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    broadcast = address == "255.255.255.255"
    loopback = ip.is_loopback and literal(host) is None
    mine = address in me.addresses and literal(host) is None  # as a private bridge's is
    return not (ip.is_unspecified or ip.is_multicast or broadcast or loopback or mine)


def hosts(choice: Choice) -> Iterable[str]:
    """What must be looked up before `settle`."""
    return dict.fromkeys(c.host for c in (*choice.candidates, *choice.rings))

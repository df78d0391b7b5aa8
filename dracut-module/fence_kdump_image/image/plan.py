"""The configuration and the network of this node -> what an image gets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable

from fence_kdump_cluster import corosync
from fence_kdump_image.image import nodekey, watchdog
from fence_kdump_image.way import dump, links, replay, source, wrapped
from fence_kdump_image.way.network import Address, Device, Network, NetworkError
from fence_kdump_image.way.nics import Nic, Way, divide
from fence_kdump_image.way.owners import crashline, look
from fence_kdump_image.way.owners.surroundings import ALONE, Surroundings
from fence_kdump_image.way.source import Sourced
from fence_kdump_image.whom import itself, members, resolve, sources, targets

__all__ = [
    "ALONE",
    "SOURCES",
    "Nic",
    "Plan",
    "make",
    "read_sources",
    "unreadable",
    "with_key",
    "with_watchdogs",
]

FAST_START = "60"  # seconds; STP, LACP or a missing carrier may swallow the first messages
HOSTS = "/etc/hosts"
SOURCES = (*sources.SOURCES, HOSTS)  # all configuration that a plan may depend on
Resolver = Callable[[Sequence[str], str], Mapping[str, "tuple[str, ...]"]]
KEY_FILE = "/etc/fence-kdump/node.key"  # in an image


@dataclass(frozen=True)
class Plan:
    """What goes into the image.

    node -- this node's name
    targets -- the addresses to notify
    options -- options for the sender
    nics -- the NICs on the way, with their owners
    replay -- the text that the crash kernel replays, "" for none
    modules -- kernel modules needed for it
    senders -- the paths under which scripts of kdump call a sender in the image
    refusal -- why there is no node to notify, "" if there is one
    warnings -- one-line texts for the administrator
    around -- what else in the image configures NICs
    name -- of this node in corosync.conf, "" if it is not known
    key -- with which this node proves its identity, None for none
    watchdogs -- what is done about the watchdogs of this node
    ways -- how this node reaches each address now, and from which own address
    faults -- path -> what is wrong with a file that may therefore list too few nodes
    line -- the words about the network on the crash kernel's command line
    """

    node: str
    targets: tuple[targets.Target, ...]
    options: tuple[str, ...]
    nics: tuple[Nic, ...]
    replay: str
    modules: tuple[str, ...]
    senders: tuple[str, ...]
    refusal: str
    warnings: tuple[str, ...]
    around: Surroundings
    name: str = ""
    key: nodekey.NodeKey | None = None
    watchdogs: watchdog.Watchdogs = watchdog.NONE
    ways: tuple[Sourced, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    line: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The sender's arguments in the crash kernel."""
        own = ("--crash-only", "--fast-start", FAST_START)
        proof = ("--key", KEY_FILE, "--node", self.key.name) if self.key else ()
        told = tuple(t.address or t.host for t in self.targets)
        return (*own, *proof, *self.options, "--", *told)

    @property
    def needs_resolver(self) -> bool:
        """Whether the crash kernel has to look up names."""
        return any(not t.address for t in self.targets)


def read_sources(root: str) -> dict[str, str]:
    """The configuration below a root folder: path -> text of each file that exists.

    It includes the command line of the running kernel. On a Pacemaker Remote node, no file lists
    the members, so the cluster is asked.
    """
    texts = {}
    for path in (*SOURCES, crashline.RUNNING):
        if path == members.PATH:
            continue
        with contextlib.suppress(OSError):
            texts[path] = _text(root, path)
    told = members.current(root, texts)
    return {**texts, members.PATH: told} if told else texts


def _text(root: str, path: str) -> str:
    """Raises OSError."""
    if path == corosync.PATH:
        return corosync.read(root)
    with open(root + path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def unreadable(root: str) -> dict[str, str]:
    """Path -> what is wrong, for each configuration file that exists but cannot be read.

    root -- folder below which the configuration is
    """
    faults = {}
    for path in SOURCES:
        try:
            _text(root, path)
        except OSError as error:
            if os.path.lexists(root + path):
                faults[path] = f"it cannot be read: {error.strerror}"
    return faults


def make(
    texts: Mapping[str, str],
    network: Network,
    node: str = "",
    resolver: Resolver = resolve.look_up,
    around: Surroundings = ALONE,
) -> Plan:
    """Plan an image. Raises nothing because of this node's state: a failure becomes a warning.

    texts -- from `read_sources`
    network -- of the running kernel
    node -- name of this node; "" for the one in the cluster, or the host name
    resolver -- (names, family) -> addresses of each
    around -- what else in the image configures NICs
    """
    configured = sources.gather(texts)
    node = node or configured.node or os.uname().nodename
    warnings = list(configured.problems)
    names = frozenset({node.lower(), node.lower().partition(".")[0]})
    # corosync.conf decides; without an entry there, the addresses of the node's name count
    named = [] if {ring.node.lower() for ring in configured.rings} & names else [node]
    servers = dump.servers(texts, around)
    answers = resolver([*targets.hosts(configured), *named, *servers], configured.options.family)
    try:
        addresses = network.addresses()
    except NetworkError as error:
        warnings.append(f"{error}; the image gets no links")
        addresses, network = (), _Blind()
    me = itself.Self(names, frozenset(a.local for a in addresses))
    settled = targets.settle(configured, answers, me)
    warnings += settled.problems
    own = settled.own
    if not settled.cluster:
        alone, problem = itself.own_by_name(node, answers.get(node, ()), me)
        own = {0: alone}
        warnings += [problem] if problem else []
    ways = _ways(settled, own, network, warnings)
    line = crashline.compose(texts)
    claims = look.claims(around, line)
    divided = divide(ways, claims, _dump([a for s in servers for a in answers.get(s, ())], network))
    warnings += divided.problems
    return Plan(
        node=node,
        targets=settled.targets,
        options=configured.options.words,
        nics=divided.nics,
        replay=replay.render(divided.paths, bool(around.programs)),
        modules=replay.modules(divided.paths),
        senders=configured.senders,
        refusal=_refusal(configured, settled),
        warnings=tuple(dict.fromkeys(warnings)),
        around=around,
        name=settled.name,
        ways=tuple(found for found, _ in ways),
        faults={} if configured.opted_out else configured.faults,
        line=tuple(word.text for word in line),
    )


def with_watchdogs(wanted: Plan, found: watchdog.Watchdogs) -> Plan:
    """The same plan, with what is done about the watchdogs of this node.

    found -- the watchdogs
    """
    return replace(wanted, watchdogs=found, warnings=(*wanted.warnings, *found.warnings))


def with_key(wanted: Plan, root: str) -> Plan:
    """The same plan, with this node's key, if there is one.

    root -- folder below which the file with the key is
    """
    key, problems = nodekey.find(root, wanted.name, wanted.node)
    return replace(wanted, key=key, warnings=(*wanted.warnings, *problems))


def _refusal(configured: sources.Configured, settled: targets.Settled) -> str:
    if configured.opted_out:
        return "FENCE_KDUMP=no is set in /etc/sysconfig/fence_kdump"
    if not settled.targets:
        return f"no file lists another node (checked: {', '.join(sources.NAMING)})"
    return ""


def _ways(
    settled: targets.Settled,
    own: Mapping[int, tuple[str, ...]],
    network: Network,
    warnings: list[str],
) -> list[Way]:
    ways: list[Way] = []
    for target in settled.targets:
        if not target.address:
            continue
        try:
            found = source.choose(target, own, network, settled.cluster)
        except NetworkError as error:
            warnings.append(f"{error}; fence-kdump does not set up the link to {target.address}")
            continue
        try:
            stack = links.below(found.route.device, network) if found.route else ()
        except (links.UnsupportedError, NetworkError) as error:
            warnings.append(f"{error}; fence-kdump does not set up the link to {target.address}")
            ways.append((replace(found, problem=str(error)), ()))
            continue
        if found.problem:
            warnings.append(found.problem)
        elif found.route:
            way = found.route
            doubt = wrapped.warning(way.target, way.source, way.encap, network.policies())
            drivers = (link.driver for link in stack if link.driver)
            doubts = [doubt, *(driver.doubt for driver in drivers)]
            warnings += filter(None, doubts)
        ways.append((found, stack))
    return ways


def _dump(servers: Sequence[str], network: Network) -> dict[str, str]:
    """Address of the server of the dump -> the device that leads to it now."""
    routes = [network.route(server) for server in servers]
    return {route.target: route.device for route in routes if route}


class _Blind:
    """A network about which nothing is known."""

    def devices(self) -> dict[str, Device]:
        return {}

    def addresses(self) -> list[Address]:
        return []

    def route(self, target: str, source: str = "") -> None:
        return None

    def policies(self) -> tuple[()]:
        return ()

    def driver(self, device: str) -> None:
        return None

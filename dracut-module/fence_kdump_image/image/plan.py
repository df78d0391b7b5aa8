"""Everything together: this machine's configuration and network -> what an image gets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable

from fence_kdump_image.image import nodekey
from fence_kdump_image.way import links, owners, replay, source, wrapped
from fence_kdump_image.way.network import Address, Device, Network, NetworkError
from fence_kdump_image.way.source import Sourced
from fence_kdump_image.whom import itself, members, resolve, sources, targets

__all__ = ["SOURCES", "Nic", "Plan", "make", "read_sources", "unreadable", "with_key"]

FAST_START = "60"  # seconds; carrier, STP, LACP or a cold neighbour may swallow the first messages
HOSTS = "/etc/hosts"
SOURCES = (*sources.SOURCES, HOSTS)  # all that a plan may depend on
ALONE = owners.Surroundings()
Way = tuple["source.Sourced", "tuple[links.Link, ...]"]  # to a target, and what it stands on
Resolver = Callable[[Sequence[str], str], Mapping[str, "tuple[str, ...]"]]
KEY_FILE = "/etc/fence-kdump/node.key"  # in an image


@dataclass(frozen=True)
class Nic:
    """A NIC that leads to a target, and who sets it up in the crash kernel.

    owner -- "fence-kdump", "NetworkManager", "systemd-networkd" or "dracut"
    why -- the setting that makes it theirs, or the targets that make it ours
    """

    name: str
    mac: str
    driver: str
    owner: str
    why: str


@dataclass(frozen=True)
class Plan:
    """What goes into the image.

    node -- this node's name
    targets -- whom to tell
    options -- options for the sender
    nics -- the NICs on the way, with their owners
    replay -- the text that the crash kernel replays, "" for none
    modules -- kernel modules needed for it
    senders -- under which paths scripts of kdump's call a sender in the image
    refusal -- why there is nobody to tell, "" if there is somebody
    warnings -- one-line texts for the administrator
    around -- what else in the image has to do with NICs
    name -- this node's by corosync.conf, "" if nothing tells which it is
    key -- with which this node proves who it is, None for none
    ways -- how this node reaches each address now, and from which address of its own
    faults -- path -> what is wrong with a file that may therefore name fewer nodes than it should
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
    around: owners.Surroundings
    name: str = ""
    key: nodekey.NodeKey | None = None
    ways: tuple[Sourced, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The sender's arguments in the crash kernel."""
        own = ("--crash-only", "--fast-start", FAST_START)
        proof = ("--key", KEY_FILE, "--node", self.key.name) if self.key else ()
        told = tuple(t.address or t.host for t in self.targets)
        return (*own, *proof, *self.options, "--", *told)

    @property
    def needs_resolver(self) -> bool:
        """Whether the crash kernel must look up names."""
        return any(not t.address for t in self.targets)


def read_sources(root: str) -> dict[str, str]:
    """The configuration below a root folder: path -> text of each file that exists; on a Pacemaker
    Remote node, whose members no file tells, what the cluster says."""
    texts = {}
    for path in SOURCES:
        if path == members.PATH:
            continue
        try:
            with open(root + path, encoding="utf-8", errors="surrogateescape") as file:
                texts[path] = file.read()
        except OSError:
            continue
    told = members.current(root, texts)
    return {**texts, members.PATH: told} if told else texts


def unreadable(root: str) -> dict[str, str]:
    """Path -> what is wrong, of each file of the configuration that is there and cannot be read.

    root -- folder that the configuration is below
    """
    faults = {}
    for path in SOURCES:
        try:
            with open(root + path, "rb") as file:
                file.read()
        except OSError as error:
            if os.path.lexists(root + path):
                faults[path] = f"it cannot be read: {error.strerror}"
    return faults


def make(
    texts: Mapping[str, str],
    network: Network,
    node: str = "",
    resolver: Resolver = resolve.look_up,
    around: owners.Surroundings = ALONE,
) -> Plan:
    """Plan an image. Raises nothing that is about this machine: what fails becomes a warning.

    texts -- as `read_sources` returns them
    network -- the running kernel's
    node -- this node's name; "" for that in the cluster, or the host name
    resolver -- (names, family) -> addresses of each
    around -- what else in the image has to do with NICs
    """
    configured = sources.gather(texts)
    node = node or configured.node or os.uname().nodename
    warnings = list(configured.problems)
    names = frozenset({node.lower(), node.lower().partition(".")[0]})
    # corosync.conf knows this node best; only else what its name resolves to stands for it
    named = [] if {ring.node.lower() for ring in configured.rings} & names else [node]
    answers = resolver([*targets.hosts(configured), *named], configured.options.family)
    try:
        addresses = network.addresses()
    except NetworkError as error:
        warnings.append(f"{error}; no link can be taken along")
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
    paths, nics = _paths(ways, around.claims)
    return Plan(
        node=node,
        targets=settled.targets,
        options=configured.options.words,
        nics=tuple(nics.values()),
        replay=replay.render(paths, bool(around.claims) or around.network),
        modules=replay.modules(paths),
        senders=configured.senders,
        refusal=_refusal(configured, settled),
        warnings=tuple(dict.fromkeys(warnings)),
        around=around,
        name=settled.name,
        ways=tuple(found for found, _ in ways),
        faults={} if configured.opted_out else configured.faults,
    )


def with_key(wanted: Plan, root: str) -> Plan:
    """The same plan, with this node's key, if there is one.

    root -- folder that the key's file is below
    """
    key, problems = nodekey.find(root, wanted.name, wanted.node)
    return replace(wanted, key=key, warnings=(*wanted.warnings, *problems))


def _refusal(configured: sources.Configured, settled: targets.Settled) -> str:
    if configured.opted_out:
        return "FENCE_KDUMP=no in /etc/sysconfig/fence_kdump"
    if not settled.targets:
        return f"no file names another node (looked into {', '.join(sources.NAMING)})"
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
            warnings.append(f"{error}; the way to {target.address} is left to others")
            continue
        try:
            stack = links.below(found.route.device, network) if found.route else ()
        except (links.UnsupportedError, NetworkError) as error:
            warnings.append(f"{error}; the way to {target.address} is left to others")
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


def _paths(
    ways: Sequence[Way], claims: Sequence[owners.Claim]
) -> tuple[list[replay.Path], dict[str, Nic]]:
    # whoever has one device on a NIC has the NIC, and with it all that is stacked on it
    owned: dict[str, owners.Claim] = {}
    for _, stack in ways:
        claim = owners.owner(stack, claims)
        if claim:
            owned.update({link.device.name: claim for link in stack if link.driver})
    paths: list[replay.Path] = []
    nics: dict[str, Nic] = {}
    for found, stack in ways:
        for link in stack:
            if link.driver:
                nics.setdefault(link.device.name, _nic(link, found.target, owned))
        if found.route and stack and not any(link.device.name in owned for link in stack):
            paths.append(replay.Path(stack, found.route, found.address))
    return paths, nics


def _nic(link: links.Link, target: targets.Target, owned: Mapping[str, owners.Claim]) -> Nic:
    device, claim = link.device, owned.get(link.device.name)
    ours = f"it leads to {target.address}, and nothing else in the image configures it"
    return Nic(
        device.name,
        device.permanent_mac,
        link.driver.name if link.driver else "",
        claim.owner if claim else "fence-kdump",
        claim.why if claim else ours,
    )


class _Blind:
    """A network of which nothing can be seen."""

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

"""Which program sets up each NIC on the way to a target, and what is left for us to replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fence_kdump_image.way import replay
from fence_kdump_image.way.links import Link
from fence_kdump_image.way.owners.claim import Claim, owner
from fence_kdump_image.way.source import Sourced

__all__ = ["OURS", "Division", "Nic", "Way", "divide"]

OURS = "fence-kdump"
Way = tuple[Sourced, tuple[Link, ...]]  # to a target, and the devices below it


@dataclass(frozen=True)
class Nic:
    """A NIC that leads to a target, and the program that sets it up in the crash kernel.

    owner -- OURS, "NetworkManager", "systemd-networkd" or "dracut"
    why -- the setting that makes it theirs, or the targets that make it ours
    """

    name: str
    mac: str
    driver: str
    owner: str
    why: str


@dataclass(frozen=True)
class Division:
    """Which program sets up what.

    nics -- the NICs, with their owners
    paths -- what is ours to replay
    problems -- one-line texts: ways that nothing sets up, or not as they are now
    """

    nics: tuple[Nic, ...]
    paths: tuple[replay.Path, ...]
    problems: tuple[str, ...]


def divide(ways: Sequence[Way], claims: Sequence[Claim], dump: Mapping[str, str]) -> Division:
    """Divide the NICs. The owner of one device on a NIC owns the NIC and all devices on it.

    ways -- to the targets
    claims -- what else in the image configures
    dump -- address of the server of the dump -> the device that leads to it now
    """
    owned: dict[str, Claim] = {}
    for _, stack in ways:
        claim = owner(stack, claims)
        if claim:
            owned.update({link.device.name: claim for link in stack if link.driver})
    paths: list[replay.Path] = []
    nics: dict[str, Nic] = {}
    problems: list[str] = []
    for found, stack in ways:
        for link in stack:
            if link.driver:
                nics.setdefault(link.device.name, _nic(link, found.target.address, owned))
        if not found.route or not stack:
            continue
        taken = [owned[link.device.name] for link in stack if link.device.name in owned]
        device = dump.get(found.route.target, found.route.device)
        if taken:
            problems += _left_undone(found, stack, taken[0], claims)
        elif device != found.route.device:
            problems.append(
                f"{found.route.target} receives the dump over {device}, so it gets no route over"
                f" {found.route.device}: {found.target.node} is notified over {device}"
            )
        else:
            paths.append(replay.Path(stack, found.route, found.address))
    return Division(tuple(nics.values()), tuple(paths), tuple(problems))


def _nic(link: Link, target: str, owned: Mapping[str, Claim]) -> Nic:
    device, claim = link.device, owned.get(link.device.name)
    ours = f"leads to {target}, and nothing else in the image configures it"
    return Nic(
        device.name,
        device.permanent_mac,
        link.driver.name if link.driver else "",
        claim.owner if claim else OURS,
        claim.why if claim else ours,
    )


def _left_undone(
    found: Sourced, stack: Sequence[Link], taken: Claim, claims: Sequence[Claim]
) -> list[str]:
    """What the owner of a NIC does not set up: the device on top, or its address."""
    top = stack[-1]
    name = top.device.name
    whose = f"the NIC belongs to {taken.owner} ({taken.why})"
    makers = [claim for claim in claims if claim.touches(top)]
    if not top.driver:
        makers = [claim for claim in makers if claim.names_it(top)]
        if not makers:
            return [
                f"nothing in the image creates {name}, because {whose}: no message reaches"
                f" {found.target.address}"
            ]
    given: list[str] = []
    for claim in makers:
        if claim.addresses is None:
            return []
        given += claim.addresses
    if not found.address or found.address.local in given:
        return []
    return [
        f"nothing in the image gives {name} the address {found.address.local}, because {whose}:"
        f" messages to {found.target.address} do not count"
    ]

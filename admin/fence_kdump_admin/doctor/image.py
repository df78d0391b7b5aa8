"""What the crash image knows, and whether it is up to date."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_image.image import check
from fence_kdump_image.image.plan import Plan

__all__ = ["checks", "modules_of"]

_MODULE = re.compile(r"/([^/\s:]+)\.ko(?:\.\w+)?(?=[\s:]|$)", re.MULTILINE)
_RELEASE = re.compile(r"lib/modules/([^/\s]+)/")
SHOW = "fence-kdump show"
REFRESH = "fence-kdump refresh"


def checks(here: Here, node: str, sender: str) -> list[Check]:
    """The image, and the way to each target that it sets up.

    node -- this node's name, "" for the host name
    sender -- the sender's folder
    """
    found = [_fresh(here, node, sender)]
    if here.plan.refusal:
        text = f"the crash kernel will tell no node: {here.plan.refusal}"
        return [*found, bad("told", text, SHOW)]
    return [*found, *_links(here.plan), *_drivers(here), *_warnings(here.plan)]


def _fresh(here: Here, node: str, sender: str) -> Check:
    outcome = check.check(here.root, here.network, node, sender)
    why = "; ".join(outcome.reasons)
    if outcome.state == check.FRESH:
        return ok("image", f"the crash image is fresh: {outcome.image}")
    if outcome.state == check.STALE:
        return bad("image", f"the crash image is stale: {why}", REFRESH)
    remedy = "fence-kdump check" if here.image else "systemctl restart kdump"
    return unknown("image", f"the crash image could not be checked: {why}", remedy)


def _links(plan: Plan) -> list[Check]:
    found = []
    ways = {way.target.address: way for way in plan.ways}
    for target in plan.targets:
        about = target.address or target.host
        way = ways.get(target.address)
        if not target.address:
            text = f"{target.host} does not resolve now: the crash kernel will have to look it up"
            remedy = f"write its address into /etc/hosts, then: {REFRESH}"
            found.append(bad("link", text, remedy, about))
        elif not way or not way.route or way.problem:
            problem = way.problem if way else "its route is not known"
            text = f"the crash image sets up no link to {target.node}: {problem}"
            found.append(bad("link", text, SHOW, about))
        else:
            source = way.address.local if way.address else way.route.source
            owners = _owners(plan, way.route.device)
            text = (
                f"the crash kernel tells {target.node} at {about} over {way.route.device} from"
                f" {source}{owners}"
            )
            found.append(ok("link", text, about))
    return found


def _owners(plan: Plan, device: str) -> str:
    owner = next((nic.owner for nic in plan.nics if nic.name == device), "")
    return f"; {owner} sets it up" if owner and owner != "fence-kdump" else ""


def _warnings(plan: Plan) -> Sequence[Check]:
    problems = {way.problem for way in plan.ways if way.problem}
    return [
        unknown("warning", f"{text}: run it as root")
        if "Permission denied" in text
        else bad("warning", text, SHOW)
        for text in plan.warnings
        if not any(problem in text for problem in problems)
    ]


def _drivers(here: Here) -> list[Check]:
    """The drivers of the NICs, by the list of the image's files."""
    if not here.plan.modules or not here.manifest:
        return []
    if not here.listing:
        return [unknown("drivers", f"the crash image cannot be listed: {here.image_problem}")]
    inside = modules_of(here.listing)
    missing = [name for name in here.plan.modules if name.replace("-", "_") not in inside]
    # a driver may be part of the kernel itself
    release = _RELEASE.search(here.listing)
    name = release[1] if release else os.uname().release
    table = here.text(f"/lib/modules/{name}/modules.dep")
    loadable = modules_of(table)
    missing = [name for name in missing if name.replace("-", "_") in loadable]
    if missing:
        text = f"the crash image lacks the driver {', '.join(missing)}: its NIC will not start"
        return [bad("drivers", text, REFRESH)]
    return [ok("drivers", "the crash image has the drivers of the NICs")]


def modules_of(text: str) -> frozenset[str]:
    """The names of the kernel modules whose files a text lists."""
    return frozenset(name.replace("-", "_") for name in _MODULE.findall(text))

"""Does this node's firewall let the other nodes' messages in?"""

from __future__ import annotations

import os

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_admin.doctor.ruleset import ACCEPT, Datagram, verdicts
from fence_kdump_admin.probe import run, words
from fence_kdump_image import programs

__all__ = ["checks"]

_PATIENCE = 10.0  # seconds for nft
_LISTEN = "run fence-kdump probe --listen here, and fence-kdump probe on another node"


def checks(here: Here) -> list[Check]:
    """Judge by nft's rules. firewalld and newer iptables make such rules, too."""
    port = run.port_of(here.plan)
    ways = [way for way in here.plan.ways if way.route]
    if not ways:
        return []
    try:
        ruleset = programs.run(["nft", "-j", "list", "ruleset"], _PATIENCE)
    except programs.ProgramError as error:
        why = str(error) if os.geteuid() == 0 else "run it as root"
        return [unknown("firewall", f"this node's firewall rules cannot be read: {why}", _LISTEN)]
    # nft does not list the rules of the older iptables
    older = "filter" in here.text("/proc/net/ip_tables_names").split()
    found = []
    for way in ways:
        route = way.route
        source = way.address.local if way.address else route.source if route else ""
        device = route.device if route else ""
        datagram = Datagram(way.target.address.partition("%")[0], source, port, device)
        about = way.target.address
        try:
            ends = verdicts(ruleset, datagram)
        except ValueError as error:
            return [unknown("firewall", f"nft: {error}", _LISTEN)]
        what = f"messages of {way.target.node} from {about} to UDP {port}"
        if ends == {ACCEPT} and not older:
            found.append(ok("firewall", f"this node's firewall lets in {what}", about))
        elif ACCEPT in ends:
            text = f"doctor cannot tell by the rules whether this node's firewall lets in {what}"
            found.append(unknown("firewall", text, _LISTEN, about))
        else:
            verb = " or ".join(sorted(f"{end}s" for end in ends))
            text = f"this node's firewall {verb} {what}"
            found.append(bad("firewall", text, words.opening(port), about))
    return found

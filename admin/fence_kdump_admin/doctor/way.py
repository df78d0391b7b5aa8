"""Do messages get through? By a probe of every address that the crash kernel tells."""

from __future__ import annotations

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_admin.probe import goals, run, send, words

__all__ = ["checks"]


def checks(here: Here) -> list[Check]:
    """One line for each address. Takes four seconds."""
    wanted = goals.find(here.plan, (), here.network, lambda names: {})
    port = run.port_of(here.plan)
    own = run.own_addresses(here.network)
    results = send.try_all(wanted, port, own, goals.hosts(here.plan))
    return [_check(result, port) for result in results]


def _check(result: send.Result, port: int) -> Check:
    goal = result.goal
    name = goal.address if goal.node == goal.address else f"{goal.node} at {goal.address}"
    text = f"{name}: {words.sentence(result, port)}"
    if result.way in words.BAD:
        return bad("way", text, words.remedy(result, port), goal.address)
    if result.way in words.UNKNOWN:
        return unknown("way", text, words.remedy(result, port), goal.address)
    return ok("way", text, goal.address)

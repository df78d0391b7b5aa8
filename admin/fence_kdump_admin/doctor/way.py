"""Do messages get through? By a probe of every address that the crash kernel tells."""

from __future__ import annotations

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor.here import Here
from fence_kdump_admin.probe import goals, judge, run, send, words

__all__ = ["checks"]

# what is found of a node that is switched off, its neighbours' answers included
_OF_THE_DOWN = (judge.NO_NEIGHBOUR, judge.ROUTER, judge.SILENT)


def checks(here: Here) -> list[Check]:
    """One line for each address. Takes four seconds."""
    wanted = goals.find(here.plan, (), here.network, lambda names: {})
    port = run.port_of(here.plan)
    own = run.own_addresses(here.network)
    results = send.try_all(wanted, port, own, goals.hosts(here.plan))
    return [_check(result, port, here.live.is_absent(result.goal.node)) for result in results]


def _check(result: send.Result, port: int, absent: bool) -> Check:
    """
    absent -- the running cluster says that the node is no member now
    """
    goal = result.goal
    name = goal.address if goal.node == goal.address else f"{goal.node} at {goal.address}"
    text = f"{name}: {words.sentence(result, port)}"
    if absent and result.way in _OF_THE_DOWN:
        text = f"{text}; {goal.node} is not a member of the cluster now, so it may just be down"
        remedy = f"when {goal.node} is a member again: fence-kdump doctor"
        return unknown("way", text, remedy, goal.address)
    if result.way in words.BAD:
        return bad("way", text, words.remedy(result, port), goal.address)
    if result.way in words.UNKNOWN:
        return unknown("way", text, words.remedy(result, port), goal.address)
    return ok("way", text, goal.address)

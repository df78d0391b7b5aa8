"""Each word for a way as a sentence, and what to do about it."""

from __future__ import annotations

import shlex

from fence_kdump_admin.probe import judge
from fence_kdump_admin.probe.send import Result, beside
from fence_kdump_protocol import PORT

__all__ = ["BAD", "UNKNOWN", "opening", "remedy", "sentence"]

BAD = (judge.PROHIBITED, judge.NO_NEIGHBOUR, judge.ROUTER, judge.NO_ROUTE)
UNKNOWN = (judge.SILENT,)


def sentence(result: Result, port: int) -> str:
    """What is known of the way, without the node's name and address.

    port -- the UDP port of messages
    """
    goal, answer = result.goal, result.answer
    who = f"{answer.offender} answers '{answer.text}'" if answer else ""
    over = f" over {goal.device}" if goal.device else ""
    return {
        judge.FREE: f"reached: no program listens on UDP {port}, or a firewall there answers as a"
        " closed port does",
        judge.LISTENING: f"reached: a program listens on UDP {port}, or a firewall there drops"
        " this port alone",
        judge.PROHIBITED: result.trouble or f"a firewall rejects UDP {port}: {who}",
        judge.SILENT: f"UDP {port} and {beside(port)} do not answer: a firewall drops the probes,"
        " or the node is down",
        judge.NO_NEIGHBOUR: f"no machine answers for this address{over}: the node or the link is"
        " down, or a firewall there drops ARP or neighbour discovery",
        judge.ROUTER: f"a router cannot pass the probe on: {who}",
        judge.NO_ROUTE: f"the probe cannot leave this node{over}: {result.trouble}",
    }[result.way]


def remedy(result: Result, port: int) -> str:
    """A command to type, and where; "" if nothing is wrong."""
    goal = result.goal
    there = f"on {goal.node}: "
    origin = f" from {goal.source}" if goal.source else ""
    address = shlex.quote(goal.address)  # a name that does not resolve stands there, too
    answer = result.answer
    if result.way == judge.PROHIBITED and answer and answer.offender != goal.source:
        return there + opening(port)
    return {
        judge.PROHIBITED: "nft list ruleset",
        judge.SILENT: f"{there}fence-kdump doctor",
        judge.NO_NEIGHBOUR: f"ip neighbour show {address}",
        judge.ROUTER: f"on {answer.offender if answer else ''}: ip route get {address}",
        judge.NO_ROUTE: f"ip route get {address}{origin}",
    }.get(result.way, "")


def opening(port: int) -> str:
    """How firewalld lets a UDP port in."""
    what = "--add-service=fence-kdump" if port == PORT else f"--add-port={port}/udp"
    return f"firewall-cmd --permanent {what} && firewall-cmd --reload"

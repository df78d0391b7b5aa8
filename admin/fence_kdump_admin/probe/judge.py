"""The answers to the probes of one address -> one word for the way there.

A probe of the messages' own port tells most. If it is not answered, a program may listen there:
UDP does not answer then. So a port beside it, on which no program should listen, is probed twice.
Only if both of those probes are answered, silence on the own port means a listener. Otherwise a
firewall may have dropped the answers, or the host may have held them back: it limits the rate of
ICMP errors.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fence_kdump_admin.probe.errors import Answer

__all__ = [
    "FREE",
    "LISTENING",
    "NO_NEIGHBOUR",
    "NO_ROUTE",
    "PROHIBITED",
    "ROUTER",
    "SILENT",
    "judge",
]

FREE = "free"  # port unreachable: no listener, or a firewall that answers so
PROHIBITED = "prohibited"  # the other end rejects it
LISTENING = "listening"  # no answer, while the port beside answers
SILENT = "silent"  # no answer at all
NO_NEIGHBOUR = "no-neighbour"  # this host got no answer to ARP or neighbour discovery
ROUTER = "router"  # another host says that it cannot pass it on
NO_ROUTE = "no-route"  # it did not leave this host


def judge(
    answers: Sequence[Answer],
    port: int,
    asked_beside: int,
    own: Collection[str],
    theirs: Collection[str],
) -> tuple[str, Answer | None]:
    """The word, and the answer that it is based on; None if it is based on silence.

    answers -- in the order in which they came
    port -- the UDP port of messages
    asked_beside -- how many probes went to the port beside it
    own -- this host's addresses
    theirs -- addresses of the host that was asked
    """
    at_port = [a for a in answers if a.port == port]
    beside = [a for a in answers if a.port != port]
    for answer in at_port:
        return _word(answer, own, theirs), answer
    for answer in beside:
        word = _word(answer, own, theirs)
        if word in (NO_NEIGHBOUR, ROUTER):  # they do not look at ports
            return word, answer
    if beside and len(beside) >= asked_beside:
        return LISTENING, None
    return SILENT, None


def _word(answer: Answer, own: Collection[str], theirs: Collection[str]) -> str:
    if answer.offender in theirs:
        return FREE if answer.is_port else PROHIBITED
    if answer.offender in own:
        # any other error from this host comes from its own firewall
        is_missing = answer.text in ("host unreachable", "address unreachable")
        return NO_NEIGHBOUR if is_missing else PROHIBITED
    return ROUTER

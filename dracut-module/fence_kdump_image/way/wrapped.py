"""Encapsulation on the way to a target, which the crash kernel cannot do.

A route may encapsulate packets (ip-route(8), encap), and a policy may use IPsec (ip-xfrm(8)).
Neither is replayed: the keys of IPsec are lost with the node's IKE daemon. The message leaves
without it, and the network decides whether it arrives.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Policy", "parse_policies", "warning"]

_PROTOCOLS = ("", "udp", "17")


@dataclass(frozen=True)
class Policy:
    """A policy for outgoing packets, by its selector.

    source, target -- networks
    protocol -- "" for every protocol
    """

    source: str
    target: str
    protocol: str = ""

    def fits(self, source: str, target: str) -> bool:
        """Whether it applies to a UDP datagram between two addresses."""
        return (
            self.protocol in _PROTOCOLS
            and _is_in(source, self.source)
            and _is_in(target, self.target)
        )


def _is_in(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def parse_policies(text: str) -> list[Policy]:
    """Read the output of ``ip xfrm policy list dir out``, which has no JSON form.

    Each entry is a selector, followed by indented lines with the action. Policies for marked
    packets do not apply to us.
    """
    found = []
    for selector, lines in _entries(text):
        words = selector.split()
        values = dict(zip(words[::2], words[1::2]))
        action = " ".join(lines)
        wraps = any(line.startswith("tmpl ") for line in lines) or "action block" in action
        if wraps and "dir out" in action and not any(line.startswith("mark ") for line in lines):
            found.append(Policy(values["src"], values["dst"], values.get("proto", "")))
    return found


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    selector, lines = "", []
    for line in [*text.splitlines(), "src"]:
        if line[:1].isspace():
            lines.append(line.strip())
            continue
        if selector.startswith("src "):
            yield selector, lines
        selector, lines = line, []


def warning(target: str, source: str, encap: str, policies: Iterable[Policy]) -> str:
    """A one-line text for the administrator, "" if nothing encapsulates packets to a target.

    target, source -- addresses
    encap -- the encapsulation of its route, "" for none
    policies -- of this machine
    """
    by = f"its route (encap {encap})" if encap else ""
    if not by and any(policy.fits(source, target) for policy in policies):
        by = "an IPsec policy (ip xfrm policy)"
    return by and (
        f"traffic to {target} is encapsulated by {by}, and the crash kernel cannot do that:"
        " messages leave without it and may not arrive"
    )

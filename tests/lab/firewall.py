"""A host's firewall: real nft rules in its network namespace."""

from __future__ import annotations

from lab.hosts import Host
from lab.programs import run

__all__ = ["FIREWALLD", "firewall"]

# What firewalld's default zone comes down to: no word of 7410.
FIREWALLD = (
    "ct state { established, related } accept",
    'iifname "lo" accept',
    "ct state invalid drop",
    "meta l4proto { icmp, ipv6-icmp } accept",
    "tcp dport 22 accept",
    "reject with icmpx admin-prohibited",
)


def firewall(host: Host, *rules: str, hook: str = "input", policy: str = "accept") -> None:
    """Have a host's rules be these and no others.

    rules -- in nft's words
    hook -- "input" or "output"
    policy -- what becomes of the rest
    """
    chain = [f"type filter hook {hook} priority filter; policy {policy};", *rules]
    lines = ["flush ruleset", "table inet filter {", f"chain {hook} {{", *chain, "}", "}", ""]
    done = run(["nft", "-f", "-"], stdin="\n".join(lines), host=host)
    assert done.status == 0, (rules, done)

"""What nft's rules do with a datagram that comes in, without sending one.

It understands those parts of `nft -j list ruleset` (libnftables-json(5)) that decide about ports.
Where anything else decides, the answer is a set of several verdicts, and so no answer.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ACCEPT", "DROP", "REJECT", "Datagram", "verdicts"]

ACCEPT, DROP, REJECT = "accept", "drop", "reject"
_GOES_ON = ("return", "continue")
_PASSED_OVER = ("counter", "log", "comment", "mangle", "notrack")
_DEEPEST = 64  # chains that jump to each other; the kernel allows 16


@dataclass(frozen=True)
class Datagram:
    """A UDP datagram of no known connection.

    device -- by which it comes in
    """

    source: str
    destination: str
    port: int
    device: str

    @property
    def is_ipv6(self) -> bool:
        """Whether it is IPv6."""
        return ":" in self.source


def verdicts(ruleset: str, datagram: Datagram) -> frozenset[str]:
    """What the rules may do with it: one verdict where that is sure, else several.

    ruleset -- the output of ``nft -j list ruleset``

    Raises ValueError if it is no ruleset.
    """
    try:
        rules = _Rules(json.loads(ruleset)["nftables"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"no ruleset: {error!r}") from error
    result = frozenset([ACCEPT])
    for chain in rules.inputs(datagram):
        found = rules.chain(chain, datagram, 0)
        ends = found - {ACCEPT}
        result = (result - {ACCEPT}) | ends | ({ACCEPT} if ACCEPT in found else frozenset())
        if ACCEPT not in result:
            break
    return result


class _Rules:
    """A ruleset, by its chains and sets."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._chains: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self._rules: dict[tuple[str, str, str], list[Sequence[Any]]] = {}
        self._sets: dict[tuple[str, str, str], Any] = {}
        for entry in objects:
            for kind, value in entry.items():
                if kind == "chain":
                    self._chains[value["family"], value["table"], value["name"]] = value
                elif kind == "rule":
                    key = value["family"], value["table"], value["chain"]
                    self._rules.setdefault(key, []).append(value["expr"])
                elif kind in ("set", "map"):
                    key = value["family"], value["table"], value["name"]
                    self._sets[key] = value.get("elem", [])

    def inputs(self, datagram: Datagram) -> list[tuple[str, str, str]]:
        """The chains that a datagram for this host goes through, in their order."""
        families = ("inet", "ip6" if datagram.is_ipv6 else "ip")
        found = [
            (chain.get("prio", 0), key)
            for key, chain in self._chains.items()
            if chain.get("hook") == "input" and chain.get("type") == "filter" and key[0] in families
        ]
        return [key for _, key in sorted(found, key=lambda entry: entry[0])]

    def chain(self, key: tuple[str, str, str], datagram: Datagram, depth: int) -> frozenset[str]:
        """The verdicts that a chain may come to; "return" if it comes to none."""
        open_end = True
        found: set[str] = set()
        for expressions in self._rules.get(key, ()) if depth < _DEEPEST else ():
            ends = self._rule(key, expressions, datagram, depth)
            found |= ends - {"continue"}
            if "continue" not in ends:
                open_end = False
                break
        policy = self._chains.get(key, {}).get("policy")
        if policy and "return" in found:
            found = (found - {"return"}) | {policy}
        return frozenset(found | ({policy or "return"} if open_end else set()))

    def _rule(
        self, key: tuple[str, str, str], expressions: Sequence[Any], datagram: Datagram, depth: int
    ) -> set[str]:
        """The verdicts of a rule; "continue" if the next rule may have its turn."""
        is_sure = True
        for expression in expressions:
            name, value = next(iter(expression.items())) if expression else ("", None)
            if name == "match":
                fits = self._match(key, value, datagram)
                if fits is False:
                    return {"continue"}
                is_sure = is_sure and fits is True
            elif name in (ACCEPT, DROP, REJECT, "return", "jump", "goto", "vmap"):
                ends = self._verdict(key, name, value, datagram, depth)
                return ends if is_sure else ends | {"continue"}
            elif name not in _PASSED_OVER:
                is_sure = False
        return {"continue"}

    def _verdict(
        self, key: tuple[str, str, str], name: str, value: Any, datagram: Datagram, depth: int
    ) -> set[str]:
        if name in ("jump", "goto"):
            ends = set(self.chain((*key[:2], value["target"]), datagram, depth + 1))
            if "return" in ends and name == "jump":
                ends = (ends - {"return"}) | {"continue"}
            return ends
        if name == "vmap":
            return self._map(key, value, datagram, depth)
        return {name}

    def _map(
        self, key: tuple[str, str, str], value: Any, datagram: Datagram, depth: int
    ) -> set[str]:
        found: set[str] = {"continue"}
        have = _value(value["key"], datagram)
        for pattern, verdict in self._elements(key, value["data"]):
            fits = None if have is None else _fits(have, pattern)
            if fits is False:
                continue
            name, what = next(iter(verdict.items()))
            ends = self._verdict(key, name, what, datagram, depth)
            if fits:
                return ends
            found |= ends
        return found

    def _match(self, key: tuple[str, str, str], match: Any, datagram: Datagram) -> bool | None:
        have = _value(match["left"], datagram)
        if (
            have is None or have == ""
        ):  # a rule for another protocol fits in no way, not by != either
            return None if have is None else False
        answers = {_fits(have, pattern) for pattern in self._elements(key, match["right"])}
        fits = True if True in answers else None if None in answers else False
        if match["op"] in ("==", "in"):
            return fits
        return not fits if match["op"] == "!=" and fits is not None else None

    def _elements(self, key: tuple[str, str, str], right: Any) -> list[Any]:
        if isinstance(right, str) and right.startswith("@"):
            right = self._sets.get((*key[:2], right[1:]), [])
        if isinstance(right, dict) and "set" in right:
            right = right["set"]
        plain = right if isinstance(right, list) else [right]
        return [e["elem"]["val"] if isinstance(e, dict) and "elem" in e else e for e in plain]


def _value(left: Any, datagram: Datagram) -> Any:
    """What a datagram has there; None if that is not known, "" if it has no such thing."""
    if "payload" in left:
        protocol, field = left["payload"].get("protocol"), left["payload"].get("field")
        mine = "ip6" if datagram.is_ipv6 else "ip"
        if protocol in ("udp", "th"):
            return datagram.port if field == "dport" else None
        if protocol in ("ip", "ip6"):
            known = {
                "saddr": datagram.source,
                "daddr": datagram.destination,
                "protocol": "udp",
                "nexthdr": "udp",
            }
            return known.get(field) if protocol == mine else ""
        return "" if protocol in ("tcp", "icmp", "icmpv6", "sctp", "ether") else None
    if "meta" in left:
        return {
            "iifname": datagram.device,
            "iif": datagram.device,
            "l4proto": "udp",
            "nfproto": "ipv6" if datagram.is_ipv6 else "ipv4",
            "protocol": "ip6" if datagram.is_ipv6 else "ip",
            "pkttype": "host",
        }.get(left["meta"].get("key"))
    if "ct" in left:
        return {"state": "new", "status": ""}.get(left["ct"].get("key"))
    return None


def _fits(have: Any, pattern: Any) -> bool | None:
    """Whether a value is what a rule asks for; None if that is not known."""
    if isinstance(pattern, dict):
        return _fits_wide(have, pattern)
    if isinstance(pattern, str) and pattern.endswith("*"):
        return str(have).startswith(pattern[:-1])
    if isinstance(have, str) and isinstance(pattern, int):
        return False if have == "" else None  # a protocol by its number, say
    return bool(have == pattern)


def _fits_wide(have: Any, pattern: Mapping[str, Any]) -> bool | None:
    try:
        if "range" in pattern:
            low, high = pattern["range"]
            if isinstance(have, int):
                return bool(low <= have <= high)
            address = ipaddress.ip_address(have)
            return bool(ipaddress.ip_address(low) <= address <= ipaddress.ip_address(high))  # type: ignore[operator]
        if "prefix" in pattern:
            network = f"{pattern['prefix']['addr']}/{pattern['prefix']['len']}"
            return ipaddress.ip_address(have) in ipaddress.ip_network(network, strict=False)
    except (TypeError, ValueError):
        return None if have != "" else False
    return None

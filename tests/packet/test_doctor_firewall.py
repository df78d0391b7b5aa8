"""What doctor says of a node's firewall, against what its kernel does with a datagram."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lab.firewall import FIREWALLD, firewall
from lab.hosts import Host
from lab.pair import pair
from lab.programs import ADMIN, NOBODY, run

CLUSTER = """\
nodelist {
    node {
        name: survivor
        ring0_addr: 10.0.0.1
        ring1_addr: fd00::1
    }
    node {
        name: peer
        ring0_addr: 10.0.0.2
        ring1_addr: fd00::2
    }
}
"""
TO_7410 = "udp dport 7410"


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[Host, Host]]:
    both = pair(etc={"corosync/corosync.conf": CLUSTER, "hosts": "127.0.0.1 localhost\n"})
    yield both
    for host in both:
        host.close()


def said(survivor: Host, *options: str) -> dict[str, str]:
    """Address of the peer -> the state of doctor's check of the firewall."""
    result = run([ADMIN, "doctor", "--json", "--node", "survivor", *options], host=survivor)
    checks = [c for c in json.loads(result.stdout)["checks"] if c["name"] == "firewall"]
    for check in checks:
        assert check["state"] != "bad" or "--add-service=fence-kdump" in check["remedy"]
    return {check["about"]: check["state"] for check in checks}


def is_let_in(survivor: Host, peer: Host, family: int, to: str, source: str) -> bool:
    """Whether a datagram gets from the peer to a socket of the survivor."""
    with survivor.entered():
        ear = socket.socket(family, socket.SOCK_DGRAM)
        end = socket.socket(family, socket.SOCK_DGRAM)
    with peer.entered():
        mouth = socket.socket(family, socket.SOCK_DGRAM)
    with ear, mouth, end:
        ear.bind((to, 7410))
        ear.settimeout(10)
        mouth.bind((source, 0))
        mouth.sendto(b"in time", (to, 7410))
        # veth delivers at once: what comes from the host itself, later, is the end
        end.sendto(b"too late", (to, 7410))
        return ear.recv(100) == b"in time"


ROWS: dict[str, tuple[Sequence[str], str, str]] = {  # rules, and the states for IPv4 and IPv6
    "none": ([], "ok", "ok"),
    "firewalld's default": (FIREWALLD, "bad", "bad"),
    "firewalld with our service": (
        [*FIREWALLD[:-1], f"{TO_7410} accept", FIREWALLD[-1]],
        "ok",
        "ok",
    ),
    "7410 alone dropped": ([f'iifname != "lo" {TO_7410} drop'], "bad", "bad"),
    "rejected": ([f'iifname "eth0" {TO_7410} reject'], "bad", "bad"),
    "by a range": (['iifname "eth*" udp dport 7000-8000 drop'], "bad", "bad"),
    "by a set": (['iifname "eth0" udp dport { 53, 7410 } drop'], "bad", "bad"),
    "another port": (["udp dport { 53, 7411 } drop", "tcp dport 7410 drop"], "ok", "ok"),
    "one family": (['iifname "eth0" meta nfproto ipv6 udp dport 7410 drop'], "ok", "bad"),
    "one source": ([f"ip saddr 10.0.0.2 {TO_7410} drop"], "bad", "ok"),
    "one network": (['ip saddr 10.0.0.0/24 iifname "eth0" meta l4proto udp drop'], "bad", "ok"),
    "all but a network": ([f'ip saddr != 10.0.0.0/24 iifname "eth0" {TO_7410} drop'], "ok", "ok"),
    "only what is established": (
        ['iifname "lo" accept', "ct state vmap { established : accept, new : drop }"],
        "bad",
        "bad",
    ),
    "a verdict map": (
        ['iifname "eth0" udp dport vmap { 7410 : drop, 53 : accept }'],
        "bad",
        "bad",
    ),
    "counted and logged": (['iifname "eth0" udp dport 7410 counter drop'], "bad", "bad"),
    "accepted before": ([f"{TO_7410} accept", 'iifname "eth0" meta l4proto udp drop'], "ok", "ok"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_rules(hosts: tuple[Host, Host], row: str) -> None:
    rules, ipv4, ipv6 = ROWS[row]
    survivor, peer = hosts
    firewall(survivor, *rules)
    assert said(survivor) == {"10.0.0.2": ipv4, "fd00::2": ipv6}
    real = [
        is_let_in(survivor, peer, socket.AF_INET, "10.0.0.1", "10.0.0.2"),
        is_let_in(survivor, peer, socket.AF_INET6, "fd00::1", "fd00::2"),
    ]
    assert real == [ipv4 == "ok", ipv6 == "ok"]


def test_a_policy(hosts: tuple[Host, Host]) -> None:
    accepting = ['iifname "lo" accept', "meta l4proto ipv6-icmp accept"]
    firewall(hosts[0], *accepting, policy="drop")
    assert said(hosts[0]) == {"10.0.0.2": "bad", "fd00::2": "bad"}
    firewall(hosts[0], *accepting, f"{TO_7410} accept", policy="drop")
    assert said(hosts[0]) == {"10.0.0.2": "ok", "fd00::2": "ok"}


CHAINS = """\
flush ruleset
table inet firewalld {
    set ports {
        type inet_service
        elements = { 7410 }
    }
    chain input {
        type filter hook input priority filter + 10; policy accept;
        iifname "lo" accept
        jump zones
        reject with icmpx admin-prohibited
    }
    chain zones {
        iifname "eth0" goto public
        return
    }
    chain public {
        jump public_allow
        meta l4proto { icmp, ipv6-icmp } accept
    }
    chain public_allow {
        VERDICT
    }
}
table ip before {
    chain input {
        type filter hook input priority filter; policy accept;
        ip saddr 192.0.2.0/24 drop
    }
}
"""


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("udp dport @ports accept", "ok"), ("udp dport @ports return", "bad"), ("return", "bad")],
)
def test_chains_that_jump(hosts: tuple[Host, Host], verdict: str, state: str) -> None:
    rules = CHAINS.replace("VERDICT", verdict)
    assert run(["nft", "-f", "-"], stdin=rules, host=hosts[0]).status == 0
    assert said(hosts[0]) == {"10.0.0.2": state, "fd00::2": state}


@pytest.mark.parametrize(
    "rule", ["limit rate 1/second drop", "meta mark 7 drop", "udp sport 5 drop", "@th,0,16 1 drop"]
)
def test_what_is_beyond_it_is_no_answer(hosts: tuple[Host, Host], rule: str) -> None:
    firewall(hosts[0], 'iifname "lo" accept', f"{TO_7410} {rule}")
    assert said(hosts[0]) == {"10.0.0.2": "unknown", "fd00::2": "unknown"}


def test_iptables_older_rules_are_beyond_it(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    """The kernel lists their tables; a stand-in, as not every kernel has them."""
    firewall(hosts[0])
    for path, text in (
        ("etc/corosync/corosync.conf", CLUSTER),
        ("proc/net/ip_tables_names", "filter\n"),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    assert said(hosts[0], "--root", str(tmp_path)) == {"10.0.0.2": "unknown", "fd00::2": "unknown"}


def test_without_root(hosts: tuple[Host, Host]) -> None:
    result = run([*NOBODY, ADMIN, "doctor", "--json", "--node", "survivor"], host=hosts[0])
    assert not result.stderr
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["firewall"]["state"] == "unknown"
    assert "run it as root" in checks["firewall"]["text"]
    assert result.status in (1, 2)
    assert os.geteuid() == 0  # the test itself is root

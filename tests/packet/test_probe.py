"""`fence-kdump probe` against real firewalls, agents, routers and dead neighbours.

The peer probes the survivor, as a node does before it crashes.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence

import pytest

from fence_kdump_admin.probe import PAYLOAD
from lab.firewall import FIREWALLD, firewall
from lab.hosts import Host, address, join
from lab.pair import pair
from lab.programs import (
    ADMIN,
    AGENT,
    C_AGENT,
    C_SENDER,
    NOBODY,
    Program,
    Result,
    listening_agent,
    run,
    started,
)

IPV4, IPV6 = "10.0.0.1", "fd00::1"  # the survivor's


def probe(host: Host, *names: str) -> dict[str, str]:
    """Address -> way, as the command tells it; its exit status fits them."""
    result = probe_run(host, *names)
    ways = {target["address"]: target["way"] for target in targets(result)}
    well = set(ways.values()) <= {"free", "listening"}
    unknown = set(ways.values()) <= {"free", "listening", "silent"}
    assert result.status == (0 if well else 2 if unknown else 1), result
    return ways


def probe_run(host: Host, *names: str) -> Result:
    return run([ADMIN, "probe", "--json", *names], host=host)


def targets(result: Result) -> Sequence[Mapping[str, str]]:
    assert not result.stderr, result
    found: Sequence[Mapping[str, str]] = json.loads(result.stdout)["targets"]
    return found


TO_7410 = "udp dport 7410"
ICMP = {
    "net-unreachable": "prohibited",
    "host-unreachable": "prohibited",
    "prot-unreachable": "prohibited",
    "port-unreachable": "free",
    "net-prohibited": "prohibited",
    "host-prohibited": "prohibited",
    "admin-prohibited": "prohibited",
}
ICMPV6 = {
    "no-route": "prohibited",
    "admin-prohibited": "prohibited",
    "addr-unreachable": "prohibited",
    "port-unreachable": "free",
    "policy-fail": "prohibited",
    "reject-route": "prohibited",
}


@pytest.mark.parametrize(
    ("rules", "way"),
    [
        ([], "free"),
        (["meta l4proto udp drop"], "silent"),
        (FIREWALLD, "prohibited"),
        ([*FIREWALLD[:-1], f"{TO_7410} accept", FIREWALLD[-1]], "free"),
        ([f"{TO_7410} drop"], "listening"),  # the doctor of that node tells
        ([f"{TO_7410} reject"], "free"),  # probe --listen there tells
        (["udp dport 7411 drop"], "free"),
        (["udp dport 7411 reject with icmpx admin-prohibited"], "free"),
        (["udp dport 7411 drop", f"{TO_7410} drop"], "silent"),
    ],
)
def test_firewall(survivor: Host, peer: Host, rules: Sequence[str], way: str) -> None:
    firewall(survivor, *rules)
    assert probe(peer, IPV4, IPV6) == {IPV4: way, IPV6: way}


def test_a_firewall_that_drops_the_question_for_the_neighbour_too(
    survivor: Host, peer: Host
) -> None:
    firewall(survivor, policy="drop")  # ARP is below it, IPv6's neighbour discovery is not
    assert probe(peer, IPV4, IPV6) == {IPV4: "silent", IPV6: "no-neighbour"}


@pytest.mark.parametrize("kind", ICMP)
def test_reject_with_each_icmp_type(survivor: Host, peer: Host, kind: str) -> None:
    firewall(survivor, f"{TO_7410} reject with icmp type {kind}")
    assert probe(peer, IPV4) == {IPV4: ICMP[kind]}


@pytest.mark.parametrize("kind", ICMPV6)
def test_reject_with_each_icmpv6_type(survivor: Host, peer: Host, kind: str) -> None:
    firewall(survivor, f"{TO_7410} reject with icmpv6 type {kind}")
    assert probe(peer, IPV6) == {IPV6: ICMPV6[kind]}


@pytest.mark.parametrize("rule", ["drop", "reject", "reject with icmpx admin-prohibited"])
def test_this_node_s_own_firewall_on_the_way_out(survivor: Host, peer: Host, rule: str) -> None:
    firewall(peer, f"{TO_7410} {rule}", hook="output")
    assert probe(peer, IPV4, IPV6) == {IPV4: "prohibited", IPV6: "prohibited"}


@pytest.mark.parametrize("agent", [AGENT, C_AGENT])
def test_an_agent_that_listens(survivor: Host, peer: Host, agent: str) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "60", agent=agent, host=survivor) as program:
        assert probe(peer, IPV4) == {IPV4: "listening"}
        assert program.process.poll() is None
        assert run([C_SENDER, "-c", "1", IPV4], host=peer).status == 0
        assert program.result().status == 0


def test_a_million_probes_are_no_message(survivor: Host, peer: Host) -> None:
    expected = ("-n", "10.0.0.2", "-t", "90")
    with contextlib.ExitStack() as stack:
        agents = [  # the first has the port, the second a raw socket
            stack.enter_context(listening_agent(*expected, agent=agent, host=survivor))
            for agent in (C_AGENT, AGENT)
        ]
        _flood(peer, 1_000_000)
        assert probe(peer, IPV4) == {IPV4: "listening"}
        assert [program.process.poll() for program in agents] == [None, None]
        # they still hear: what the flood left in the C agent's socket is no excuse
        with started(C_SENDER, "-i", "1", IPV4, host=peer):
            assert [program.result().status for program in agents] == [0, 0]


def _flood(host: Host, number: int) -> None:
    with host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("10.0.0.2", 0))
        sock.connect((IPV4, 7410))
        for _ in range(number):
            with contextlib.suppress(OSError):  # a full queue
                sock.send(PAYLOAD)


def test_a_dead_neighbour(peer: Host) -> None:
    assert probe(peer, "10.0.0.9", "fd00::9") == {
        "10.0.0.9": "no-neighbour",
        "fd00::9": "no-neighbour",
    }


def test_no_route(peer: Host) -> None:
    peer.ip("route add blackhole 10.9.1.0/24")
    peer.ip("route add unreachable 10.9.2.0/24")
    peer.ip("route add prohibit 10.9.3.0/24")
    gone = ("10.9.0.1", "10.9.1.1", "10.9.2.1", "10.9.3.1", "fd99::1")
    assert probe(peer, *gone) == dict.fromkeys(gone, "no-route")


@pytest.fixture
def far(survivor: Host, peer: Host) -> Iterator[Host]:
    """A host behind the survivor, which is the peer's router."""
    host = Host("far")
    join(survivor, host, device="eth1")
    address(survivor, "10.1.0.1/24", "fd01::1/64", device="eth1")
    address(host, "10.1.0.9/24", "fd01::9/64", device="eth1")
    for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        survivor.sysctl(key, "1")
    for router, where in (("10.0.0.1", "default"), ("fd00::1", "default")):
        peer.ip(f"route add {where} via {router}")
    host.ip("route add default via 10.1.0.1 dev eth1")
    host.ip("route add default via fd01::1 dev eth1")
    yield host
    host.close()


def test_behind_a_router(far: Host, peer: Host) -> None:
    assert probe(peer, "10.1.0.9", "fd01::9") == {"10.1.0.9": "free", "fd01::9": "free"}


@pytest.mark.parametrize("gone", [("10.1.0.8", "fd01::8"), ("10.2.0.1", "fd02::1")])
def test_a_router_that_cannot_pass_it_on(far: Host, peer: Host, gone: Sequence[str]) -> None:
    # its neighbour is dead; it has no route
    assert probe(peer, *gone) == dict.fromkeys(gone, "router")


def test_a_limit_on_icmp_is_not_taken_for_a_listener(survivor: Host, peer: Host) -> None:
    # a host that has answered nobody yet has one answer ready, and then one a minute
    survivor.sysctl("net.ipv4.icmp_ratelimit", "60000")
    survivor.sysctl("net.ipv6.icmp.ratelimit", "240000")  # a fourth of it to a host in a /64
    assert probe(peer, IPV4, IPV6) == {IPV4: "silent", IPV6: "silent"}


CLUSTER = """\
nodelist {
    node {
        name: peer
        ring0_addr: 10.0.0.3
        ring1_addr: fd00::3
    }
    node {
        name: survivor
        ring0_addr: 10.0.0.1
        ring1_addr: fd00::1
    }
}
"""


def test_from_the_addresses_that_the_crash_kernel_will_have() -> None:
    # by itself the peer would send from 10.0.0.2 and fd00::2
    etc = {"corosync/corosync.conf": CLUSTER, "hosts": "127.0.0.1 localhost\n"}
    survivor, peer = pair(peer_etc=etc)
    try:
        firewall(
            survivor,
            f"ip saddr != 10.0.0.3 {TO_7410} drop",
            f"ip6 saddr != fd00::3 {TO_7410} drop",
            f"{TO_7410} reject with icmpx admin-prohibited",
        )
        for names in ([], ["survivor"]):
            result = run([ADMIN, "probe", "--json", "--node", "peer", *names], host=peer)
            assert [(t["node"], t["address"], t["way"], t["source"]) for t in targets(result)] == [
                ("survivor", "10.0.0.1", "prohibited", "10.0.0.3"),
                ("survivor", "fd00::1", "prohibited", "fd00::3"),
            ]
            assert {t["device"] for t in targets(result)} == {"eth0"}
            assert result.status == 1
    finally:
        survivor.close()
        peer.close()


def test_a_node_whose_name_does_not_resolve() -> None:
    cluster = CLUSTER.replace("ring0_addr: 10.0.0.1", "ring0_addr: nowhere")
    etc = {"corosync/corosync.conf": cluster, "hosts": "127.0.0.1 localhost\n"}
    survivor, peer = pair(peer_etc=etc)
    try:
        result = run([ADMIN, "probe", "--json", "--node", "peer"], host=peer)
        found = {target["address"]: target for target in targets(result)}
        assert {address: target["way"] for address, target in found.items()} == {
            "nowhere": "no-route",
            "fd00::1": "free",
        }
        assert "nowhere does not resolve" in found["nowhere"]["text"]
        assert result.status == 1
    finally:
        survivor.close()
        peer.close()


def test_without_root(survivor: Host, peer: Host) -> None:
    result = run([*NOBODY, ADMIN, "probe", "--json", IPV4, IPV6], host=peer)
    assert [target["way"] for target in targets(result)] == ["free", "free"]
    listening = run([*NOBODY, ADMIN, "probe", "--listen"], host=peer)
    assert listening.status == 2
    assert "run it as root" in listening.stderr


def test_nobody_to_probe(peer: Host) -> None:
    result = run([ADMIN, "probe"], host=peer)
    assert result.status == 2
    assert result.stderr.startswith("fence-kdump: the crash kernel will tell nobody: ")
    result = run([ADMIN, "probe", "node9"], host=peer)
    assert result.status == 2
    assert "'node9' is no node" in result.stderr


@contextlib.contextmanager
def ear(host: Host) -> Iterator[Program]:
    with started(ADMIN, "probe", "--listen", "--seconds", "600", host=host) as program:
        assert program.line().startswith("listening for probes of UDP 7410 for 600 s")
        yield program


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("", "let in"),
        (f"{TO_7410} reject", "dropped here"),
        (f"{TO_7410} drop", "dropped here"),
        (f"{TO_7410} reject with icmpx admin-prohibited", "dropped here"),
    ],
)
def test_listen_tells_what_the_firewall_lets_through(
    survivor: Host, peer: Host, rule: str, told: str
) -> None:
    firewall(survivor, rule)
    with ear(survivor) as program:
        probe(peer, IPV4, IPV6)
        lines = sorted(program.line().rsplit(": ", 1) for _ in range(2))
    assert [start for start, _ in lines] == [
        "from 10.0.0.2 to 10.0.0.1 UDP 7410",
        "from fd00::2 to fd00::1 UDP 7410",
    ]
    assert all(end.startswith(told) for _, end in lines)


def test_listen_says_nothing_of_other_datagrams(survivor: Host, peer: Host) -> None:
    with ear(survivor) as program:
        assert run([C_SENDER, "-c", "1", IPV4], host=peer).status == 0
        probe(peer, IPV6)
        assert program.line().startswith("from fd00::2 ")


def test_no_probe_came(survivor: Host) -> None:
    result = run([ADMIN, "probe", "--listen", "--seconds", "0.1", "--json"], host=survivor)
    assert result.status == 2
    assert "no probe arrived in 0.1 s" in result.stderr


def test_the_command_of_a_checkout_leaves_nothing_there() -> None:
    folder = os.path.dirname(os.path.dirname(ADMIN))
    assert not [place for place, _, _ in os.walk(folder) if place.endswith("__pycache__")]

"""How the agent listens: beside others, under a flood, with and without rights, and what it says.

Rows marked C show a fault of the C agent: the same test fails on it, as it must.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest

from fence_kdump.expect import Expectation, Question, expect
from fence_kdump.options import read
from fence_kdump.outcome import Heard
from fence_kdump.own import own_addresses
from fence_kdump.tell import Tell
from fence_kdump.wait import wait
from fence_kdump_cluster.resolve import Resolver
from fence_kdump_protocol import encode
from lab import no_ipv6
from lab.hosts import Host, LossyCable, address
from lab.names import NameServer
from lab.packets import IP, UDP, IPv6, Packet, Raw, Wire
from lab.pair import pair
from lab.programs import (
    AGENT,
    C_AGENT,
    C_SENDER,
    NOBODY,
    SENDER,
    listening_agent,
    one_node,
    run,
    started,
    until,
)

GOOD = encode()
PORT = 7410


def c_agent(fault: str) -> object:
    return pytest.param(C_AGENT, marks=pytest.mark.xfail(strict=True, reason=fault))


def message(source: str, payload: bytes = GOOD) -> Packet:
    network = IPv6(src=source, dst="fd00::1") if ":" in source else IP(src=source, dst="10.0.0.1")
    return network / UDP(sport=40000, dport=PORT) / Raw(payload)


@pytest.mark.parametrize("agent", [AGENT, c_agent("aborts: the port is in use")])
def test_two_agents_at_once(survivor: Host, wire: Wire, agent: str) -> None:
    with (
        listening_agent("-n", "10.0.0.2", "-t", "20", agent=agent, host=survivor) as one,
        started(agent, "-n", "10.0.0.3", "-t", "20", "-v", host=survivor) as other,
    ):
        line = other.line()
        assert "10.0.0.3" in line, (line, other.result())
        wire.send(message("10.0.0.3"), survivor.mac())
        assert other.result().status == 0
        wire.send(message("10.0.0.2"), survivor.mac())
        assert one.result().status == 0


def test_64_agents_at_once(survivor: Host, peer: Host, wire: Wire) -> None:
    nodes = [f"10.0.0.{number}" for number in range(100, 164)]
    with contextlib.ExitStack() as stack:
        agents = [
            stack.enter_context(listening_agent("-n", node, "-t", "25", host=survivor))
            for node in nodes
        ]
        for node in nodes:
            wire.send(message(node), survivor.mac())
        results = [agent.result() for agent in agents]
    assert [result.status for result in results] == [0] * 64, results
    for node, result in zip(nodes, results):
        assert f"valid message from {node}:" in result.stdout


def test_beside_a_c_agent(survivor: Host, wire: Wire) -> None:
    with (
        listening_agent("-n", "10.0.0.2", "-t", "20", agent=C_AGENT, host=survivor) as theirs,
        listening_agent("-n", "10.0.0.3", "-t", "20", host=survivor) as ours,
    ):
        wire.send(message("10.0.0.3"), survivor.mac())
        assert ours.result().status == 0
        wire.send(message("10.0.0.2"), survivor.mac())
        assert theirs.result().status == 0


@pytest.mark.parametrize("bound_to", ["0.0.0.0", "10.0.0.1", "::"])
def test_beside_any_program_on_the_port(survivor: Host, wire: Wire, bound_to: str) -> None:
    with survivor.entered():
        holder = socket.socket(
            socket.AF_INET6 if ":" in bound_to else socket.AF_INET, socket.SOCK_DGRAM
        )
        holder.bind((bound_to, PORT))
    with holder, listening_agent("-n", "10.0.0.2", "-t", "20", host=survivor) as agent:
        wire.send(message("10.0.0.2"), survivor.mac())
        assert agent.result().status == 0
        holder.settimeout(10)
        assert holder.recv(64) == GOOD, "the holder of the port did not get its own copy"


@pytest.mark.parametrize("agent", [AGENT, c_agent("one address family at a time")])
@pytest.mark.parametrize("source", ["10.0.0.2", "fd00::2"])
def test_both_families_at_once(survivor: Host, wire: Wire, agent: str, source: str) -> None:
    nodes = one_node(agent, "10.0.0.2", "fd00::2")
    with listening_agent(*nodes, "-t", "20", agent=agent, host=survivor) as it:
        wire.send(message(source), survivor.mac())
        assert it.result().status == 0


@pytest.mark.parametrize(
    ("source", "agent"),
    [
        ("10.0.0.2", AGENT),
        ("10.0.0.3", AGENT),
        pytest.param(
            "10.0.0.3",
            C_AGENT,
            marks=pytest.mark.xfail(strict=True, reason="takes the first address"),
        ),
    ],
)
def test_every_address_of_a_name(source: str, agent: str) -> None:
    hosts = "10.0.0.2 node2\n10.0.0.3 node2\n"
    survivor, peer = pair({"hosts": hosts})
    with listening_agent("-n", "node2", "-t", "3", agent=agent, host=survivor) as it:
        Wire(peer).send(message(source), survivor.mac())
        assert it.result().status == 0


@pytest.mark.parametrize("agent", [AGENT, c_agent("judges the buffer of the datagram before")])
def test_an_empty_datagram_after_a_valid_one(survivor: Host, wire: Wire, agent: str) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "2", agent=agent, host=survivor) as it:
        wire.send(message("10.0.0.99"), survivor.mac())
        wire.send(message("10.0.0.2", b""), survivor.mac())
        assert it.result().status == 1


@pytest.mark.parametrize("agent", [AGENT, c_agent("knows only its own byte order")])
def test_a_node_of_the_other_byte_order(survivor: Host, wire: Wire, agent: str) -> None:
    other = encode({"little": "big", "big": "little"}[sys.byteorder])
    with listening_agent("-n", "10.0.0.2", "-t", "2", agent=agent, host=survivor) as it:
        wire.send(message("10.0.0.2", other), survivor.mac())
        assert it.result().status == 0


@pytest.mark.parametrize("agent", [AGENT, c_agent("tells a time-out on stdout")])
def test_a_time_out_is_told_on_stderr(survivor: Host, agent: str) -> None:
    result = run([agent, "-n", "10.0.0.2", "-t", "1"], host=survivor)
    assert result.status == 1
    assert "timed out" in result.stderr


def test_a_time_out_tells_what_came(survivor: Host, wire: Wire) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "2", host=survivor) as agent:
        for _ in range(3):
            wire.send(message("10.0.0.2", b"junkjunk"), survivor.mac())
        wire.send(message("10.0.0.2", GOOD[:4] + bytes(4)), survivor.mac())
        for source in ("10.0.0.3", "10.0.0.3", "fd00::2"):
            wire.send(message(source), survivor.mac())
        result = agent.result()
    assert result.status == 1
    (line,) = result.stderr.splitlines()
    assert "timed out after 2 s waiting for a message from 10.0.0.2 on UDP port 7410" in line
    # three of junk, one of a wrong version, three from elsewhere
    assert "7 datagrams came, but none counted (1 x version 00000000" in line
    assert "valid messages came from 10.0.0.3 (2), fd00::2 (1)" in line


def test_a_time_out_after_silence(survivor: Host, peer: Host) -> None:
    result = run([AGENT, "-n", "10.0.0.2", "-t", "0.2"], host=survivor)
    assert result.status == 1
    assert "no datagram came" in result.stderr


def test_a_flood_of_junk_loses_no_message(survivor: Host, wire: Wire) -> None:
    flood = (
        "import socket, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "end = time.monotonic() + 20\n"
        "print('flooding', flush=True)\n"
        "while time.monotonic() < end:\n"
        "    for _ in range(1000): s.sendto(b'junkjunk', ('127.0.0.1', 7410))\n"
    )
    command = ["nice", sys.executable, "-c", flood]
    with (
        listening_agent("-n", "10.0.0.2", "-t", "25", host=survivor) as agent,
        started(*command, host=survivor) as flooding,
    ):
        flooding.line()
        wire.send(message("10.0.0.2"), survivor.mac())
        assert agent.result().status == 0


def test_without_root(survivor: Host, wire: Wire) -> None:
    with started(*NOBODY, AGENT, "-v", "-n", "10.0.0.2", "-t", "20", host=survivor) as agent:
        assert "waiting" in agent.line()
        wire.send(message("10.0.0.2"), survivor.mac())
        assert agent.result().status == 0


def test_without_root_a_time_out_says_what_could_not_be_seen(survivor: Host) -> None:
    result = run([*NOBODY, AGENT, "-n", "10.0.0.2", "-t", "0.2"], host=survivor)
    assert result.status == 1
    assert (
        "to see messages from other addresses, run the agent as root (CAP_NET_RAW)" in result.stderr
    )


def test_without_root_a_port_in_use_is_an_error(survivor: Host) -> None:
    with survivor.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", PORT))
        result = run([*NOBODY, AGENT, "-n", "10.0.0.2", "-t", "20"], host=survivor)
    assert result.status == 1
    assert "UDP port 7410 (IPv4) is in use" in result.stderr
    assert "CAP_NET_RAW" in result.stderr


NO_IPV6 = [sys.executable, no_ipv6.__file__]


def test_without_ipv6(survivor: Host, wire: Wire) -> None:
    command = [*NO_IPV6, AGENT, "-v", "-n", "10.0.0.2", "-t"]
    with started(*command, "20", host=survivor) as agent:
        assert "waiting" in agent.line()
        wire.send(message("10.0.0.2"), survivor.mac())
        result = agent.result()
    assert (result.status, result.stderr) == (0, "")
    timed_out = run([*command, "0.2"], host=survivor).stderr
    # it is not blind: none can come by IPv6
    assert "; no datagram came; to find the cause" in timed_out


def test_without_ipv6_an_ipv6_address_is_an_error(survivor: Host) -> None:
    result = run([*NO_IPV6, AGENT, "-n", "fd00::2", "-t", "20"], host=survivor)
    assert result.status == 1
    assert "fd00::2: cannot open a socket for IPv6" in result.stderr


CLUSTER = {
    "corosync/corosync.conf": """\
nodelist {
    node {
        name: node1
        ring0_addr: 10.0.0.1
    }
    node {
        name: node2
        ring0_addr: 10.0.0.2
        ring1_addr: fd00::2
    }
    node {
        name: node3
        ring0_addr: 10.0.0.3
    }
}
""",
    "hosts": "10.0.0.1 node1\n10.0.0.2 node2\n10.0.0.3 node3\n",
}


@pytest.mark.parametrize(
    ("stdin", "source"),
    [
        ("nodename=node2\nport=node2\n", "10.0.0.2"),
        ("nodename=node2\nport=node2\n", "fd00::2"),
        ("nodename=node2\nport=10.0.0.2\n", "fd00::2"),
        ("nodename=node2\nplug=node2\n", "10.0.0.2"),
        ("nodename=node1,node2,node3\nport=node2\n", "10.0.0.2"),
    ],
)
def test_a_node_of_the_cluster(stdin: str, source: str) -> None:
    survivor, peer = pair(CLUSTER)
    with listening_agent(stdin=f"{stdin}action=off\ntimeout=20\n", host=survivor) as agent:
        Wire(peer).send(message(source), survivor.mac())
        result = agent.result()
    assert result.status == 0, result


@pytest.mark.parametrize(
    ("stdin", "source"),
    [
        ("nodename=node1,node2,node3\nport=node2\n", "10.0.0.3"),
        ("nodename=node1,node2,node3\nport=node3\n", "fd00::2"),
        ("nodename=10.0.0.1,10.0.0.2,10.0.0.3\nport=node2\n", "10.0.0.3"),
        ("nodename=node2\nport=node2\n", "10.0.0.3"),
    ],
)
def test_another_node_of_the_cluster(stdin: str, source: str) -> None:
    survivor, peer = pair(CLUSTER)
    with listening_agent(stdin=f"{stdin}action=off\ntimeout=1\n", host=survivor) as agent:
        Wire(peer).send(message(source), survivor.mac())
        result = agent.result()
    assert result.status == 1, result
    assert f"valid messages came from {source} (" in result.stderr, "it did not arrive"


def test_a_message_from_this_host_itself() -> None:
    """By loopback: from a cable the kernel would take none with such a source."""
    survivor, _ = pair(CLUSTER)
    stdin = "nodename=node1,node2,node3\nport=node2\ntimeout=1\n"
    with listening_agent(stdin=stdin, host=survivor) as agent, survivor.entered():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as itself:
            itself.bind(("10.0.0.1", 0))
            itself.sendto(GOOD, ("10.0.0.1", PORT))
        result = agent.result()
    assert result.status == 1, result
    assert "; 1 datagrams came, but none counted; to find the cause" in result.stderr


def test_lines_of_corosync_conf_end_where_corosync_ends_them() -> None:
    conf = (
        "nodelist {\nnode {\nname: node2\n# was\rring1_addr: 10.0.0.3\nring0_addr: 10.0.0.2\n}\n}\n"
    )
    survivor, peer = pair({"corosync/corosync.conf": conf})
    with listening_agent("-n", "node2", "-t", "2", host=survivor) as agent:
        Wire(peer).send(message("10.0.0.3"), survivor.mac())
        result = agent.result()
    assert result.status == 1
    assert "valid messages came from 10.0.0.3" in result.stderr


def test_a_corosync_conf_that_is_just_being_written() -> None:
    """node3 is still missing in it, and a stale name has its address for node2's."""
    etc = {"hosts": "10.0.0.3 node2\n"}
    etc["corosync/corosync.conf"] = CLUSTER["corosync/corosync.conf"].partition("node3")[0]
    survivor, peer = pair(etc)
    with listening_agent(stdin="nodename=node2\nport=node2\n", host=survivor) as agent:
        Wire(peer).send(message("10.0.0.3"), survivor.mac())
        Wire(peer).send(message("10.0.0.2"), survivor.mac())
        result = agent.result()
    assert result.status == 0
    assert "valid message from node2 (10.0.0.2)" in result.stdout
    assert "section 'node' has no closing }" in result.stderr


def test_a_time_out_names_the_other_nodes_that_were_heard() -> None:
    survivor, peer = pair(CLUSTER)
    wire = Wire(peer)
    with listening_agent("-n", "node2", "-t", "2", host=survivor) as agent:
        for source in ("10.0.0.9", "10.0.0.3", "10.0.0.3"):
            wire.send(message(source), survivor.mac())
        result = agent.result()
    assert result.status == 1
    (line,) = result.stderr.splitlines()
    assert "; valid messages came from 10.0.0.3 (node3, 2); valid messages" in line
    assert "came from 10.0.0.9 (1): if this address belongs to node2, set" in line
    assert 'pcmk_host_map="node2:10.0.0.9"' in line


def test_different_nodes_are_an_error_at_once() -> None:
    result = run([AGENT], "nodename=node3\nport=node2\n", Host("survivor", CLUSTER))
    assert result.status == 1
    assert "remove nodename from the device's options" in result.stderr


def test_a_node_is_named_once_when_nobody_is_left_to_expect() -> None:
    """Pacemaker gives its name twice, corosync.conf its address: it is this host's own."""
    conf = "nodelist {\nnode {\nname: node1\nring0_addr: 10.0.0.1\nring1_addr: 10.0.0.1\n}\n}\n"
    survivor = Host("survivor", {"corosync/corosync.conf": conf, "hosts": "10.0.0.1 node1\n"})
    survivor.ip("address add 10.0.0.1/24 dev lo")
    result = run([AGENT], "nodename=node1\nport=node1\n", survivor)
    assert result.status == 1
    assert result.stderr.splitlines() == [
        "fence_kdump: warning: node1: messages from 10.0.0.1 do not count: the address belongs to"
        " this host",
        "fence_kdump: node1: no address is left from which a message would count: check nodename,"
        " plug and family",
    ]


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("address add 10.9.0.1/24 dev lo", "10.9.0.1"),
        ("address add 10.9.0.1/24 broadcast + dev eth0", "10.9.0.255"),
        ("address add 10.9.0.1 peer 10.9.0.2 dev eth0", "10.9.0.1"),
        ("address add fd09::1/64 dev eth0 nodad", "fd09::1"),
        ("route add local 10.9.0.1 dev lo", "10.9.0.1"),
        ("route add local 10.9.0.0/24 dev lo", "10.9.0.7"),
        ("-6 route add local fd09::/64 dev lo", "fd09::7"),
    ],
)
def test_this_host_s_own_address(survivor: Host, peer: Host, setting: str, address: str) -> None:
    survivor.sysctl("net.ipv4.ip_nonlocal_bind", "1")
    survivor.sysctl("net.ipv6.ip_nonlocal_bind", "1")
    before = run([AGENT, "-n", address, "-t", "0.1"], host=survivor)
    assert "timed out" in before.stderr, "not yet its own"
    survivor.ip(setting)
    result = run([AGENT, "-n", address, "-t", "0.1"], host=survivor)
    assert f"{address} do not count: the address belongs to this host" in result.stderr


def test_an_address_of_a_device_that_is_down_is_this_host_s_own(survivor: Host) -> None:
    survivor.ip("link add d0 type veth peer name d1")
    survivor.ip("address add 10.9.0.1/24 dev d0")
    result = run([AGENT, "-n", "10.9.0.1", "-t", "0.1"], host=survivor)
    assert "messages from 10.9.0.1 do not count: the address belongs to this host" in result.stderr


def test_the_other_end_of_a_link_is_not_this_host_s_own(survivor: Host, peer: Host) -> None:
    survivor.ip("address add 10.9.0.1 peer 10.9.0.2 dev eth0")
    result = run([AGENT, "-n", "10.9.0.2", "-t", "0.1"], host=survivor)
    assert "timed out" in result.stderr


def test_the_agent_listens_before_it_reads_files(survivor: Host, peer: Host) -> None:
    """What comes meanwhile waits. The agent runs in this process."""

    def ask() -> Question:
        with peer.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as crashed:
            crashed.sendto(GOOD, ("10.0.0.1", PORT))
        return Question(("10.0.0.2",), (), ())

    with survivor.entered():
        result = wait(ask, read({}), time.monotonic() + 15, Tell())
    assert isinstance(result, Heard), result


def test_the_agent_listens_before_it_asks_for_its_own_addresses(
    survivor: Host, peer: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that takes: what comes meanwhile waits. The agent runs in this process."""

    def ask(candidates: Iterable[bytes]) -> frozenset[bytes]:
        with peer.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as crashed:
            crashed.sendto(GOOD, ("10.0.0.1", PORT))
        return own_addresses(candidates)

    monkeypatch.setattr("fence_kdump.target.own_addresses", ask)
    with survivor.entered():
        question = Question(("10.0.0.2",), (), ())
        result = wait(lambda: question, read({}), time.monotonic() + 15, Tell())
    assert isinstance(result, Heard), result


def test_a_resolver_that_hangs_does_not_keep_the_agent_from_listening() -> None:
    etc = {
        "resolv.conf": "nameserver 10.0.0.250\n",
        "corosync/corosync.conf": CLUSTER["corosync/corosync.conf"],
    }
    survivor, peer = pair(etc)
    with started(AGENT, "-n", "node2,hangs.example", "-t", "20", host=survivor) as agent:
        until(lambda: agent.is_listening(2), "the agent to listen, in both families")
        Wire(peer).send(message("10.0.0.2"), survivor.mac())
        assert agent.result().status == 0


def test_a_name_that_resolves_while_the_agent_listens() -> None:
    etc = {"hosts": "", "resolv.conf": "nameserver 10.0.0.2\noptions timeout:5\n"}
    survivor, peer = pair(etc)
    with (
        NameServer(peer, "10.0.0.2", {"slow.example": "10.0.0.2"}) as server,
        listening_agent("-n", "slow.example", "-t", "25", host=survivor) as agent,
        started(C_SENDER, "-i", "1", "10.0.0.1", host=peer),
    ):
        server.answer()
        assert agent.result().status == 0


NAMES_OF_PEER = {"hosts": "", "resolv.conf": "nameserver 10.0.0.2\noptions attempts:1\n"}


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [
        # it may be the name of any node: nothing that nodename says counts
        ({"alias": ""}, 1, "waiting for a message from an unknown address on UDP port 7410"),
        ({"alias": ""}, 1, "; alias could not be looked up ("),
        # a Pacemaker Remote node whose name is no host's
        ({}, 0, "valid message from 10.0.0.3:"),
    ],
)
def test_only_a_plug_that_certainly_is_no_host_is_passed_over(
    names: dict[str, str], status: int, said: str
) -> None:
    survivor, peer = pair(NAMES_OF_PEER)
    stdin = "nodename=10.0.0.3\nport=alias\ntimeout=2\n"
    with NameServer(peer, "10.0.0.2", names) as server:
        server.answer()
        with listening_agent(stdin=stdin, host=survivor) as agent:
            Wire(peer).send(message("10.0.0.3"), survivor.mac())
            result = agent.result()
    assert result.status == status, result
    assert said in result.stdout + result.stderr


def test_a_name_server_that_comes_back_while_the_agent_listens() -> None:
    survivor, peer = pair(NAMES_OF_PEER)
    names = {"alias": ""}
    stdin = "nodename=10.0.0.3\nport=alias\ntimeout=25\n"
    with NameServer(peer, "10.0.0.2", names) as server:
        server.answer()
        with listening_agent(stdin=stdin, host=survivor) as agent:
            assert server.asked.is_set()
            names["alias"] = "10.0.0.2"
            with started(C_SENDER, "-i", "1", "10.0.0.1", host=peer):
                result = agent.result()
    assert result.status == 0, result
    assert "valid message from alias (10.0.0.2)" in result.stdout


def test_an_answer_that_comes_while_the_others_are_judged(
    survivor: Host, peer: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent runs in this process, where the answer can be given at that moment."""
    resolvers: list[Resolver] = []
    judged = threading.Event()

    def start(names: list[str], again: float) -> Resolver:
        resolvers.append(Resolver(names, again=again))
        return resolvers[0]

    def look_up(*_: object) -> list[object]:
        judged.wait(20)
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("10.0.0.2", 0))]

    def judge(*arguments: Any) -> Expectation:
        expectation = expect(*arguments)
        judged.set()
        until(lambda: not resolvers[0].pending(), "the answer")
        return expectation

    monkeypatch.setattr("fence_kdump.target.Resolver", start)
    monkeypatch.setattr("fence_kdump.target.expect", judge)
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    with survivor.entered(), started(C_SENDER, "-i", "1", "10.0.0.1", host=peer):
        question = Question(("node2",), (), ())
        result = wait(lambda: question, read({}), time.monotonic() + 20, Tell())
    assert isinstance(result, Heard), result


def test_a_log_that_nobody_reads_is_not_waited_for(survivor: Host, wire: Wire) -> None:
    """/dev/log is there and full, as when journald hangs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind("/run/stuck-log")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as writer:
            writer.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    writer.sendto(b"full", "/run/stuck-log")
        script = 'mount -t tmpfs tmpfs /dev; ln -s /run/stuck-log /dev/log; exec "$@"'
        command = ["unshare", "--mount", "sh", "-euc", script, "sh", AGENT]
        with started(
            *command, "-v", "--plug", "10.0.0.2,nosuch.invalid", "-t", "20", host=survivor
        ) as it:
            assert "waiting" in it.line()
            wire.send(message("10.0.0.2"), survivor.mac())
            assert it.result().status == 0
    os.unlink("/run/stuck-log")


def test_what_does_not_count_is_told_in_a_short_line(survivor: Host, wire: Wire) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "2", host=survivor) as agent:
        for number in range(2, 100):
            wire.send(message("10.0.0.2", GOOD[:4] + number.to_bytes(4, "big")), survivor.mac())
        result = agent.result()
    assert "98 datagrams came" in result.stderr
    assert "something else" in result.stderr
    assert len(result.stderr) < 1200


@pytest.mark.parametrize("stdin", ["action=x\0y\n", "nodename=a\0b\n", "timeout=\x1b[31m\n"])
def test_control_characters_are_no_traceback(stdin: str) -> None:
    result = run([AGENT], stdin)
    assert result.status == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.replace("\n", "").isprintable()


def test_a_name_that_is_no_text_does_not_keep_the_others_from_counting(
    survivor: Host, wire: Wire
) -> None:
    with listening_agent("--plug", "10.0.0.2,\udcff", "-t", "20", host=survivor) as agent:
        wire.send(message("10.0.0.2"), survivor.mac())
        assert agent.result().status == 0


@pytest.mark.parametrize("sender", [SENDER, C_SENDER])
def test_loss_on_the_way(sender: str) -> None:
    survivor, peer = Host("survivor"), Host("peer")
    with LossyCable(survivor, peer, lose=3) as cable:
        address(survivor, "10.0.0.1/24")
        address(peer, "10.0.0.2/24")
        interval = "1" if sender == C_SENDER else "0.1"
        with (
            listening_agent("-n", "10.0.0.2", "-t", "25", host=survivor) as agent,
            started(sender, "-i", interval, "10.0.0.1", host=peer),
        ):
            assert agent.result().status == 0
    assert cable.lost == 3


def kernel(size: str, loaded: str, *argv: str, image: str = "") -> list[str]:
    """The command that runs argv where /sys/kernel tells of a crash kernel, and the last check of
    an image. A stand-in: the kernel that the tests run on may have no kexec at all."""
    script = f"""
        mount -t tmpfs tmpfs /sys/kernel
        printf '{size}' >/sys/kernel/kexec_crash_size
        printf '{loaded}' >/sys/kernel/kexec_crash_loaded
        mount -t tmpfs -o mode=755 tmpfs /var/lib
        mkdir /var/lib/fence-kdump
        [ -z '{image}' ] || echo '{image}' >/var/lib/fence-kdump/image-state
        exec "$@"
    """
    return ["unshare", "--mount", "sh", "-euc", script, "sh", *argv]


@pytest.mark.parametrize(
    ("size", "loaded", "named"),
    [
        ("0", "0", "no memory is reserved for a crash kernel"),
        ("268435456", "0", "no crash kernel is loaded"),
        ("268435456", "1", ""),
    ],
)
def test_monitor(survivor: Host, size: str, loaded: str, named: str) -> None:
    result = run(kernel(size, loaded, AGENT, "-o", "monitor"), host=survivor)
    assert result.status == (1 if named else 0), result
    assert named in result.stderr
    assert len(result.stderr.splitlines()) == (1 if named else 0)


@pytest.mark.parametrize(("state", "status"), [("fresh", 0), ("stale it does not notify node3", 1)])
def test_monitor_reads_what_the_last_check_recorded(
    survivor: Host, state: str, status: int
) -> None:
    result = run(kernel("1", "1", AGENT, "-o", "monitor", image=state), host=survivor)
    assert result.status == status, result
    assert ("it does not notify node3" in result.stderr) == bool(status)


def test_monitor_finds_a_port_that_cannot_be_used(survivor: Host) -> None:
    with survivor.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", PORT))
        result = run(kernel("1", "1", *NOBODY, AGENT, "-o", "monitor"), host=survivor)
    assert result.status == 1
    assert "UDP port 7410 (IPv4) is in use" in result.stderr


@pytest.mark.parametrize(("family", "status"), [("auto", 0), ("ipv4", 0), ("ipv6", 1)])
def test_monitor_without_ipv6(survivor: Host, family: str, status: int) -> None:
    command = kernel("1", "1", *NO_IPV6, AGENT, "-o", "monitor", "-f", family)
    result = run(command, host=survivor)
    assert result.status == status, result
    assert ("cannot open a socket for IPv6" in result.stderr) == bool(status)


@pytest.mark.parametrize(
    ("options", "status", "named"),
    [
        ("-o validate-all -n 10.0.0.2 -t 10", 0, []),
        ("-o validate-all", 0, []),
        ("-o validate-all --plug dummy", 0, []),
        (
            "-o validate-all -n nosuch.invalid,10.0.0.2 -p 70000 -t x -f ipx",
            1,
            ["nosuch.invalid", "70000", "'x'", "ipx"],
        ),
        ("-o list", 1, ["unsupported action 'list'"]),
        ("-o reboot", 1, ["unsupported action 'reboot'"]),
        ("-t 1", 1, ["requires nodename"]),
        ("-o validate-all -n 10.0.0.2 -t 0 -p x", 1, ["timeout '0'", "ipport 'x'"]),
        ("-n nosuch.invalid -t 1", 1, ["does not resolve", "no address is left"]),
        ("-x", 1, ["-x"]),
        ("-n 10.0.0.1", 1, ["belongs to this host", "no address is left"]),
    ],
)
def test_what_is_wrong_is_told_line_by_line(
    survivor: Host, peer: Host, options: str, status: int, named: list[str]
) -> None:
    result = run([AGENT, *options.split()], host=survivor)
    assert result.status == status, result
    lines = result.stderr.splitlines()
    assert len(lines) == len(named), result
    for text in named:
        assert any(text in line for line in lines), result
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-o monitor", ""),
        (
            "-o monitor -v",
            "fence_kdump: this node is ready to dump, and to listen for other nodes\n",
        ),
        ("-o validate-all -n 10.0.0.2", ""),
        ("-o validate-all -n 10.0.0.2 -v", "fence_kdump: the options are valid\n"),
        ("-o validate-all -n 10.0.0.2 -v -p x", ""),
    ],
)
def test_what_is_fine_is_told_if_asked_for(survivor: Host, options: str, said: str) -> None:
    result = run(kernel("1", "1", AGENT, *options.split()), host=survivor)
    assert result.stdout == said, result


@pytest.mark.parametrize("argv", [["-o", "metadata"], ["-h"], ["-V"]])
def test_closed_stdio_is_no_traceback(argv: list[str]) -> None:
    done = subprocess.run(["sh", "-c", '"$@" >&- 2>&- <&-', "sh", AGENT, *argv], check=False)
    assert done.returncode in (0, 1)


def test_metadata_is_valid_by_the_schema_of_fence_agents(tmp_path: os.PathLike[str]) -> None:
    schema = "/usr/share/cluster/relaxng/metadata.rng"
    result = run(
        ["xmllint", "--noout", "--relaxng", schema, "-"], run([AGENT, "-o", "metadata"]).stdout
    )
    assert result.status == 0, result

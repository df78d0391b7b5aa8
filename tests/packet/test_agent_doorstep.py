"""What the agent says of messages that do not count, or do not come as far as its port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time

import pytest

from fence_kdump_protocol import encode
from lab.hosts import Host, address, join
from lab.packets import IP, UDP, IPv6, Packet, Raw, Wire, fragment
from lab.pair import pair
from lab.programs import AGENT, Program, listening_agent, started, until

GOOD = encode()
PORT = 7410


def message(source: str, to: str = "", port: int = PORT, payload: bytes = GOOD) -> Packet:
    six = ":" in source
    network = IPv6(src=source, dst=to or "fd00::1") if six else IP(src=source, dst=to or "10.0.0.1")
    return network / UDP(sport=40000, dport=port) / Raw(payload)


def nft(host: Host, *lines: str) -> None:
    """Set up the host's firewall: rules for what comes in."""
    rules = "".join(f"add rule inet survivor input {line}\n" for line in lines)
    chain = "{ type filter hook input priority 0; policy accept; }"
    text = f"add table inet survivor\nadd chain inet survivor input {chain}\n{rules}"
    subprocess.run(host.command("nft", "-f", "-"), input=text, text=True, check=True)


def is_looking(agent: Program) -> bool:
    """Whether it has its packet sockets, one for each family."""
    links = []
    for fd in os.listdir(f"/proc/{agent.pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{agent.pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
    with open(f"/proc/{agent.pid}/net/packet") as file:
        inodes = [line.split()[8] for line in file.readlines()[1:]]
    return sum(f"socket:[{inode}]" in links for inode in inodes) == 2


def said_after(survivor: Host, wire: Wire, *packets: Packet, nodes: str = "10.0.0.2") -> str:
    """The line of an agent that came to see these, and ran out of time."""
    with listening_agent("--plug", nodes, "-t", "1", host=survivor) as agent:
        until(lambda: is_looking(agent), "the agent to look at what does not come to the port")
        for packet in packets:
            wire.send(packet, survivor.mac())
        result = agent.result()
    assert result.status == 1, result
    (line,) = result.stderr.splitlines()
    return line


FIREWALLED = "the firewall of this host dropped them: open UDP port 7410"


@pytest.mark.parametrize("verdict", ["drop", "reject"])
@pytest.mark.parametrize("source", ["10.0.0.2", "fd00::2"])
def test_a_firewall_on_the_survivor(
    survivor: Host, wire: Wire, inlet: str, source: str, verdict: str
) -> None:
    nft(survivor, f"udp dport 7410 {verdict}")
    line = said_after(survivor, wire, message(source), message(source), nodes=source)
    assert f"; 2 valid messages arrived on eth0, but {FIREWALLED}" in line


def test_the_reverse_path_filter_with_two_rings(survivor: Host, peer: Host) -> None:
    """The answer to 10.0.0.2 leaves by eth0."""
    join(survivor, peer, "eth1")
    address(survivor, "10.1.0.1/24", device="eth1")
    survivor.sysctl("net.ipv4.conf.eth1.rp_filter", "1")
    wire = Wire(peer, "eth1")
    with listening_agent("-n", "10.0.0.2", "-t", "1", host=survivor) as agent:
        until(lambda: is_looking(agent), "the agent to look at what does not come to the port")
        wire.send(message("10.0.0.2"), survivor.mac("eth1"))
        line = agent.result().stderr
    assert "1 valid messages arrived on eth1, but the reverse path filter dropped them" in line
    assert "net.ipv4.conf.eth1.rp_filter=2" in line


NOT_FOR_THE_PORT = {
    "from another node": message("10.0.0.3"),
    "to another port": message("10.0.0.2", port=7411),
    "to another host": message("10.0.0.2", to="10.0.0.77"),
    "junk": message("10.0.0.2", payload=b"junkjunk"),
    "wrong checksum": IP(src="10.0.0.2", dst="10.0.0.1")
    / UDP(sport=40000, dport=PORT, chksum=0x1234)
    / Raw(GOOD),
    "a fragment": fragment(message("10.0.0.2", payload=GOOD + bytes(64)), fragsize=32)[0],
}


@pytest.mark.parametrize("packet", NOT_FOR_THE_PORT.values(), ids=NOT_FOR_THE_PORT)
def test_what_would_not_have_come_to_the_port_anyway(
    survivor: Host, wire: Wire, packet: Packet
) -> None:
    nft(survivor, "udp dport 7410 drop")
    assert "dropped" not in said_after(survivor, wire, packet)


def test_a_message_to_another_hardware_address(survivor: Host, wire: Wire) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "1", host=survivor) as agent:
        until(lambda: is_looking(agent), "the agent to look at what does not come to the port")
        wire.send(message("10.0.0.2"), "02:00:00:00:00:77")
        assert "dropped" not in agent.result().stderr


def test_a_success_does_not_come_of_it(survivor: Host, wire: Wire, inlet: str) -> None:
    nft(survivor, "udp dport 7410 ip saddr 10.0.0.2 drop")
    with listening_agent("--plug", "10.0.0.2,10.0.0.3", "-t", "8", host=survivor) as agent:
        until(lambda: is_looking(agent), "the agent to look at what does not come to the port")
        wire.send(message("10.0.0.2"), survivor.mac())
        wire.send(message("10.0.0.3"), survivor.mac())
        result = agent.result()
    assert result.status == 0
    assert "valid message from 10.0.0.3:" in result.stdout


def test_it_does_not_look_before_the_end_is_near(survivor: Host, wire: Wire) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "30", host=survivor) as agent:
        wire.send(message("10.0.0.3"), survivor.mac())
        assert "10.0.0.3" in agent.line(), "it has been through its loop"
        assert not is_looking(agent)
        wire.send(message("10.0.0.2"), survivor.mac())
        assert agent.result().status == 0


def test_a_message_that_came_in_time_counts_however_late_it_is_read(
    survivor: Host, wire: Wire, inlet: str
) -> None:
    """The agent was stopped, as when the host swaps or a virtual machine is moved."""
    with listening_agent("-n", "10.0.0.2", "-t", "1", host=survivor) as agent:
        end = time.monotonic() + 1
        os.kill(agent.pid, signal.SIGSTOP)
        wire.send(message("10.0.0.2"), survivor.mac())
        time.sleep(max(end - time.monotonic(), 0))  # until its time is up
        os.kill(agent.pid, signal.SIGCONT)
        result = agent.result()
    assert result.status == 0, result


CLUSTER = {
    "corosync/corosync.conf": "nodelist {\n"
    + "".join(
        f"node {{\nname: node{n}\nnodeid: {n}\nring0_addr: 10.0.0.{n}\n}}\n" for n in (1, 2, 3)
    )
    + "}\n"
}


def test_a_message_that_does_not_count_is_told_at_once() -> None:
    """Pacemaker logs what an agent wrote to stdout, even if it had to kill it."""
    survivor, peer = pair(CLUSTER)
    wire = Wire(peer)
    stdin = "nodename=node2\nport=node2\n"
    script = 'mount -t tmpfs tmpfs /dev; ln -s /run/test-log /dev/log; exec "$@"'
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/run/test-log")
    log.settimeout(10)
    with log, started("sh", "-c", script, "sh", AGENT, stdin=stdin, host=survivor) as agent:
        until(lambda: agent.is_listening(4), "the agent to listen, and to look out")
        wire.send(message("10.0.0.9"), survivor.mac())
        first = agent.line()
        logged = log.recv(4096).decode()
        for _ in range(3):
            wire.send(message("10.0.0.9"), survivor.mac())
        wire.send(message("10.0.0.3"), survivor.mac())
        second = agent.line()
        agent.process.kill()
        assert agent.result().stdout == "", "each is told once"
    waiting = "still waiting for a message from node2 (10.0.0.2) on UDP port 7410; valid messages"
    assert (
        f"{waiting} came from 10.0.0.9 (1): if this address belongs to node2, set pcmk_host_map="
        in first
    )
    assert first.strip().removeprefix("fence_kdump: ") in logged
    assert f"{waiting} came from 10.0.0.3 (node3, 1)" in second


def test_a_crowd_that_does_not_count_is_told_in_few_lines(survivor: Host, wire: Wire) -> None:
    with listening_agent("-n", "10.0.0.2", "-t", "20", host=survivor) as agent:
        for number in range(3, 200):
            wire.send(message(f"10.0.0.{number}"), survivor.mac())
        wire.send(message("10.0.0.2"), survivor.mac())
        result = agent.result()
    assert result.status == 0
    assert len(result.stdout.splitlines()) <= 9

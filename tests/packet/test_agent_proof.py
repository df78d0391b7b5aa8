"""What proves to the agent that a node is in its crash kernel, and above all what does not.

The peer plays node2 (10.0.0.2, fd00::2), or everybody who would like to be taken for it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from fence_kdump_protocol import encode
from fence_kdump_protocol.dialogue import encode_response
from fence_kdump_protocol.keys import key_id, node_key
from lab.flood import flood
from lab.hosts import Host
from lab.middle import Middle
from lab.node import COROSYNC, MASTER, Challenge, Node, write_key
from lab.packets import IP, UDP, Raw, Tap
from lab.pair import pair
from lab.programs import AGENT, SENDER, Program, Result, listening_agent, run, started

GOOD = encode()
NAME = b"node2"
KEY = node_key(MASTER, NAME)
AGENT_PORT = 7410


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """The survivor, which knows the cluster and has its key, and the peer."""
    survivor, peer = pair(etc={"corosync/corosync.conf": COROSYNC})
    write_key(f"/etc/netns/{survivor.name}/corosync/authkey")
    yield survivor, peer
    survivor.close()
    peer.close()


@pytest.fixture
def survivor(hosts: tuple[Host, Host]) -> Host:
    return hosts[0]


@pytest.fixture
def peer(hosts: tuple[Host, Host]) -> Host:
    return hosts[1]


def key_file(survivor: Host) -> str:
    return f"/etc/netns/{survivor.name}/corosync/authkey"


@contextlib.contextmanager
def asking(
    survivor: Host, policy: str = "required", timeout: str = "20", *more: str
) -> Iterator[Program]:
    options = ["-n", "node2", "--plug", "node2", "-t", timeout, "--auth", policy, *more]
    with listening_agent(*options, host=survivor) as agent:
        yield agent


def right(challenge: Challenge, key: bytes = KEY, name: bytes = NAME) -> bytes:
    return encode_response(challenge.nonce, name, key)


def flipped(data: bytes, byte: int) -> bytes:
    changed = bytearray(data)
    changed[byte] ^= 1
    return bytes(changed)


Answer = Callable[[Challenge], bytes]
BAD: dict[str, Answer] = {
    "version 1": lambda _: GOOD,
    "version 1, longer": lambda c: GOOD + right(c),
    "the challenge, reflected": lambda c: c.data,
    "the challenge with another kind": lambda c: c.data[:4] + b"\x02" + c.data[5:],
    "a response of kind 1": lambda c: right(c)[:4] + b"\x01" + right(c)[5:],
    "an answer to another challenge": lambda _: encode_response(bytes(16), NAME, KEY),
    "another node": lambda c: right(c, node_key(MASTER, b"node3"), b"node3"),
    "another node's key": lambda c: right(c, node_key(MASTER, b"node3")),
    "another node's name": lambda c: right(c, KEY, b"node3"),
    "another cluster": lambda c: right(c, node_key(bytes(64), NAME)),
    "no key at all": lambda c: right(c, bytes(32)),
    "the master as a key": lambda c: right(c, MASTER),
    "a byte short": lambda c: right(c)[:-1],
    "a byte long": lambda c: right(c) + b"\0",
    "cut off": lambda c: right(c)[:40],
    "the nonce one bit off": lambda c: flipped(right(c), 6),
    "the key id one bit off": lambda c: flipped(right(c), 22),
    "the name one bit off": lambda c: flipped(right(c), 30),
    "the code one bit off": lambda c: flipped(right(c), -1),
}


@pytest.mark.parametrize("address", ["10.0.0.2", "fd00::2"])
def test_nothing_counts_but_the_right_answer(survivor: Host, peer: Host, address: str) -> None:
    with Node(peer, address) as node, asking(survivor) as agent:
        for answer in BAD.values():
            challenge = node.challenge()  # it still asks: nothing before was taken
            node.send(answer(challenge), challenge.peer)
            node.send(answer(challenge), (challenge.peer[0], AGENT_PORT))
            node.send(GOOD, (challenge.peer[0], AGENT_PORT))  # so that it asks again at once
        assert agent.process.poll() is None
        challenge = node.challenge()
        node.send(right(challenge), challenge.peer)
        result = agent.result()
    assert result.status == 0, result
    assert (
        f"node2 ({address}) proved that it runs its crash kernel: the node is fenced"
        in result.stdout
    )


def test_a_right_answer_to_the_message_s_port_proves_nothing(survivor: Host, peer: Host) -> None:
    """Any agent of the host may have asked."""
    with Node(peer) as node, asking(survivor, timeout="2") as agent:
        challenge = node.challenge()
        node.send(right(challenge), (challenge.peer[0], AGENT_PORT))
        assert agent.result().status == 1


def test_each_agent_needs_its_own_proof(survivor: Host, peer: Host) -> None:
    """What one agent was answered, sent to another one."""
    with Node(peer) as node, asking(survivor) as one, asking(survivor, timeout="3") as other:
        by_port: dict[int, Challenge] = {}
        while len(by_port) < 2:
            challenge = node.challenge()
            by_port[challenge.peer[1]] = challenge
        first, second = by_port.values()
        node.send(right(first), second.peer)
        node.send(right(first), first.peer)
        results = [one.result(), other.result()]
        assert sorted(result.status for result in results) == [0, 1]


def test_many_agents_at_once_each_get_a_proof(
    survivor: Host, peer: Host, tmp_path: os.PathLike[str]
) -> None:
    key = write_key(f"{tmp_path}/node.key", KEY.hex().encode())
    with contextlib.ExitStack() as stack:
        agents = [stack.enter_context(asking(survivor)) for _ in range(16)]
        command = [SENDER, "--key", key, "--node", "node2", "10.0.0.1", "fd00::1"]
        stack.enter_context(started(*command, host=peer))
        for agent in agents:
            result = agent.result()
            assert result.status == 0, result
            assert "proved" in result.stdout


def test_a_proof_outranks_the_address_that_it_comes_from(survivor: Host, peer: Host) -> None:
    with Node(peer) as node, Node(peer, "10.0.0.3") as elsewhere, asking(survivor) as agent:
        challenge = node.challenge()
        elsewhere.send(right(challenge), challenge.peer)
        assert agent.result().status == 0


def test_a_message_is_answered_from_the_address_that_it_came_to(survivor: Host, peer: Host) -> None:
    """node2 may know the survivor by no other address, and be at another port."""
    with Node(peer, port=40000) as node, asking(survivor) as agent:
        node.send(GOOD, ("10.0.0.4", AGENT_PORT))
        challenge = node.challenge()
        assert challenge.peer[0] == "10.0.0.4"
        node.send(right(challenge), challenge.peer)
        assert agent.result().status == 0


def timed_out(survivor: Host, peer: Host, answer: Answer | None) -> Result:
    with Node(peer) as node, asking(survivor, timeout="1.5") as agent:
        if answer:
            challenge = node.challenge()
            node.send(answer(challenge), challenge.peer)
        node.send(GOOD, ("10.0.0.1", AGENT_PORT))
        return agent.result()


LINES: dict[str, tuple[Answer | None, str]] = {
    "no answer": (
        None,
        "the crash image of node2 has no key, or a firewall drops challenges or answers",
    ),
    "another key": (
        BAD["another cluster"],
        f"another key, {key_id(node_key(bytes(64), NAME)).hex()}: rebuild the crash image of node2",
    ),
    "another name": (BAD["another node"], "the node there is named 'node3'"),
    "forged": (BAD["the code one bit off"], "1 x a forged answer"),
    "odd name": (
        lambda c: right(c, KEY, b"\xff\x1b[2J\n"),
        "the node there is named '\\xff?[2J?'",
    ),
}


@pytest.mark.parametrize(("answer", "why"), LINES.values(), ids=LINES)
def test_the_time_out_line_says_why(
    survivor: Host, peer: Host, answer: Answer | None, why: str
) -> None:
    result = timed_out(survivor, peer, answer)
    assert result.status == 1
    (line,) = result.stderr.splitlines()
    assert "timed out after 1.5 s" in line
    assert "1 x no proof of identity" in line
    assert why in line


def test_a_proof_counts_at_once_where_it_is_preferred(survivor: Host, peer: Host) -> None:
    with Node(peer) as node, asking(survivor, "prefer") as agent:
        challenge = node.challenge()
        node.send(GOOD, ("10.0.0.1", AGENT_PORT))
        node.send(right(challenge), challenge.peer)
        result = agent.result()
    assert result.status == 0
    assert "proved" in result.stdout


@pytest.mark.parametrize("timeout", ["20", "1"])
def test_a_message_counts_without_a_proof_where_that_is_preferred(
    survivor: Host, peer: Host, timeout: str
) -> None:
    """The time-out comes before the message's grace is over: it is not lost to that."""
    with Node(peer) as node, asking(survivor, "prefer", timeout) as agent:
        node.send(GOOD, ("10.0.0.1", AGENT_PORT))
        result = agent.result()
    assert result.status == 0, result
    assert "from node2 (10.0.0.2) without a proof of identity (no answer came" in result.stdout


def test_what_is_no_message_does_not_count_where_a_proof_is_preferred(
    survivor: Host, peer: Host
) -> None:
    with Node(peer) as node, asking(survivor, "prefer", "3") as agent:
        challenge = node.challenge()
        for name, answer in BAD.items():
            if not name.startswith("version 1"):
                node.send(answer(challenge), challenge.peer)
                node.send(answer(challenge), ("10.0.0.1", AGENT_PORT))
        assert agent.result().status == 1


def test_without_auth_nothing_is_asked(survivor: Host, peer: Host) -> None:
    """Corosync's key alone changes nothing."""
    tap = Tap(peer)
    with listening_agent("-n", "node2", "-t", "20", host=survivor) as agent, Node(peer) as node:
        node.send(GOOD, ("10.0.0.1", AGENT_PORT))
        assert (
            "received a valid message from node2 (10.0.0.2): the node is" in agent.result().stdout
        )
    with Node(peer) as node, asking(survivor, timeout="20"):
        asked = next(iter(tap))  # the first that ever came
        assert bytes(asked[UDP].payload) == node.challenge().data


def test_a_key_made_for_it_is_used_without_being_asked_for(survivor: Host, peer: Host) -> None:
    os.makedirs("/etc/fence_kdump", exist_ok=True)
    write_key(f"/etc/netns/{survivor.name}/fence_kdump/key", b"x" * 32)
    with listening_agent("-n", "node2", "-t", "20", host=survivor) as agent, Node(peer) as node:
        challenge = node.challenge()
        node.send(right(challenge, node_key(b"x" * 32, NAME)), challenge.peer)
        assert "proved" in agent.result().stdout


def test_roll_over(survivor: Host, peer: Host, tmp_path: os.PathLike[str]) -> None:
    """While a new key is rolled out, images have the one before; then neither counts forged."""
    key = write_key(f"{tmp_path}/new", b"new" * 20)
    old = write_key(f"{tmp_path}/new.old", b"old" * 20)
    for master in (b"new" * 20, b"old" * 20):
        with Node(peer) as node, asking(survivor, "required", "20", "--key", key) as agent:
            challenge = node.challenge()
            node.send(right(challenge), challenge.peer)
            node.send(GOOD, ("10.0.0.1", AGENT_PORT))
            challenge = node.challenge()
            node.send(right(challenge, node_key(master, NAME)), challenge.peer)
            assert agent.result().status == 0
    os.unlink(old)
    with Node(peer) as node, asking(survivor, "required", "1.5", "--key", key) as agent:
        challenge = node.challenge()
        node.send(right(challenge, node_key(b"old" * 20, NAME)), challenge.peer)
        assert "another key" in agent.result().stderr


FAULTS = {
    "missing": (None, 0o600, "No such file or directory"),
    "empty": (b"", 0o600, "the key has 0 bytes, but needs at least 32"),
    "short": (bytes(31), 0o600, "the key has 31 bytes, but needs at least 32"),
    "readable by others": (MASTER, 0o644, "chmod 600"),
}


@pytest.mark.parametrize(("data", "mode", "why"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_key(
    survivor: Host, peer: Host, tmp_path: os.PathLike[str], data: bytes | None, mode: int, why: str
) -> None:
    path = f"{tmp_path}/key"
    if data is not None:
        write_key(path, data, mode)
    options = ["-n", "node2", "-t", "20", "--key", path]
    result = run([AGENT, *options, "--auth", "required"], host=survivor)
    assert (result.status, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert f"auth=required: {path}: " in line
    assert why in line
    # where it is merely preferred, a message counts as ever
    with listening_agent(*options, "--auth", "prefer", host=survivor) as agent, Node(peer) as node:
        node.send(GOOD, ("10.0.0.1", AGENT_PORT))
        result = agent.result()
    assert result.status == 0
    assert "received a valid message from node2 (10.0.0.2): the node is fenced" in result.stdout
    assert why in result.stderr
    checked = run([AGENT, *options, "--auth", "prefer", "-o", "validate-all"], host=survivor)
    assert why in checked.stderr


def test_a_wrong_word_for_auth_is_no_licence(survivor: Host, peer: Host) -> None:
    stdin = "nodename=node2\nport=node2\nauth=require\ntimeout=2\n"
    with Node(peer) as node, listening_agent(stdin=stdin, host=survivor) as agent:
        node.send(GOOD, ("10.0.0.1", AGENT_PORT))
        result = agent.result()
    assert result.status == 1
    assert "unsupported auth 'require'" in result.stderr


def test_a_target_that_is_no_node_of_the_cluster(survivor: Host, peer: Host) -> None:
    """It has no name, and so no key."""
    options = ["--plug", "10.0.0.77", "-t", "20"]
    result = run([AGENT, *options, "--auth", "required"], host=survivor)
    assert result.status == 1
    assert "auth=required: neither corosync.conf nor the CIB has a node" in result.stderr


def test_messages_forged_at_full_rate(
    survivor: Host, peer: Host, tmp_path: os.PathLike[str]
) -> None:
    """From random ports of node2's own address: what the agent sends stays bounded, and the true
    node's proof gets through."""
    key = write_key(f"{tmp_path}/node.key", KEY.hex().encode())
    forged = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=1, dport=AGENT_PORT, chksum=0)
    tap = Tap(peer, port=0)
    with asking(survivor) as agent, flood(peer, forged / Raw(GOOD), survivor.mac()) as sent:
        challenges = 0
        for packet in tap:
            challenges += len(packet[UDP].payload) == 320
            if challenges == 50:
                break
        assert agent.process.poll() is None
        command = [SENDER, "--key", key, "--node", "node2", "10.0.0.1"]
        with started(*command, host=peer):
            result = agent.result()
    assert result.status == 0, result
    assert "proved" in result.stdout
    assert sent() > 50 * challenges


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [("node3", 1, "the node there is named 'node3'"), ("node2", 0, "proved")],
)
def test_a_challenge_that_is_relayed(
    tmp_path: os.PathLike[str], name: str, status: int, said: str
) -> None:
    """The man in the middle has node2's address, and hands its challenge to another node, which
    dumps. Were that node2, it would be proven, whatever the way is."""
    survivor, node = Host("survivor", {"corosync/corosync.conf": COROSYNC}), Host("node")
    write_key(key_file(survivor))
    key = write_key(f"{tmp_path}/node.key", node_key(MASTER, name.encode()).hex().encode())
    command = [SENDER, "--key", key, "--node", name, "-i", "0.2", "10.0.0.1"]
    with (
        Middle(survivor, node),
        asking(survivor, "required", "4" if status else "20") as agent,
        started(*command, host=node),
    ):
        result = agent.result()
    assert result.status == status, result
    assert said in result.stdout + result.stderr
    if status:
        assert "x no proof of identity" in result.stderr

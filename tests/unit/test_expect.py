"""Whom to expect, and whom not: the table that keeps a living node from being taken for dead."""

from __future__ import annotations

import pytest

from fence_kdump.expect import Question, expect
from fence_kdump_cluster.addresses import pack, show
from fence_kdump_cluster.corosync import Node

NODES = (
    Node("node1", "1", ("10.0.0.1", "10.1.0.1")),
    Node("node2", "2", ("10.0.0.2", "10.1.0.2")),
    Node("node3", "3", ("node3-ring0",)),
    Node("node4", "4", ("10.0.0.4",)),
)
HOSTS = {
    "node1": ["10.0.0.1"],
    "node2": ["10.0.0.2", "fd00::2"],
    "node3": ["10.0.0.3"],
    "node3-ring0": ["10.0.0.3"],
    "node2-admin": ["192.168.0.2"],
    "remote1": ["10.0.0.50"],
    "wrong": ["10.0.0.2", "10.0.0.1"],
    "myself": ["10.0.0.1"],
    "local": ["127.0.1.1", "::1"],
    "many": ["224.0.0.1", "255.255.255.255", "ff02::1", "0.0.0.0", "::", "10.0.0.9"],
    "node4": ["10.0.0.4", "10.0.0.2"],
    "remote2": ["10.0.0.51"],
    "gone": [],
}
OWN = frozenset(filter(None, map(pack, ["10.0.0.1", "10.1.0.1", "fd00::1", "10.0.0.255"])))


def ask(nodename: str, plug: str = "", nodes: tuple[Node, ...] = NODES) -> tuple[set[str], str]:
    question = Question(tuple(nodename.split()), tuple(plug.split()), nodes)
    known = {}
    for name in question.names():
        address = pack(name)
        texts = HOSTS.get(name, [])
        known[name] = [address] if address else [a for a in map(pack, texts) if a]
    expectation = expect(question, known, OWN)
    return set(map(show, expectation.addresses)), "\n".join(expectation.warnings)


@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        # Pacemaker's usual call: the name's addresses, and every ring of that node
        ("node2", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2", "", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        # pcmk_host_map=node2:ADDRESS
        ("node2", "10.0.0.2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2", "192.168.0.2", {"192.168.0.2", "10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2", "node2-admin", {"192.168.0.2", "10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2", "17", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        # the device's own nodename lists the cluster: only the plug counts
        ("node1 node2 node3", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node1 node2 node3", "node3", {"10.0.0.3"}),
        ("10.0.0.1 10.0.0.2 10.0.0.3", "node3", {"10.0.0.3"}),
        ("node2 node3", "remote1", {"10.0.0.50"}),
        ("node2 node3", "17", set()),
        # the device names one node, Pacemaker another: neither
        ("node3", "node2", set()),
        # a nodename may add addresses that corosync.conf does not know
        ("node2 192.168.0.2", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2", "192.168.0.2"}),
        # a name that it does not know may be another node, which corosync.conf need not name
        ("node2 node2-admin", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node1 node2 node3 remote1", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("remote1 remote2", "remote1", {"10.0.0.50"}),
        ("node2 remote1", "remote1", {"10.0.0.50"}),
        ("node2 192.168.0.2", "17", {"10.0.0.2", "fd00::2", "10.1.0.2", "192.168.0.2"}),
        # by hand: any of them
        ("node2 node3", "", {"10.0.0.2", "fd00::2", "10.1.0.2", "10.0.0.3"}),
        # a node that corosync.conf does not name
        ("remote1", "remote1", {"10.0.0.50"}),
        # an address of another node, by whatever name it comes
        ("wrong", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("wrong", "", set()),
        ("node4", "", {"10.0.0.4"}),
        ("node2", "wrong", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        # this host, and no host at all
        ("myself", "", set()),
        ("local", "", set()),
        ("127.0.0.2", "", {"127.0.0.2"}),
        ("::1", "", {"::1"}),
        ("10.0.0.255", "", set()),
        ("many", "", {"10.0.0.9"}),
        ("0.0.0.0", "", set()),
        ("3", "", set()),
        ("gone", "", set()),
        ("::ffff:10.0.0.7", "", {"10.0.0.7"}),
        ("fe80::1%eth0", "", {"fe80::1"}),
    ],
)
def test_with_a_corosync_conf(nodename: str, plug: str, expected: set[str]) -> None:
    addresses, warnings = ask(nodename, plug)
    assert addresses == expected
    assert addresses or warnings


@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        ("node2", "node2", {"10.0.0.2", "fd00::2"}),
        ("127.0.0.1", "nodeA", {"127.0.0.1"}),
        ("127.0.0.1 127.0.0.2", "nodeA", {"127.0.0.1", "127.0.0.2"}),
        ("node1 node2 node3", "node2", {"10.0.0.2", "fd00::2"}),
        ("10.0.0.8 10.0.0.9", "10.0.0.9", {"10.0.0.9"}),
        ("10.0.0.2 10.0.0.9", "node2", {"10.0.0.2", "fd00::2"}),
    ],
)
def test_without_one(nodename: str, plug: str, expected: set[str]) -> None:
    assert ask(nodename, plug, ())[0] == expected


@pytest.mark.parametrize(
    ("nodename", "plug", "warning"),
    [
        ("node1 node2", "node2", "node1 is another node than the one to be fenced"),
        ("wrong", "node2", "wrong: 10.0.0.1 is not expected: it belongs to node1"),
        ("node3", "node2", "are different nodes in corosync.conf: remove nodename"),
        ("node2 node3", "17", "plug=17 is no node of corosync.conf"),
        ("gone", "", "gone does not resolve"),
        ("myself", "", "myself: 10.0.0.1 is not expected: it is this host's own"),
        ("many", "", "many: 224.0.0.1 is not expected: it is no host's address"),
    ],
)
def test_what_is_left_out_is_told(nodename: str, plug: str, warning: str) -> None:
    assert warning in ask(nodename, plug)[1]


def test_what_may_be_another_node_is_not_expected() -> None:
    """node3's only ring address is a name that nobody can resolve now."""
    packed = pack("10.0.0.3")
    assert packed
    for nodename in (("10.0.0.3",), ("10.0.0.1", "10.0.0.3")):
        known = {"10.0.0.3": [packed], "node2": [], "node3-ring0": []}
        addresses, warnings = expect(Question(nodename, ("node2",), NODES), known, OWN)
        assert addresses == {}
        assert warnings


def test_an_answer_that_is_still_to_come_is_no_warning() -> None:
    question = Question(("node2",), (), ())
    assert expect(question, {}, OWN) == ({}, ())

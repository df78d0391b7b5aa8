"""Whom to expect, and whom not: the table that keeps a living node from being taken for dead."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fence_kdump.expect import MOST_LOOKED_UP, Question, expect
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
        # what nobody knows to be the target's may be any node's
        ("node2 192.168.0.2", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("192.168.0.2", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("192.168.0.1 192.168.0.2 192.168.0.3", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        # a name that it does not know may be another node, which corosync.conf need not name
        ("node2 node2-admin", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node1 node2 node3 remote1", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("remote1 remote2", "remote1", {"10.0.0.50"}),
        ("node2 remote1", "remote1", {"10.0.0.50"}),
        # of several nodes: such as a Pacemaker Remote node, which corosync.conf does not know
        ("10.0.0.2 10.0.0.4 10.0.0.50", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2 node4 10.0.0.50", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2 remote1 10.0.0.51", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("10.0.0.2 10.0.0.4 10.0.0.50", "17", set()),
        ("node2 remote1", "17", set()),
        # a Pacemaker Remote node whose name is no host's
        ("10.0.0.50", "17", {"10.0.0.50"}),
        ("10.0.0.50 10.0.0.51", "17", set()),
        # a plug of several nodes is none of them, and no other node
        ("node4", "wrong", set()),
        ("node2 10.0.0.2", "17", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2 192.168.0.2", "17", set()),
        # several nodes are no answer to "which"
        ("node2 node3", "", set()),
        ("10.0.0.2 10.0.0.4", "", set()),
        ("10.0.0.50 10.0.0.51", "", set()),
        ("node2 remote1", "", set()),
        ("node2 10.0.0.2 10.1.0.2", "", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
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
        # another host may have it behind another NIC
        ("fe80::1%eth0", "", set()),
        ("fe80::1 fd00::9", "", {"fd00::9"}),
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
        ("127.0.0.1 127.0.0.2", "nodeA", set()),
        ("", "127.0.0.1 127.0.0.2", {"127.0.0.1", "127.0.0.2"}),
        ("127.0.0.1 127.0.0.2", "", set()),
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
        ("node1 node2", "node2", "node1 is not the target node"),
        ("wrong", "node2", "wrong may be any of node1, node2, so it does not count"),
        (
            "node4",
            "node4",
            "node4: messages from 10.0.0.2 do not count: the address belongs to node2",
        ),
        ("node3", "node2", "are different nodes in corosync.conf: remove nodename"),
        ("node2 node3", "17", "plug=17 is not a node in corosync.conf"),
        ("gone", "", "gone does not resolve"),
        (
            "myself",
            "",
            "myself: messages from 10.0.0.1 do not count: the address belongs to this host",
        ),
        (
            "fe80::1%eth0",
            "",
            "fe80::1%eth0: messages from fe80::1 do not count: the address may belong to another",
        ),
        (
            "many",
            "",
            "many: messages from 224.0.0.1 do not count: the address is not the address of a",
        ),
    ],
)
def test_what_is_left_out_is_told(nodename: str, plug: str, warning: str) -> None:
    assert warning in ask(nodename, plug)[1]


def addresses(
    nodename: str,
    plug: str,
    known: dict[str, list[str]],
    nodes: tuple[Node, ...] = NODES,
    faulty: bool = False,
) -> set[str]:
    """Whom to expect when no more than this is known; node3's ring address is a name."""
    question = Question(tuple(nodename.split()), tuple(plug.split()), nodes, faulty)
    literal = {name: [name] for name in question.names() if pack(name)}
    packed = {
        name: [a for a in map(pack, texts) if a] for name, texts in {**literal, **known}.items()
    }
    expectation = expect(question, packed, OWN)
    return set(map(show, expectation.addresses))


@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        ("node2", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("alias2", "", set()),
        ("node2 10.0.0.3", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("10.0.0.3", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("node3", "node3", set()),
        # the list may be one of nodes
        ("node2 node3", "17", set()),
        ("node2 10.0.0.3", "17", set()),
    ],
)
def test_only_literal_ring_addresses_count_by_a_faulty_corosync_conf(
    nodename: str, plug: str, expected: set[str]
) -> None:
    """It was cut off while it was written: node3 is missing."""
    known = {"node3": ["10.0.0.3"], "node2": ["10.0.0.3"], "alias2": ["10.0.0.3"], "17": []}
    assert addresses(nodename, plug, known, NODES[:2], faulty=True) == expected


@pytest.mark.parametrize("nodename", ["node2", "10.0.0.2", "10.0.0.7", ""])
@pytest.mark.parametrize("plug", ["node2", "10.0.0.2", ""])
def test_of_two_nodes_with_one_name_neither_is_expected(nodename: str, plug: str) -> None:
    twins = (Node("node2", "2", ("10.0.0.2",)), Node("node2", "7", ("10.0.0.7",)))
    known = {"node2": ["10.0.0.2"]}
    assert addresses(nodename, plug, known, (NODES[0], *twins), faulty=True) == set()


ALIAS = {"alias2": ["10.0.0.2"], "node3-ring0": ["10.0.0.3"], "node4": ["10.0.0.4"]}


@pytest.mark.parametrize("nodename", ["node4", "10.0.0.4", "10.0.0.50", "node4 10.0.0.50", "node2"])
def test_nothing_of_nodename_counts_while_nobody_knows_who_plug_is(nodename: str) -> None:
    known = {"node3-ring0": ["10.0.0.3"], "node2": ["10.0.0.2"], "node4": ["10.0.0.4"]}
    assert addresses(nodename, "alias2", known) == set()
    if nodename == "node2":
        assert addresses(nodename, "alias2", ALIAS) == {"10.0.0.2", "10.1.0.2"}


def test_a_plug_that_corosync_conf_names_need_not_resolve() -> None:
    known = {"node3-ring0": ["10.0.0.3"]}
    found = addresses("node2 192.168.0.2", "node2", known)
    assert found == {"10.0.0.2", "10.1.0.2"}


@pytest.mark.parametrize("ring", [{}, {"node3-ring0": []}])
@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        ("10.0.0.3", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("10.0.0.1 10.0.0.3", "node2", set()),
        ("node2", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("node2", "", {"10.0.0.2", "10.1.0.2"}),
        ("", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("", "10.0.0.3", set()),
        ("10.0.0.3", "", set()),
        # plug may be node3, for all that anybody knows: then none of node4's
        ("node4", "alias", set()),
        ("node4", "10.0.0.3", set()),
    ],
)
def test_what_may_be_another_node_is_not_expected(
    nodename: str, plug: str, expected: set[str], ring: dict[str, list[str]]
) -> None:
    """node3's only ring address is a name that nobody can resolve now; a stale answer has its
    address for node2's."""
    stale = {"node2": ["10.0.0.3"], "alias": ["10.0.0.3"], "node4": ["10.0.0.4"]}
    assert addresses(nodename, plug, {**stale, **ring}) == expected


TRUTH = {
    "a": {"a": ["10.0.0.1", "192.168.0.1"], "a-ring": ["10.0.0.1"], "10.1.0.1": ["10.1.0.1"]},
    "b": {"b": ["192.168.0.2", "10.0.0.2"], "b-ring": ["10.0.0.2"], "b-too": ["10.1.0.2"]},
    "c": {"c": ["10.0.0.3"], "c-alias": ["10.0.0.3", "192.168.0.3"], "10.0.0.3": ["10.0.0.3"]},
}
REMOTE = {"remote": ["192.168.0.9"], "192.168.0.9": ["192.168.0.9"]}
RINGS = (
    Node("a", "1", ("a-ring", "10.1.0.1")),
    Node("b", "2", ("b-ring", "b-too")),
    Node("c", "3", ("10.0.0.3",)),
)
NAMES = [name for names in TRUTH.values() for name in names]


@settings(max_examples=2000)
@given(
    st.sampled_from([*NAMES, *REMOTE]),
    st.lists(st.sampled_from(NAMES), max_size=3),
    st.sets(st.sampled_from([*NAMES, *REMOTE])),
    st.sets(st.sampled_from(NAMES)),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["10.0.0.1", "10.0.0.2"])),
)
def test_whatever_is_not_known_nobody_but_the_plug_is_expected(
    plug: str,
    nodename: list[str],
    unknown: set[str],
    failing: set[str],
    stale: dict[str, str],
) -> None:
    """The names of one node resolve to all its addresses or to another's, or not, or not yet."""
    target = {plug: REMOTE[plug]} if plug in REMOTE else {}
    target = next((names for names in TRUTH.values() if plug in names), target)
    if plug in REMOTE and len(set(nodename)) == 1:
        nodename = []  # with one node for nodename, plug is taken for a further address of it
    question = Question(tuple(dict.fromkeys(nodename)), (plug,), RINGS)
    truth = {name: texts for names in (*TRUTH.values(), REMOTE) for name, texts in names.items()}
    known = {name: [a for a in map(pack, truth[name]) if a] for name in question.names()}
    for name, text in stale.items():
        known.update({name: [a for a in [pack(text)] if a]} if name in known else {})
    for name in (failing - {plug}) & known.keys():
        known[name] = known[name] if pack(name) else []
    for name in unknown:
        if not pack(name):
            known.pop(name, None)
    found = set(map(show, expect(question, known, frozenset()).addresses))
    assert found <= {text for texts in target.values() for text in texts}


def test_an_answer_that_is_still_to_come_is_no_warning() -> None:
    question = Question(("node2",), (), ())
    assert expect(question, {}, OWN) == ({}, ())


CIB = (
    *NODES,
    Node("remote1", "", (), (), ("10.0.0.50", "10.2.0.50")),
    Node("remote2", "", (), (), ("remote2-host",)),
    Node("Guest", "", (), (), ("10.0.0.60",)),
    Node("old", "", (), (), ("10.1.0.2",)),
)
ALL_OF_NODE2 = {"10.0.0.2", "fd00::2"}


def decide(
    nodename: str,
    plug: str,
    nodes: tuple[Node, ...] = CIB,
    complete: bool = True,
    hosts: dict[str, list[str]] | None = None,
) -> tuple[set[str], str]:
    """Whom to expect, and what is told, where all names are looked up."""
    question = Question(tuple(nodename.split()), tuple(plug.split()), nodes, False, complete)
    names = {**HOSTS, "remote2-host": ["10.0.0.51", "10.2.0.51"], **(hosts or {})}
    known = {n: [a for a in map(pack, names.get(n.lower(), [])) if a] for n in question.names()}
    known.update({n: [a] for n in question.names() if (a := pack(n))})
    found = expect(question, known, OWN)
    return set(map(show, found.addresses)), "\n".join(found.warnings)


@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        # a node that only the CIB knows: its one address there, and what its name resolves to
        ("remote2", "remote2", {"10.0.0.51", "10.2.0.51"}),
        ("Guest", "Guest", {"10.0.0.60"}),
        ("guest", "GUEST", {"10.0.0.60"}),
        ("NODE2", "Node2", ALL_OF_NODE2),
        # of several values none is sure: rules choose among them
        ("remote1", "remote1", {"10.0.0.50"}),
        ("remote1", "10.2.0.50", {"10.0.0.50", "10.2.0.50"}),
        # the second address of a remote node that the CIB knows with another
        ("10.0.0.60 10.2.0.60", "Guest", {"10.0.0.60"}),
        ("Guest", "10.0.0.60 10.2.0.60", {"10.0.0.60", "10.2.0.60"}),
        # the CIB takes away what it gives to another, and corosync.conf's word counts for more
        ("node2", "node2", ALL_OF_NODE2),
        ("old", "old", set()),
        ("node2", "10.0.0.60", set()),
        ("Guest", "10.0.0.2", set()),
        # several values of plug are one node's
        ("node2", "node2 192.168.0.2", {*ALL_OF_NODE2, "192.168.0.2"}),
        ("node2", "10.0.0.2 10.0.0.4", set()),
        ("remote1", "17", {"10.0.0.50"}),
        # names do not compare by their first label
        ("node2.example", "node2.example", set()),
    ],
)
def test_nodes_that_the_cib_knows(nodename: str, plug: str, expected: set[str]) -> None:
    found, warnings = decide(nodename, plug)
    assert found == expected
    assert found or warnings


@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        # a label, or a node that this host knows nothing of? Nobody can say without a CIB
        ("node2", "node4000", set()),
        ("10.0.0.2", "node4000", set()),
        ("node2", "node2-admin", {"192.168.0.2"}),
        # no node has an address for a name
        ("node2", "192.168.0.2", {"192.168.0.2", "10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node2", "node2", {"10.0.0.2", "fd00::2", "10.1.0.2"}),
        ("node3", "node2", set()),
    ],
)
def test_a_name_that_may_be_a_node_s(nodename: str, plug: str, expected: set[str]) -> None:
    found, warnings = decide(nodename, plug, NODES, complete=False)
    assert found == expected
    assert found or warnings


BOTH = {"node2": ["10.1.0.9"], "node4": ["10.1.0.9"]}


@pytest.mark.parametrize(
    ("nodename", "plug", "expected"),
    [
        ("node2", "node2", {"10.0.0.2", "10.1.0.2"}),
        ("node4", "node4", {"10.0.0.4"}),
        ("node2", "10.1.0.9", {"10.0.0.2", "10.1.0.2"}),
        ("node1 node2 node4", "10.1.0.9", set()),
        ("", "10.1.0.9", set()),
        ("10.1.0.9", "", set()),
    ],
)
def test_an_address_that_two_names_resolve_to(nodename: str, plug: str, expected: set[str]) -> None:
    """As `10.1.0.9 node4 node2` in /etc/hosts has it."""
    assert decide(nodename, plug, NODES, hosts=BOTH)[0] == expected


def test_a_look_up_of_another_node_s_name_is_awaited() -> None:
    """As for literal ring addresses of the target: they count at once."""
    known = {"node3-ring0": ["10.0.0.3"], "node2": ["10.1.0.9"]}
    assert addresses("node2", "node2", known) == {"10.0.0.2", "10.1.0.2"}
    others = {name: HOSTS[name] for name in ("node1", "node3", "node4")}
    known.update(others)
    assert addresses("node2", "node2", known) == {"10.0.0.2", "10.1.0.2", "10.1.0.9"}


@pytest.mark.parametrize(
    ("nodename", "plug", "warning"),
    [
        ("10.1.0.9", "node2", 'if it is, set pcmk_host_map="node2:10.1.0.9"'),
        ("node2 node4", "", "nothing says which one is the target"),
        ("node2", "10.0.0.2 10.0.0.4", "10.0.0.2,10.0.0.4 may be any of node2, node4"),
    ],
)
def test_the_remedy_is_told(nodename: str, plug: str, warning: str) -> None:
    assert warning in decide(nodename, plug, NODES)[1]


MANY = [f"alias{number}" for number in range(MOST_LOOKED_UP)]
ALIASES = {"last": ["10.0.0.4"], "beyond": ["10.0.0.2"]}
ALIASES.update({alias: ["10.0.0.2"] for alias in MANY})
RINGS_OF_NODE2 = {"10.0.0.2", "10.1.0.2"}
ALL_ITS_NAMES = {*RINGS_OF_NODE2, "fd00::2"}


@pytest.mark.parametrize(
    ("nodename", "plug", "expected", "unasked"),
    [
        # plug is a node by its name: the length of nodename makes no difference
        ([*MANY, "last", "beyond"], ["node2"], ALL_ITS_NAMES, ["last", "beyond"]),
        ([*MANY, "last", "node1", "node2", "node4"], ["node2"], ALL_ITS_NAMES, ["last"]),
        ([*MANY, "10.0.0.2", "node2", "NODE2"], ["node2"], ALL_ITS_NAMES, ["NODE2"]),
        ([*MANY, "last"], ["10.0.0.2"], RINGS_OF_NODE2, ["last"]),
        # 64 are looked up; the one after them may be another node
        (MANY, [], RINGS_OF_NODE2, []),
        ([], MANY, RINGS_OF_NODE2, []),
        ([], [*MANY, "last"], set(), ["last"]),
        ([], [*MANY, "beyond"], set(), ["beyond"]),
        (["node2"], [*MANY, "last"], set(), ["last"]),
        # plug is looked up first, and is an alias here, which nodename may contradict
        ([*MANY, "last"], ["beyond"], set(), [MANY[-1], "last"]),
    ],
)
def test_a_long_list_names_nobody_who_was_not_looked_up(
    nodename: list[str], plug: list[str], expected: set[str], unasked: list[str]
) -> None:
    question = Question(tuple(nodename), tuple(plug), NODES)
    assert question.unasked() == unasked
    for asked in (question, question.bounded()):
        names = {**HOSTS, **ALIASES}
        known = {n: [a for a in map(pack, names.get(n, [])) if a] for n in asked.names()}
        known.update({n: [a] for n in asked.names() if (a := pack(n))})
        assert set(map(show, expect(asked, known, OWN).addresses)) == expected
        assert len(set(asked.names()) - {*HOSTS, *filter(pack, asked.names())}) <= MOST_LOOKED_UP
        assert not {*unasked} & {*asked.names()}


def test_a_question_stays_short_however_long_the_list_is() -> None:
    names = tuple(f"name{number}" for number in range(10000))
    question = Question(names, ("node2",), NODES).bounded()
    assert question.nodename == names[: MOST_LOOKED_UP + 1]
    assert question.plug == ("node2",)

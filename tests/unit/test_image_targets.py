"""Whom to tell: which file decides, and that it is never this node."""

from __future__ import annotations

import pytest

from fence_kdump_cluster import corosync
from fence_kdump_image.whom import kdumpconf, sysconfig
from fence_kdump_image.whom.targets import Choice, Self, Settled, choose, hosts, own_by_name, settle

NODELIST = """
nodelist {
  node {
    name: node1
    ring0_addr: 10.0.0.1
    ring1_addr: 10.1.0.1
  }
  node {
    name: node2
    ring0_addr: 10.0.0.2
    ring1_addr: 10.1.0.2
  }
  node {
    name: node3
    ring0_addr: node3-a
    ring1_addr: fd00::3
  }
}
"""
HOSTS = {
    "node1": ("10.0.0.1",),
    "node2": ("10.0.0.2",),
    "node3": ("10.0.0.3",),
    "node3-a": ("10.0.0.3", "fd01::3"),
    "me": ("127.0.1.1",),
    "alias": ("10.0.0.2",),
}
ME = Self(frozenset({"node2", "node2.example.com"}), frozenset({"127.0.0.1", "10.0.0.2"}))


def answer(choice: Choice, me: Self = ME) -> Settled:
    answers = {
        h: HOSTS.get(h) or ((h,) if h[0].isdigit() or ":" in h else ()) for h in hosts(choice)
    }
    return settle(choice, answers, me)


def told(settled: Settled) -> list[str]:
    return [t.address or t.host for t in settled.targets]


def kdump_conf(nodes: str) -> Choice:
    return choose({kdumpconf.PATH: f"fence_kdump_nodes {nodes}\n"})


CONF = {kdumpconf.PATH: "fence_kdump_nodes conf1 conf2\nfence_kdump_args -p 1111\n"}
SUSE = {sysconfig.KDUMP: 'KDUMP_POSTSCRIPT="/usr/lib/fence_kdump_send -p 2222 -c 5 suse1"\n'}
COROSYNC = {corosync.PATH: NODELIST}
OPTIONS = {sysconfig.FENCE_KDUMP: 'FENCE_KDUMP_OPTS="-p 3333"\n'}


@pytest.mark.parametrize(
    ("texts", "source", "nodes", "words"),
    [
        ({}, "", [], []),
        ({**CONF, **SUSE, **COROSYNC}, kdumpconf.PATH, ["conf1", "conf2"], ["--ipport", "1111"]),
        ({**SUSE, **COROSYNC}, sysconfig.KDUMP, ["suse1"], ["--ipport", "2222"]),
        ({**COROSYNC, **OPTIONS}, corosync.PATH, ["node1", "node2", "node3"], ["--ipport", "3333"]),
        ({sysconfig.KDUMP: "KDUMP_POSTSCRIPT=/bin/true\n"}, "", [], []),
        (OPTIONS, "", [], ["--ipport", "3333"]),
    ],
)
def test_first_file_with_an_answer_decides(
    texts: dict[str, str], source: str, nodes: list[str], words: list[str]
) -> None:
    choice = choose(texts)
    assert choice.source == source
    assert list(dict.fromkeys(c.node for c in choice.candidates)) == nodes
    assert list(choice.options.words) == words
    assert not choice.opted_out


@pytest.mark.parametrize(
    ("path", "sender"),
    [
        ("/usr/lib/fence_kdump_send", "/usr/lib/fence_kdump_send"),
        ("fence_kdump_send", ""),
        ("/usr/libexec/fence-kdump/fence_kdump_send", ""),  # the program that the image needs
    ],
)
def test_path_in_a_postscript(path: str, sender: str) -> None:
    choice = choose({sysconfig.KDUMP: f'KDUMP_POSTSCRIPT="{path} -c 3 node1"\n'})
    assert choice.sender == sender
    assert [path in problem for problem in choice.problems] == [True] * ("libexec" in path)


@pytest.mark.parametrize("value", ["no", "NO", "'no'", "off", "0", "false"])
def test_opting_out(value: str) -> None:
    assert choose({**COROSYNC, sysconfig.FENCE_KDUMP: f"FENCE_KDUMP={value}\n"}).opted_out


@pytest.mark.parametrize("value", ["yes", "", "1"])
def test_not_opting_out(value: str) -> None:
    assert not choose({**COROSYNC, sysconfig.FENCE_KDUMP: f"FENCE_KDUMP={value}\n"}).opted_out


def test_all_rings_of_all_others() -> None:
    settled = answer(choose(COROSYNC))
    assert told(settled) == ["10.0.0.1", "10.1.0.1", "10.0.0.3", "fd01::3", "fd00::3"]
    assert [t.ring for t in settled.targets] == [0, 1, 0, 0, 1]
    assert settled.own == {0: ("10.0.0.2",), 1: ("10.1.0.2",)}
    assert not settled.problems


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("node1 node2 node3", ["10.0.0.1", "10.0.0.3"]),
        ("node1 NODE2 node3", ["10.0.0.1", "10.0.0.3"]),
        ("node1 node2.example.com", ["10.0.0.1"]),
        ("10.0.0.1 10.0.0.2", ["10.0.0.1"]),
        ("node1 alias", ["10.0.0.1"]),
        ("node1 me", ["10.0.0.1"]),  # a name that means 127.0.1.1 is this host's
        # a part of this node's name or address is another node
        ("node 10.0.0.22 110.0.0.2", ["node", "10.0.0.22", "110.0.0.2"]),
        ("node22 xnode2", ["node22", "xnode2"]),
        ("127.0.0.1", ["127.0.0.1"]),  # as it stands, somebody means it
        ("10.0.0.9 10.0.0.9", ["10.0.0.9"]),
    ],
)
def test_this_node_is_left_out_by_exact_comparison(nodes: str, expected: list[str]) -> None:
    assert told(answer(kdump_conf(nodes))) == expected


def test_own_addresses_are_known_whoever_decides() -> None:
    choice = choose({**CONF, **COROSYNC})
    assert answer(choice).own == {0: ("10.0.0.2",), 1: ("10.1.0.2",)}


def test_unresolvable_node_stays_as_a_name_with_a_warning() -> None:
    settled = answer(kdump_conf("node1 gone"))
    assert told(settled) == ["10.0.0.1", "gone"]
    assert "gone does not resolve" in settled.problems[0]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"])
def test_addresses_of_nobody_are_left_out(address: str) -> None:
    settled = answer(kdump_conf(f"10.0.0.9 {address}"))
    assert told(settled) == ["10.0.0.9"]
    assert address in settled.problems[0]


def test_a_cluster_that_does_not_know_this_node() -> None:
    stranger = Self(frozenset({"other"}), frozenset({"10.9.0.9"}))
    settled = answer(choose(COROSYNC), stranger)
    assert len(settled.targets) == 7
    assert "does not name this node (other)" in settled.problems[0]


@pytest.mark.parametrize(
    ("texts", "where"),
    [
        (
            {kdumpconf.PATH: "fence_kdump_nodes n1\nfence_kdump_args -c 9 -i 9 stray\n"},
            "/etc/kdump.conf: fence_kdump_args: ",
        ),
        (
            {**COROSYNC, sysconfig.FENCE_KDUMP: "FENCE_KDUMP_OPTS='-c 9 -i 9 stray'\n"},
            "/etc/sysconfig/fence_kdump: FENCE_KDUMP_OPTS: ",
        ),
    ],
)
def test_what_would_end_the_messages_or_vanish_is_told(texts: dict[str, str], where: str) -> None:
    choice = choose(texts)
    assert choice.options.words == ("--interval", "9")
    assert [p.startswith(where) for p in choice.problems] == [True, True]
    assert "'-c'" in choice.problems[0]
    assert "'stray'" in choice.problems[1]
    assert "stray" not in {c.node for c in choice.candidates}


def test_faults_are_told_with_their_file() -> None:
    choice = choose(
        {
            corosync.PATH: NODELIST + "nodelist {\n node {\n }\n",
            sysconfig.FENCE_KDUMP: 'FENCE_KDUMP_OPTS="-p none"\nnonsense\n',
        }
    )
    assert len(choice.problems) == 4
    assert all(problem.startswith("/etc/") for problem in choice.problems)
    assert len(choice.candidates) == 6


def node(name: str, *rings: str) -> str:
    lines = "".join(f"    ring{n}_addr: {ring}\n" for n, ring in enumerate(rings))
    return f"  node {{\n    name: {name}\n{lines}  }}\n"


def cluster(*nodes: str) -> Choice:
    return choose({corosync.PATH: "nodelist {\n" + "".join(nodes) + "}\n"})


def test_rings_are_numbered_as_corosync_numbers_them() -> None:
    text = "nodelist {{\n node {{\n name: {}\n{} }}\n node {{\n name: {}\n{} }}\n}}\n"
    mine = " ring1_addr: 10.1.0.2\n ring2_addr: 10.2.0.2\n"
    choice = choose({corosync.PATH: text.format("node1", " ring2_addr: 10.2.0.1\n", "node2", mine)})
    settled = answer(choice)
    assert [(t.address, t.ring) for t in settled.targets] == [("10.2.0.1", 2)]
    assert settled.own == {1: ("10.1.0.2",), 2: ("10.2.0.2",)}


def test_an_address_of_another_node_on_this_machine_is_not_its_own() -> None:
    """Taken over, or misconfigured: a message from it would say that node1 crashed."""
    choice = cluster(
        node("node1", "10.5.0.5"), node("node2", "10.0.0.2"), node("node4", "10.0.0.4")
    )
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.2", "10.5.0.5"}))
    settled = answer(choice, me)
    assert settled.own == {0: ("10.0.0.2",)}
    assert told(settled) == ["10.5.0.5", "10.0.0.4"]
    assert any("10.5.0.5, which corosync.conf gives to node1" in p for p in settled.problems)


def test_two_rings_with_one_address_are_nobody_s() -> None:
    choice = cluster(node("node1", "10.0.0.2"), node("node2", "10.0.0.2", "10.1.0.2"))
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.2", "10.1.0.2"}))
    assert answer(choice, me).own == {0: (), 1: ("10.1.0.2",)}


@pytest.mark.parametrize("name", ["node2", "NODE2", "node2.example.com"])
def test_the_node_of_this_name_is_this_one_whatever_its_addresses(name: str) -> None:
    choice = cluster(node("node1", "10.0.0.1"), node(name, "10.0.0.2"))
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.1", "10.0.0.2"}))
    assert told(answer(choice, me)) == ["10.0.0.1"]


def test_a_node_that_has_this_one_s_name_too_is_told() -> None:
    choice = cluster(
        node("node2", "10.0.0.1"), node("node2", "10.0.0.2"), node("node3", "10.0.0.3")
    )
    settled = answer(choice)
    assert told(settled) == ["10.0.0.1", "10.0.0.3"]
    assert f"{corosync.PATH}: several nodes have the name 'node2'" in choice.problems


def test_by_addresses_only_if_they_are_of_one_node() -> None:
    choice = cluster(node("node1", "10.0.0.1"), node("node2", "10.0.0.2"))
    unnamed = frozenset({"me"})
    assert answer(choice, Self(unnamed, frozenset({"10.0.0.2"}))).own == {0: ("10.0.0.2",)}
    settled = answer(choice, Self(unnamed, frozenset({"10.0.0.1", "10.0.0.2"})))
    assert settled.own == {}
    assert told(settled) == ["10.0.0.1", "10.0.0.2"]


def test_an_address_that_every_machine_has_makes_no_node_this_one() -> None:
    """A private bridge's; and a loopback address that /etc/hosts gives to another node."""
    choice = cluster(node("node1", "bridged"), node("node2", "10.0.0.2"), node("node3", "looped"))
    answers = {
        "bridged": ("10.0.0.1", "192.168.122.1"),
        "looped": ("127.0.0.1",),
        "10.0.0.2": ("10.0.0.2",),
    }
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.2", "192.168.122.1", "127.0.0.1"}))
    settled = settle(choice, answers, me)
    assert told(settled) == ["10.0.0.1"]
    assert any(p.startswith("bridged: 192.168.122.1 is no address") for p in settled.problems)
    assert any(p.startswith("looped: 127.0.0.1 is no address") for p in settled.problems)


@pytest.mark.parametrize(
    ("addresses", "own"),
    [
        (("10.0.0.2",), ("10.0.0.2",)),
        (("10.0.0.2", "fd00::2"), ("10.0.0.2", "fd00::2")),
        (("10.0.0.2", "127.0.0.1", "fe80::2"), ("10.0.0.2",)),
        (("10.0.0.2", "192.0.2.9"), ("10.0.0.2",)),
        (("10.0.0.2", "10.7.0.100"), ()),  # nss-myhostname: the cluster's address, too
        (("fd00::2", "fd00::100"), ()),
        ((), ()),
    ],
)
def test_own_addresses_by_name(addresses: tuple[str, ...], own: tuple[str, ...]) -> None:
    here = {"10.0.0.2", "10.7.0.100", "fd00::2", "fd00::100", "fe80::2", "127.0.0.1"}
    me = Self(frozenset({"me"}), frozenset(here))
    found, problem = own_by_name("me", addresses, me)
    assert found == own
    assert bool(problem) == (len(addresses) > 1 and not own)
    # the same for a ring that is this node's name
    settled = settle(cluster(node("me", "me")), {"me": addresses}, me)
    assert settled.own == {0: own}

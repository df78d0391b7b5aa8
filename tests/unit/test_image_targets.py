"""Whom to tell: all that any file names, and never this node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fence_kdump_cluster import corosync
from fence_kdump_image.image.plan import read_sources, unreadable
from fence_kdump_image.whom import kdumpconf, sysconfig
from fence_kdump_image.whom.itself import Self, own_by_name
from fence_kdump_image.whom.sources import Configured, gather
from fence_kdump_image.whom.targets import Settled, hosts, settle

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
    "elsewhere": ("10.9.0.9",),
    "localhost": ("127.0.0.1", "::1"),
}
ME = Self(frozenset({"node2", "node2.example.com"}), frozenset({"127.0.0.1", "10.0.0.2"}))


def answer(configured: Configured, me: Self = ME) -> Settled:
    answers = {
        h: HOSTS.get(h.lower()) or ((h,) if h[0].isdigit() or ":" in h else ())
        for h in hosts(configured)
    }
    return settle(configured, answers, me)


def told(settled: Settled) -> list[str]:
    return [t.address or t.host for t in settled.targets]


def kdump_conf(nodes: str) -> Configured:
    return gather({kdumpconf.PATH: f"fence_kdump_nodes {nodes}\n"})


CONF = {kdumpconf.PATH: "fence_kdump_nodes conf1 conf2\nfence_kdump_args -p 1111\n"}
SUSE = {
    sysconfig.KDUMP: """\
KDUMP_PRESCRIPT="/bin/true; /usr/lib/fence_kdump_send -c 5 suse1"
KDUMP_TRANSFER="/usr/lib/fence_kdump_send -p 2222 suse2"
KDUMP_POSTSCRIPT="fence_kdump_send -p 2223 -c 5 suse1 suse3"
"""
}
COROSYNC = {corosync.PATH: NODELIST}
OPTIONS = {sysconfig.FENCE_KDUMP: 'FENCE_KDUMP_OPTS="-p 3333"\n'}
NODES = ["node1", "node2", "node3"]


@pytest.mark.parametrize(
    ("texts", "nodes", "words", "unused"),
    [
        ({}, [], [], 0),
        (CONF, ["conf1", "conf2"], ["--ipport", "1111"], 0),
        (
            {**CONF, **SUSE, **COROSYNC, **OPTIONS},
            [*NODES, "conf1", "conf2", "suse1", "suse2", "suse3"],
            ["--ipport", "1111"],
            3,
        ),
        (
            {**SUSE, **COROSYNC},
            [*NODES, "suse1", "suse2", "suse3"],
            ["--ipport", "2222"],
            1,
        ),
        ({**COROSYNC, **OPTIONS}, NODES, ["--ipport", "3333"], 0),
        ({kdumpconf.PATH: "fence_kdump_args -p 3333\n", **OPTIONS}, [], ["--ipport", "3333"], 0),
        ({sysconfig.KDUMP: "KDUMP_POSTSCRIPT=/bin/true\n"}, [], [], 0),
        (OPTIONS, [], ["--ipport", "3333"], 0),
    ],
)
def test_all_that_any_file_names_and_the_options_of_the_first_that_has_any(
    texts: dict[str, str], nodes: list[str], words: list[str], unused: int
) -> None:
    configured = gather(texts)
    assert list(dict.fromkeys(c.node for c in configured.candidates)) == nodes
    assert list(configured.options.words) == words
    assert not configured.opted_out
    assert ["not used" in problem for problem in configured.problems] == [True] * unused


@pytest.mark.parametrize("name", ["KDUMP_PRESCRIPT", "KDUMP_TRANSFER", "KDUMP_POSTSCRIPT"])
@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("/usr/lib/fence_kdump_send", "/usr/lib/fence_kdump_send"),
        ("fence_kdump_send", "/usr/sbin/fence_kdump_send"),
        ("/usr/libexec/fence-kdump/fence_kdump_send", "/usr/libexec/fence-kdump/fence_kdump_send"),
    ],
)
def test_where_a_script_calls_a_sender(name: str, call: str, path: str) -> None:
    configured = gather({sysconfig.KDUMP: f'{name}="{call} -c 3 node1"\n'})
    assert configured.senders == (path,)
    assert not configured.problems


@pytest.mark.parametrize(
    ("nodes", "told_by_conf"),
    [
        ("node1", [("10.0.0.1", "node1", 0)]),
        ("10.1.0.1", [("10.1.0.1", "node1", 1)]),  # one ring of two is listed
        ("NODE3", [("10.0.0.3", "node3", 0)]),
        ("alias", []),  # it is this node
        ("fd00::3 elsewhere", [("fd00::3", "node3", 1), ("10.9.0.9", "elsewhere", 0)]),
    ],
)
def test_a_list_that_lags_behind_the_cluster_leaves_nobody_out(
    nodes: str, told_by_conf: list[tuple[str, str, int]]
) -> None:
    settled = answer(gather({kdumpconf.PATH: f"fence_kdump_nodes {nodes}\n", **COROSYNC}))
    rings = [t for t in settled.targets if corosync.PATH in t.sources]
    assert [t.address for t in rings] == ["10.0.0.1", "10.1.0.1", "10.0.0.3", "fd01::3", "fd00::3"]
    named = [t for t in settled.targets if kdumpconf.PATH in t.sources]
    assert [(t.address, t.node, t.ring) for t in named] == told_by_conf
    assert not settled.problems


@pytest.mark.parametrize("name", ["node1", "node2", "node3"])
def test_one_kdump_conf_on_all_nodes(name: str) -> None:
    texts = {kdumpconf.PATH: "fence_kdump_nodes node1 node2 node3\n", **COROSYNC}
    settled = answer(gather(texts), Self(frozenset({name}), frozenset(HOSTS[name])))
    assert {t.node for t in settled.targets} == {"node1", "node2", "node3"} - {name}


def test_a_node_of_corosync_whose_name_does_not_resolve_is_told_by_its_rings() -> None:
    texts = {kdumpconf.PATH: "fence_kdump_nodes node9\n"}
    texts[corosync.PATH] = NODELIST.replace("node1", "node9")
    settled = answer(gather(texts))
    assert told(settled)[:2] == ["10.0.0.1", "10.1.0.1"]
    assert "node9" not in told(settled)
    assert not settled.problems


@pytest.mark.parametrize(
    ("rings", "named"),
    [
        (["127.0.0.1"], []),  # Debian's sample
        (["127.0.0.1", "::1"], []),
        (["me", "localhost"], []),
        (["127.0.0.1", "10.0.0.9"], ["10.0.0.9"]),
        (["me", "10.0.0.9"], ["10.0.0.9"]),  # /etc/hosts has 127.0.1.1 for this node's own name
        (["me", "gone"], ["gone"]),
    ],
)
def test_a_nodelist_of_loopback_addresses_names_nobody(rings: list[str], named: list[str]) -> None:
    configured = cluster(*(node(f"name{n}", ring) for n, ring in enumerate(rings)))
    settled = answer(configured, Self(frozenset({"me"}), frozenset({"10.0.0.2"})))
    assert told(settled) == named
    assert settled.cluster == bool(named)
    assert any("only loopback addresses" in p for p in settled.problems) == (not named)


@pytest.mark.parametrize("value", ["no", "NO", "'no'", "off", "0", "false"])
def test_opting_out(value: str) -> None:
    assert gather({**COROSYNC, sysconfig.FENCE_KDUMP: f"FENCE_KDUMP={value}\n"}).opted_out


@pytest.mark.parametrize("value", ["yes", "", "1"])
def test_not_opting_out(value: str) -> None:
    assert not gather({**COROSYNC, sysconfig.FENCE_KDUMP: f"FENCE_KDUMP={value}\n"}).opted_out


def test_all_rings_of_all_others() -> None:
    settled = answer(gather(COROSYNC))
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
        ("node1,10.0.0.9", ["10.0.0.1", "10.0.0.9"]),
        ('"node1 10.0.0.9"', ["10.0.0.1", "10.0.0.9"]),
        ("'node1', '10.0.0.9';", ["10.0.0.1", "10.0.0.9"]),
        (", ,", []),
    ],
)
def test_this_node_is_left_out_by_exact_comparison(nodes: str, expected: list[str]) -> None:
    assert told(answer(kdump_conf(nodes))) == expected


def test_own_addresses_are_known_whoever_decides() -> None:
    configured = gather({**CONF, **COROSYNC})
    assert answer(configured).own == {0: ("10.0.0.2",), 1: ("10.1.0.2",)}


def test_unresolvable_node_stays_as_a_name_with_a_warning() -> None:
    settled = answer(kdump_conf("node1 gone"))
    assert told(settled) == ["10.0.0.1", "gone"]
    assert "gone does not resolve" in settled.problems[0]


def test_a_name_that_would_end_the_sender_is_left_out_with_a_warning() -> None:
    settled = answer(kdump_conf("node1 g\udcffne"))
    assert told(settled) == ["10.0.0.1"]
    assert "'g\\udcffne' is not UTF-8" in settled.problems[0]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"])
def test_addresses_of_nobody_are_left_out(address: str) -> None:
    settled = answer(kdump_conf(f"10.0.0.9 {address}"))
    assert told(settled) == ["10.0.0.9"]
    assert address in settled.problems[0]


def test_a_cluster_that_does_not_know_this_node() -> None:
    stranger = Self(frozenset({"other"}), frozenset({"10.9.0.9"}))
    settled = answer(gather(COROSYNC), stranger)
    assert len(settled.targets) == 7
    assert "does not list this node (other)" in settled.problems[0]


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
    configured = gather(texts)
    assert configured.options.words == ("--interval", "9")
    assert [p.startswith(where) for p in configured.problems] == [True, True]
    assert "'-c'" in configured.problems[0]
    assert "'stray'" in configured.problems[1]
    assert "stray" not in {c.node for c in configured.candidates}


def test_faults_are_told_with_their_file() -> None:
    configured = gather(
        {
            corosync.PATH: NODELIST + "nodelist {\n node {\n }\n",
            sysconfig.FENCE_KDUMP: 'FENCE_KDUMP_OPTS="-p none"\nnonsense\n',
        }
    )
    assert len(configured.problems) == 4
    assert all(problem.startswith("/etc/") for problem in configured.problems)
    assert len(configured.candidates) == 6


def node(name: str, *rings: str) -> str:
    lines = "".join(f"    ring{n}_addr: {ring}\n" for n, ring in enumerate(rings))
    return f"  node {{\n    name: {name}\n{lines}  }}\n"


def cluster(*nodes: str) -> Configured:
    return gather({corosync.PATH: "nodelist {\n" + "".join(nodes) + "}\n"})


def test_rings_are_numbered_as_corosync_numbers_them() -> None:
    text = "nodelist {{\n node {{\n name: {}\n{} }}\n node {{\n name: {}\n{} }}\n}}\n"
    mine = " ring1_addr: 10.1.0.2\n ring2_addr: 10.2.0.2\n"
    configured = gather(
        {corosync.PATH: text.format("node1", " ring2_addr: 10.2.0.1\n", "node2", mine)}
    )
    settled = answer(configured)
    assert [(t.address, t.ring) for t in settled.targets] == [("10.2.0.1", 2)]
    assert settled.own == {1: ("10.1.0.2",), 2: ("10.2.0.2",)}


def test_an_address_of_another_node_on_this_machine_is_not_its_own() -> None:
    """Taken over, or misconfigured: a message from it would say that node1 crashed."""
    configured = cluster(
        node("node1", "10.5.0.5"), node("node2", "10.0.0.2"), node("node4", "10.0.0.4")
    )
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.2", "10.5.0.5"}))
    settled = answer(configured, me)
    assert settled.own == {0: ("10.0.0.2",)}
    assert told(settled) == ["10.5.0.5", "10.0.0.4"]
    assert any("10.5.0.5, but corosync.conf gives it to node1" in p for p in settled.problems)


def test_two_rings_with_one_address_are_nobody_s() -> None:
    configured = cluster(node("node1", "10.0.0.2"), node("node2", "10.0.0.2", "10.1.0.2"))
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.2", "10.1.0.2"}))
    assert answer(configured, me).own == {0: (), 1: ("10.1.0.2",)}


@pytest.mark.parametrize("name", ["node2", "NODE2", "node2.example.com"])
def test_the_node_of_this_name_is_this_one_whatever_its_addresses(name: str) -> None:
    configured = cluster(node("node1", "10.0.0.1"), node(name, "10.0.0.2"))
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.1", "10.0.0.2"}))
    assert told(answer(configured, me)) == ["10.0.0.1"]


def test_a_node_that_has_this_one_s_name_too_is_told() -> None:
    configured = cluster(
        node("node2", "10.0.0.1"), node("node2", "10.0.0.2"), node("node3", "10.0.0.3")
    )
    settled = answer(configured)
    assert told(settled) == ["10.0.0.1", "10.0.0.3"]
    assert f"{corosync.PATH}: several nodes have the name 'node2'" in configured.problems


def test_by_addresses_only_if_they_are_of_one_node() -> None:
    configured = cluster(node("node1", "10.0.0.1"), node("node2", "10.0.0.2"))
    unnamed = frozenset({"me"})
    assert answer(configured, Self(unnamed, frozenset({"10.0.0.2"}))).own == {0: ("10.0.0.2",)}
    settled = answer(configured, Self(unnamed, frozenset({"10.0.0.1", "10.0.0.2"})))
    assert settled.own == {}
    assert told(settled) == ["10.0.0.1", "10.0.0.2"]


def test_an_address_that_every_machine_has_makes_no_node_this_one() -> None:
    """A private bridge's; and a loopback address that /etc/hosts gives to another node."""
    configured = cluster(
        node("node1", "bridged"), node("node2", "10.0.0.2"), node("node3", "looped")
    )
    answers = {
        "bridged": ("10.0.0.1", "192.168.122.1"),
        "looped": ("127.0.0.1",),
        "10.0.0.2": ("10.0.0.2",),
    }
    me = Self(frozenset({"node2"}), frozenset({"10.0.0.2", "192.168.122.1", "127.0.0.1"}))
    settled = settle(configured, answers, me)
    assert told(settled) == ["10.0.0.1"]
    assert any(p.startswith("bridged: 192.168.122.1 is not an address") for p in settled.problems)
    assert any(p.startswith("looped: 127.0.0.1 is not an address") for p in settled.problems)


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


def test_lines_of_corosync_conf_end_where_corosync_ends_them(tmp_path: Path) -> None:
    """A comment with a carriage return in it goes on, for the image as for the agent."""
    conf = tmp_path / "etc/corosync/corosync.conf"
    conf.parent.mkdir(parents=True)
    conf.write_bytes(
        b"nodelist {\nnode {\n# was\rring1_addr: 10.0.0.3\nring0_addr: 10.0.0.2\n}\n}\n"
    )
    texts = read_sources(str(tmp_path))
    nodes = corosync.parse(texts[corosync.PATH]).nodes
    assert [node.addresses for node in nodes] == [("10.0.0.2",)]


@pytest.mark.parametrize("text", [b"x" * ((1 << 20) + 1), None], ids=["large", "a FIFO"])
def test_a_corosync_conf_that_cannot_be_read(tmp_path: Path, text: bytes | None) -> None:
    conf = tmp_path / "etc/corosync/corosync.conf"
    conf.parent.mkdir(parents=True)
    if text is None:
        os.mkfifo(conf)
    else:
        conf.write_bytes(text)
    assert corosync.PATH not in read_sources(str(tmp_path))
    assert "it cannot be read" in unreadable(str(tmp_path))[corosync.PATH]

"""corosync.conf's nodelist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_cluster.corosync import Node, parse

CONF = """\
# made by hand
totem {
    version: 2
    interface {
        ringnumber: 0
        bindnetaddr: 10.0.0.0
    }
}
nodelist {
    node {
        ring0_addr: 10.0.0.1
        ring1_addr: fd00::1
        name: node1
        nodeid: 1
    }
    node {
        name: node2
        nodeid: 2
        ring1_addr: 10.1.0.2
        ring0_addr: node2-ring0
    }
    node {
        ring0_addr: 10.0.0.3
    }
}
quorum { provider: corosync_votequorum
}
"""


def test_names_rings_and_ids() -> None:
    nodelist = parse(CONF)
    assert nodelist.problems == ()
    assert nodelist.nodes == (
        Node("node1", "1", ("10.0.0.1", "fd00::1")),
        Node("node2", "2", ("node2-ring0", "10.1.0.2")),
        Node("10.0.0.3", "", ("10.0.0.3",)),
    )


def test_keys_outside_a_node_are_not_taken() -> None:
    text = "nodelist {\n ring0_addr: 10.0.0.9\n node {\n ring0_addr: 10.0.0.1\n }\n}\n"
    assert [node.addresses for node in parse(text).nodes] == [("10.0.0.1",)]


@pytest.mark.parametrize("mark", ["\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_line_ends_where_corosync_ends_it(mark: str) -> None:
    text = f"nodelist {{\nnode {{\n# was{mark}ring1_addr: 10.0.0.3\nring0_addr: 10.0.0.2\n}}\n}}\n"
    for ending in ("\n", "\r\n"):
        nodelist = parse(text.replace("\n", ending))
        assert [node.addresses for node in nodelist.nodes] == [("10.0.0.2",)]
        assert nodelist.problems == ()


def test_two_nodes_with_one_name_are_a_fault() -> None:
    text = CONF.replace("name: node2", "name: node1")
    nodelist = parse(text)
    assert [node.name for node in nodelist.nodes] == ["node1", "node1", "10.0.0.3"]
    assert nodelist.problems == ("several nodes have the name 'node1'",)


def test_every_fault_is_told_with_its_line() -> None:
    text = "}\nnodelist {\n node {\n name: node1\n }\n what\n node {\n ring0_addr: 10.0.0.1\n"
    nodelist = parse(text)
    assert nodelist.nodes == ()
    assert nodelist.problems == (
        "line 1: a } has no matching {",
        "line 5: node 'node1' has no ring address",
        "line 6: 'what' is neither a section nor a key: value",
        "section 'node' has no closing }",
    )


@given(st.text(alphabet="nodelist{}: #ring0_a\n1.", max_size=200))
def test_never_raises(text: str) -> None:
    parse(text)

"""The nodes that a CIB knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_cluster.cib import CibNode, join, parse
from fence_kdump_cluster.corosync import Node

REMOTE = 'class="ocf" provider="pacemaker" type="remote"'


def cib(resources: str = "", nodes: str = "") -> bytes:
    return (
        f"<cib><configuration><nodes>{nodes}</nodes><resources>{resources}</resources>"
        "</configuration><status><node_state uname='gone'/></status></cib>"
    ).encode()


def pairs(**values: str) -> str:
    return "".join(f'<nvpair name="{k.replace("_", "-")}" value="{v}"/>' for k, v in values.items())


def remote(name: str, content: str) -> str:
    return f'<primitive id="{name}" {REMOTE}>{content}</primitive>'


def test_nodes_of_corosync_and_of_pacemaker_remote() -> None:
    nodes = '<node id="2" uname="node2"/><node id="remote1" type="remote" uname="remote1"/>'
    assert parse(cib(nodes=nodes)).nodes == (
        CibNode("node2", "2", ()),
        CibNode("remote1", "", ()),
    )


@pytest.mark.parametrize(
    ("content", "addresses"),
    [
        (f"<instance_attributes>{pairs(server='10.0.0.9')}</instance_attributes>", ("10.0.0.9",)),
        (f"<instance_attributes>{pairs(addr='r.example')}</instance_attributes>", ("r.example",)),
        (f"<instance_attributes>{pairs(port='3121')}</instance_attributes>", ()),
        ("", ()),
        # every value that a rule may choose
        (
            f"<instance_attributes><rule/>{pairs(server='10.0.0.9')}</instance_attributes>"
            f"<instance_attributes>{pairs(server='10.1.0.9')}</instance_attributes>",
            ("10.0.0.9", "10.1.0.9"),
        ),
        # references to a set and to a pair that stand elsewhere
        ('<instance_attributes id-ref="shared"/>', ("10.5.0.9",)),
        ('<instance_attributes><nvpair id-ref="pair"/></instance_attributes>', ("10.5.0.9",)),
        (
            '<instance_attributes><nvpair id-ref="other" name="server"/></instance_attributes>',
            ("10.6.0.9",),
        ),
    ],
)
def test_addresses_of_a_remote_node(content: str, addresses: tuple[str, ...]) -> None:
    elsewhere = (
        '<primitive id="x" class="ocf" provider="y" type="z"><instance_attributes id="shared">'
        '<nvpair id="pair" name="server" value="10.5.0.9"/></instance_attributes>'
        '<meta_attributes><nvpair id="other" name="z" value="10.6.0.9"/></meta_attributes>'
        "</primitive>"
    )
    for resources in (elsewhere + remote("r1", content), remote("r1", content) + elsewhere):
        assert parse(cib(resources)).nodes == (CibNode("r1", "", addresses),)


def test_a_remote_node_made_from_a_template_in_a_group() -> None:
    template = (
        f'<template id="t" {REMOTE}><instance_attributes>{pairs(server="10.0.0.9")}'
        '</instance_attributes></template><group id="g"><primitive id="r1" template="t"/></group>'
    )
    assert parse(cib(template)).nodes == (CibNode("r1", "", ("10.0.0.9",)),)


@pytest.mark.parametrize(
    ("meta", "nodes"),
    [
        (pairs(remote_node="g1", remote_addr="10.0.0.8"), (CibNode("g1", "", ("10.0.0.8",)),)),
        (pairs(remote_node="g1"), (CibNode("g1", "", ()),)),
        (pairs(remote_node="g1", remote_addr="#uname"), (CibNode("g1", "", ()),)),
        (pairs(target_role="Started"), ()),
    ],
)
def test_guest_nodes(meta: str, nodes: tuple[CibNode, ...]) -> None:
    guest = (
        '<primitive id="vm" class="ocf" provider="heartbeat" type="VirtualDomain">'
        f"<meta_attributes>{meta}</meta_attributes></primitive>"
    )
    assert parse(cib(guest)).nodes == nodes


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not well-formed XML"),
        (b"<cib><configuration>", "not well-formed XML"),
        (cib()[:-3], "not well-formed XML"),
        (b"<html/>", "not a CIB"),
        (b"\0\1\2", "not well-formed XML"),
        (b'<?xml version="1.0" encoding="no-such"?><cib/>', "unknown encoding"),
        (b'<!DOCTYPE cib [<!ENTITY a "aaaa">]><cib>&a;</cib>', "DOCTYPE"),
        (b'<!DOCTYPE cib SYSTEM "file:///etc/passwd"><cib/>', "DOCTYPE"),
    ],
)
def test_what_is_no_whole_cib_is_a_fault(data: bytes, problem: str) -> None:
    found = parse(data)
    assert found.nodes == ()
    assert problem in found.problems[0]


@given(st.binary(max_size=200))
def test_never_raises(data: bytes) -> None:
    assert parse(data).problems
    parse(cib().replace(b"</nodes>", data + b"</nodes>"))


def test_what_the_cib_adds_to_corosync_conf() -> None:
    nodes = (
        Node("10.0.0.1", "1", ("10.0.0.1",)),  # without a name
        Node("node2", "2", ("10.0.0.2",)),
        Node("10.0.0.3", "", ("10.0.0.3",)),
    )
    known = (
        CibNode("node1", "1", ()),
        CibNode("NODE2", "2", ()),
        CibNode("remote1", "", ()),
        CibNode("remote1", "", ("10.0.0.9",)),
    )
    assert join(nodes, known) == (
        Node("node1", "1", ("10.0.0.1",)),
        Node("node2", "2", ("10.0.0.2",)),
        Node("10.0.0.3", "", ("10.0.0.3",)),
        Node("remote1", "", (), (), ("10.0.0.9",)),
    )

"""Pacemaker's own fencer calls the agent, for nodes that stonith_admin alone knows of."""

from __future__ import annotations

import contextlib

import pytest

from lab.cluster import Cluster, Node
from lab.programs import SENDER, Program, Result, started, until


@pytest.fixture
def node(one: Cluster) -> Node:
    one.reset()
    return one.nodes[0]


def device(node: Node, name: str, *options: str) -> None:
    """Register a fence_kdump device with the fencer."""
    pairs = [word for option in options for word in ("-o", option)]
    result = node.run("stonith_admin", "-R", name, "-a", "fence_kdump", *pairs)
    assert result.status == 0, result


def fence(node: Node, target: str) -> contextlib.AbstractContextManager[Program]:
    return started(*node.enter("stonith_admin", "-F", target, "-t", "15"))


def sender(node: Node, target: str) -> contextlib.AbstractContextManager[Program]:
    return started(SENDER, "-i", "0.1", target, host=node.host)


def test_success(node: Node) -> None:
    device(node, "kd", "nodename=127.0.0.1", "pcmk_host_list=nodeA", "timeout=10")
    with fence(node, "nodeA") as fencing, sender(node, "127.0.0.1"):
        result = fencing.result()
    assert result.status == 0, (result, node.log())
    assert "targeting nodeA using kd returned 0" in node.log()


def test_a_time_out_is_told_in_the_log(node: Node) -> None:
    options = ["nodename=127.0.0.1", "pcmk_host_list=nodeB", "timeout=1", "pcmk_off_retries=1"]
    device(node, "impatient", *options)
    with fence(node, "nodeB") as fencing:
        result = fencing.result()
    assert result.status != 0
    assert "timed out after 1 s waiting for a message from 127.0.0.1" in node.log()


def test_two_nodes_at_once(node: Node) -> None:
    for number in (1, 2):
        options = [f"nodename=127.0.0.{number}", f"pcmk_host_list=twin{number}", "timeout=12"]
        device(node, f"kd{number}", *options)
    # The messages of the second node: what goes to 127.0.0.3 comes from 127.0.0.2.
    node.host.ip("route replace local 127.0.0.3 dev lo src 127.0.0.2 table local")
    with fence(node, "twin1") as one, fence(node, "twin2") as two:
        # each agent: one socket to listen, one to look out
        until(lambda: len(node.sockets()) >= 4, "two agents to listen")
        with sender(node, "127.0.0.3"):
            assert two.result().status == 0, node.log()
        assert one.process.poll() is None, "the other node's message fenced it"
        with sender(node, "127.0.0.1"):
            assert one.result().status == 0, node.log()


def test_validation_and_metadata(node: Node) -> None:
    def agent(*options: str) -> Result:
        return node.run("stonith_admin", "-a", "fence_kdump", *options)

    assert agent("--validate", "-o", "nodename=127.0.0.1").status == 0
    assert agent("--validate", "-o", "ipport=70000").status != 0
    shown = agent("-M")
    assert shown.status == 0
    assert 'name="plug"' in shown.stdout

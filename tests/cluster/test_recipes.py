"""Options as vendors' articles and administrators' notes have them, set with the real pcs.

One node, whose Pacemaker is asked to fence a node that exists in the device's host map alone: what
differs from row to row is what Pacemaker passes, and that is the same in any cluster.
"""

from __future__ import annotations

import contextlib

import pytest

from lab.cluster import Cluster, Node
from lab.programs import SENDER, Program, started

MAP = "pcmk_host_map={}:127.0.0.1"
UNSEEN = f"{MAP} pcmk_monitor_action=metadata"  # or the monitor refuses a wrong value

# by the node that each fences: options; what the node's log says of them, "" for nothing
RECIPES = {
    "nothing-more": (MAP, ""),
    "red-hat": (f"{MAP} pcmk_reboot_action=off pcmk_monitor_action=metadata", ""),
    "suse": (f"{MAP} pcmk_reboot_action=off timeout=60 pcmk_off_timeout=60", ""),
    "azure": (f"{MAP} pcmk_reboot_action=off pcmk_host_check=static-list timeout=50s", ""),
    "seconds": (f"{MAP} timeout=60sec", ""),
    "a-minute": (f"{MAP} timeout=1min", ""),
    "m": (f"{MAP} timeout=1m", ""),
    "a-blank": (f'{MAP} timeout="10 s"', ""),
    "milliseconds": (f"{MAP} timeout=10000ms", ""),
    "no-time": (f"{UNSEEN} timeout=soon", "invalid timeout 'soon'"),
    "no-time-at-all": (f"{UNSEEN} timeout=0", "invalid timeout '0'"),
    "no-port": (f"{UNSEEN} ipport=kdump", "invalid ipport 'kdump'"),
    "no-family": (f"{UNSEEN} family=inet", "unsupported family 'inet'"),
    "several-addresses": ("pcmk_host_map={}:127.0.0.1,127.0.0.7", ""),
}


@pytest.fixture
def node(one: Cluster) -> Node:
    one.reset()
    return one.nodes[0]


def fence(node: Node, target: str = "nodeA") -> contextlib.AbstractContextManager[Program]:
    return started(*node.enter("stonith_admin", "-F", target, "-t", "20"))


def sender(node: Node) -> contextlib.AbstractContextManager[Program]:
    return started(SENDER, "-i", "0.2", "127.0.0.1", host=node.host)


def create(node: Node, options: str, name: str = "kdump") -> None:
    node.shell(f"pcs stonith create {name} fence_kdump {options}")


def test_what_people_write_is_heard(one: Cluster, node: Node) -> None:
    """A node that dumps is left to dump, whatever else is said of the options."""
    for target, (options, _) in RECIPES.items():
        create(node, options.format(target), f"kd-{target}")
    one.started(*(f"kd-{target}" for target in RECIPES))
    failed = []
    for target, (_, said) in RECIPES.items():
        node.forget()
        with fence(node, target) as fencing, sender(node):
            result = fencing.result()
        log = node.log()
        if result.status or f"using kd-{target} returned 0" not in log or said not in log:
            failed.append((target, result, [line for line in log.splitlines() if "kd-" in line]))
    assert not failed


def test_a_port_in_place_of_ipport(one: Cluster, node: Node) -> None:
    # pcs warns of it: an outdated name for plug, which it is not meant to be here
    options = "pcmk_host_list=nodeA nodename=127.0.0.1 port=7420"
    result = node.run("pcs", "stonith", "create", "kdump", "fence_kdump", *options.split())
    assert result.status == 0, result
    one.started("kdump")
    with fence(node) as fencing, sender(node):
        fencing.result()
    assert "plug '7420' is a number: did you mean ipport=7420?" in node.log()


def test_an_agent_that_is_killed_has_said_what_came(one: Cluster, node: Node) -> None:
    create(node, "pcmk_host_map=nodeA:127.0.0.9 timeout=60 pcmk_off_timeout=4 pcmk_off_retries=1")
    one.started("kdump")
    with fence(node) as fencing, sender(node):
        result = fencing.result()
    assert result.status != 0
    # by then Pacemaker may have given up the fencing, and only be about to kill the agent
    one.logged("timed out after 4s")
    one.logged(r"valid messages came from 127\.0\.0\.1 \(1\).* pcmk_host_map=\"NODE:127\.0\.0\.1\"")

"""Whom the agent believes: each of these once ended with success for a node that was alive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw

from fence_kdump_protocol import encode
from lab.hosts import Host
from lab.packets import Wire
from lab.pair import pair
from lab.programs import AGENT, listening_agent, run

FOLDER = "/var/lib/pacemaker/cib"
CONF = """\
nodelist {
    node {
        name: node1
        nodeid: 1
        ring0_addr: 10.0.0.1
    }
    node {
        name: node2
        nodeid: 2
        ring0_addr: 10.0.0.2
    }
    node {
        name: node3
        nodeid: 3
        ring0_addr: 10.0.0.3
    }
}
"""
NODES = "".join(f'<node id="{n}" uname="node{n}"/>' for n in (1, 2, 3))
REMOTE = (
    '<primitive id="remote1" class="ocf" provider="pacemaker" type="remote"><instance_attributes>'
    '<nvpair name="server" value="10.0.0.9"/></instance_attributes></primitive>'
)
CIB = f"""<cib><configuration>
<nodes>{NODES}</nodes><resources>{REMOTE}</resources>
</configuration></cib>"""
HOSTS = "10.0.0.1 node1\n10.0.0.2 node2\n10.0.0.3 node3\n"


@pytest.fixture
def cib() -> Iterator[str]:
    """The CIB's path: all hosts of a test have the same."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    yield f"{FOLDER}/cib.xml"
    shutil.rmtree(FOLDER)


def message(source: str) -> Packet:
    return IP(src=source, dst="10.0.0.1") / UDP(sport=40000, dport=7410) / Raw(encode())


def hear(etc: dict[str, str], stdin: str, *sources: str) -> tuple[int, str]:
    """The exit status and what is told, when the messages of these sources have come."""
    survivor, peer = pair(etc)
    stdin = "\n".join([*stdin.split(), "action=off", "timeout=1", ""])
    with listening_agent(stdin=stdin, host=survivor) as agent:
        for source in sources:
            Wire(peer).send(message(source), survivor.mac())
        result = agent.result()
    return result.status, result.stdout + result.stderr


def refuse(host: Host, stdin: str) -> str:
    """What is told by an agent that expects nobody at all."""
    result = run([AGENT], "\n".join([*stdin.split(), "timeout=20", ""]), host)
    assert result.status == 1, result
    assert "no address is left" in result.stderr
    return result.stderr


LISTED = "nodename=10.1.0.1,10.1.0.2,10.1.0.3"


def test_a_list_of_management_addresses_adds_nothing() -> None:
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    status, told = hear(etc, f"{LISTED} port=node2", "10.1.0.3", "10.1.0.2")
    assert status == 1, told
    assert "valid messages came from 10.1.0.3 (1), 10.1.0.2 (1)" in told
    assert 'pcmk_host_map="node2:10.1.0.2"' in told
    status, told = hear(etc, f"{LISTED} port=node2", "10.0.0.2")
    assert status == 0, told


@pytest.mark.parametrize(
    "conf",
    ["", "totem {\n    version: 2\n}\n", CONF[:10], CONF.partition("node3")[0], None],
    ids=["empty", "multicast", "cut before a node", "cut in a node", "a directory"],
)
@pytest.mark.parametrize(
    "names",
    ["nodename=10.0.0.1,10.0.0.2,10.0.0.3 port=node2x", "nodename=10.0.0.2,10.0.0.3 port=17"],
)
def test_a_list_counts_for_nothing_where_no_node_is_known(conf: str | None, names: str) -> None:
    host = Host("survivor", {"corosync/corosync.conf": conf or "", "hosts": HOSTS})
    if conf is None:
        place = f"/etc/netns/{host.name}/corosync/corosync.conf"
        os.unlink(place)
        os.mkdir(place)
    assert "corosync.conf: " in refuse(host, names)


def test_one_name_is_looked_up_where_corosync_conf_has_no_nodelist() -> None:
    etc = {"corosync/corosync.conf": "totem {\n    version: 2\n}\n", "hosts": HOSTS}
    status, told = hear(etc, "nodename=node2 port=node2", "10.0.0.2")
    assert status == 0, told


@pytest.mark.parametrize("names", ["node1,node2,node3", "10.0.0.2,10.0.0.3", "10.1.0.2,10.1.0.3"])
def test_without_plug_several_nodes_are_no_answer(names: str) -> None:
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    assert "nothing says which one" in refuse(Host("survivor", etc), f"nodename={names}")
    result = run([AGENT, "-n", names, "-t", "20"], host=Host("survivor", etc))
    assert result.status == 1
    assert "nothing says which one" in result.stderr


def test_without_plug_one_node_s_names_and_addresses_count() -> None:
    etc = {"corosync/corosync.conf": CONF, "hosts": f"{HOSTS}10.1.0.2 node2\n"}
    status, told = hear(etc, "nodename=node2,10.0.0.2", "10.1.0.2")
    assert status == 0, told


@pytest.mark.parametrize("port", ["node2", "10.1.0.3"])
def test_an_address_that_two_names_have_is_neither_s(port: str) -> None:
    etc = {"corosync/corosync.conf": CONF, "hosts": f"{HOSTS}10.1.0.3 node3 node2\n"}
    status, told = hear(etc, f"nodename=node2 port={port}", "10.1.0.3")
    assert status == 1, told
    assert (
        "messages from 10.1.0.3 do not count: the address is what the name node3 resolves to"
        in told
    )
    status, told = hear(etc, f"nodename=node2 port={port}", "10.0.0.2")
    assert status == 0, told


def test_a_device_s_nodename_is_not_whatever_node_pacemaker_fences() -> None:
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    assert "the agent cannot tell which node it is" in refuse(
        Host("survivor", etc), "nodename=node2 plug=node4"
    )


def test_a_label_counts_where_the_cib_has_no_such_node(cib: str) -> None:
    with open(cib, "w") as file:
        file.write(CIB)
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    status, told = hear(etc, "nodename=node2 plug=17", "10.0.0.2")
    assert status == 0, told


def test_a_device_s_plug_is_not_whatever_node_pacemaker_fences() -> None:
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    assert "different nodes" in refuse(Host("survivor", etc), "nodename=node3 port=node2")


@pytest.mark.parametrize(
    "content",
    [CIB[:-9], "<html/>", "<!DOCTYPE cib []>" + CIB, CIB.replace("<cib>", " " * (16 << 20))],
    ids=["cut off", "not a CIB", "DOCTYPE", "large"],
)
def test_a_faulty_cib_leaves_what_corosync_conf_states(cib: str, content: str) -> None:
    with open(cib, "w") as file:
        file.write(content)
    etc = {"corosync/corosync.conf": CONF, "hosts": f"{HOSTS}10.1.0.2 node2\n"}
    status, told = hear(etc, "nodename=node2 port=node2", "10.1.0.2", "10.0.0.2")
    assert status == 0, told
    assert "valid message from node2 (10.0.0.2)" in told
    assert "cib.xml: " in told


def test_a_fifo_in_place_of_a_file_is_not_waited_for(cib: str) -> None:
    os.mkfifo(cib)
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    status, told = hear(etc, "nodename=node2 port=node2", "10.0.0.2")
    assert status == 0, told
    assert "cib.xml: it cannot be read: it is not a regular file" in told


def test_a_remote_node_that_does_not_resolve(cib: str) -> None:
    with open(cib, "w") as file:
        file.write(CIB)
    etc = {"corosync/corosync.conf": CONF, "hosts": HOSTS}
    status, told = hear(etc, "nodename=remote1 port=remote1", "10.0.0.9")
    assert status == 0, told
    assert "different nodes" in refuse(Host("survivor", etc), "nodename=node2 port=10.0.0.9")


def test_nodes_without_names_have_those_of_the_cib(cib: str) -> None:
    with open(cib, "w") as file:
        file.write(CIB)
    conf = "\n".join(line for line in CONF.splitlines() if "name:" not in line)
    etc = {"corosync/corosync.conf": conf, "hosts": ""}
    status, told = hear(etc, "nodename=Node2 port=Node2", "10.0.0.3", "10.0.0.2")
    assert status == 0, told
    assert "valid message from node2 (10.0.0.2)" in told


def test_the_advice_for_an_address_that_family_excludes() -> None:
    conf = CONF.replace(
        "10.0.0.2", "10.0.0.2\n        ring1_addr: 10.1.0.2\n        ring2_addr: fd00::2"
    )
    etc = {"corosync/corosync.conf": conf, "hosts": HOSTS}
    status, told = hear(etc, "nodename=node2 port=node2 family=ipv6", "10.1.0.2")
    assert status == 1, told
    assert "10.1.0.2 (1), which is node2, but family=ipv6 excludes it: remove family" in told


def test_the_advice_for_an_ipv6_address() -> None:
    survivor, peer = pair({"corosync/corosync.conf": CONF, "hosts": HOSTS})
    with listening_agent("-n", "node2", "-t", "1", host=survivor) as agent:
        packet = IPv6(src="fd00::9", dst="fd00::1") / UDP(sport=40000, dport=7410) / Raw(encode())
        Wire(peer).send(packet, survivor.mac())
        result = agent.result()
    assert 'to /etc/hosts and set pcmk_host_map="node2:NAME"' in result.stderr


def test_validation_warns_of_an_address_that_will_not_count() -> None:
    host = Host("survivor", {"corosync/corosync.conf": CONF, "hosts": HOSTS})
    result = run([AGENT], "action=validate-all\nnodename=10.0.0.2,10.1.0.2\nport=1\n", host)
    assert 'set pcmk_host_map="NODE:10.1.0.2" instead' in result.stderr
    assert "10.0.0.2'" not in result.stderr


def test_backslashes_in_a_host_map_are_passed_over() -> None:
    """Pacemaker up to 3.0.1 takes them away, and 3.0.2 does not."""
    survivor, peer = pair({"corosync/corosync.conf": CONF, "hosts": HOSTS})
    stdin = "nodename=node2\nport=fd00\\:\\:2\ntimeout=20\n"
    with listening_agent(stdin=stdin, host=survivor) as agent:
        packet = IPv6(src="fd00::2", dst="fd00::1") / UDP(sport=40000, dport=7410) / Raw(encode())
        Wire(peer).send(packet, survivor.mac())
        assert agent.result().status == 0


MANY = ",".join(f"alias{number}" for number in range(100))
LONG = "nodename and plug list 100 names that are not in corosync.conf or the CIB"
ALIASES = {
    "corosync/corosync.conf": CONF,
    "hosts": f"{HOSTS}10.0.0.2 {MANY.replace(',', ' ')}\n",
}


def test_a_long_list_from_pacemaker_loses_no_dump() -> None:
    status, told = hear(ALIASES, f"nodename={MANY} port=node2", "10.0.0.2")
    assert status == 0, told
    assert f"warning: {LONG}, and only the first 64 are looked up" in told


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["-n", MANY, "--plug", "node2"], None),
        (["-n", MANY], None),
        ([], f"nodename={MANY}\n"),
        (["-o", "validate-all", "-n", MANY], None),
    ],
)
def test_a_long_list_is_an_error_where_it_can_be_corrected(
    arguments: list[str], stdin: str | None
) -> None:
    survivor, _ = pair(ALIASES)
    result = run([AGENT, *arguments], stdin, survivor)
    assert result.status == 1
    assert f"fence_kdump: {LONG}" in result.stderr
    assert "list the names of one node" in result.stderr

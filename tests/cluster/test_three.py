"""Three nodes: what an administrator sets up, and what becomes of it when a node crashes."""

from __future__ import annotations

import contextlib
import os
import re
import textwrap
import time
from collections.abc import Callable, Iterator

import pytest

from fence_kdump_protocol.keys import node_key
from lab.cluster import Cluster, Node, wait_for
from lab.documents import block
from lab.firewall import firewall
from lab.hosts import Host, address
from lab.node import MASTER, write_key
from lab.packets import Tap
from lab.programs import ROOT, started

Took = Callable[[str, float], None]

HOWTO = """\
pcs stonith create mykdumpfence fence_kdump pcmk_host_check=static-list \
pcmk_host_list="node1 node2 node3"
pcs stonith update mykdumpfence pcmk_monitor_action=metadata --force
pcs stonith update mykdumpfence pcmk_status_action=metadata --force
pcs stonith update mykdumpfence pcmk_reboot_action=off --force
pcs property set stonith-enabled=true
"""

NODES = "node1 node2 node3"
KDUMP = f'pcs stonith create kdump fence_kdump pcmk_host_list="{NODES}" pcmk_reboot_action=off'
JUNK = """
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for target in ("10.77.0.1", "10.77.0.3"):
        for junk in (os.urandom(8), os.urandom(1400), b""):
            s.sendto(junk, (target, 7410))
    time.sleep(0.05)
"""


@pytest.fixture
def cluster(three: Cluster) -> Cluster:
    three.reset()
    return three


def test_the_howto(cluster: Cluster, took: Took) -> None:
    for line in HOWTO.splitlines():
        # fencing-enabled, says Pacemaker 3.0.3
        cluster["node1"].shell(line, outdated="stonith-enabled" in line)
    cluster.started("mykdumpfence")
    crash = cluster.crash("node2")
    with cluster["node2"].sender(*cluster.others("node2")):
        cluster.fenced("node2", "mykdumpfence")
        took("crash to fenced", time.monotonic() - crash)
    cluster.start()


@pytest.mark.parametrize("name", ["README.md", "docs/install.md"])
def test_the_documents(cluster: Cluster, took: Took, name: str) -> None:
    cluster.create_power()
    result = cluster["node1"].run("sh", "-euc", block(name, "pcs stonith create kdump "))
    assert result.status == 0, result
    cluster.started("kdump", "power")
    crash = cluster.crash("node2")
    with cluster["node2"].sender(*cluster.others("node2")):
        cluster.fenced("node2", "kdump")
        took("crash to fenced", time.monotonic() - crash)
    assert "targeting node2 using power" not in cluster.log()


def commands(name: str) -> Iterator[str]:
    """What a page tells to type into pcs, block by block: other programs' lines are left out."""
    with open(f"{ROOT}/{name}") as file:
        page = file.read()
    for fence, lines_of, word in re.findall(
        r"^( *)```\n(.*?)^ *```$|`(pcs stonith update [^`]+)`", page, re.M | re.S
    ):
        lines = [word] if word else textwrap.dedent(fence + lines_of).splitlines()
        prompted = [line.partition("# ")[2] for line in lines if re.match(r"node\d# ", line)]
        asked = [line for line in prompted if line.startswith("pcs ")] if prompted else lines
        if any(line.startswith("pcs ") for line in asked):
            yield "\n".join(asked)


def test_pcs_takes_every_command_of_the_documents(cluster: Cluster) -> None:
    """As it stands, in the order of the set-up, and without a word that it will not for long."""
    cluster.create_power()
    *install, removal = commands("docs/install.md")
    typed = [*install, *commands("docs/security.md"), *commands("docs/comparison.md"), removal]
    assert any("auth=required" in command for command in typed)
    assert "pcs stonith delete kdump" in removal
    for command in typed:
        result = cluster["node1"].run("sh", "-euc", command)
        assert result.status == 0, (command, result)
        said = (result.stdout + result.stderr).lower()
        # Pacemaker 3's default; and the name before 3.0.3, which all versions know
        said = re.sub("'(concurrent-fencing|stonith-timeout)' is deprecated", "", said)
        assert "deprecat" not in said, (command, result)


def test_the_agent_validates(cluster: Cluster) -> None:
    node1 = cluster["node1"]
    wrong = node1.run("sh", "-c", f"{KDUMP} ipport=70000 --agent-validation")
    assert wrong.status != 0
    assert "invalid ipport '70000'" in wrong.stdout + wrong.stderr
    node1.shell(f"{KDUMP} timeout=45 --agent-validation")
    cluster.shows(r"kdump\s.*Started")


def test_no_message(cluster: Cluster, took: Took) -> None:
    limits = "timeout=3 pcmk_off_timeout=18 pcmk_off_retries=1 verbose=1"
    cluster.two_levels(limits)
    crash = cluster.crash("node2")
    cluster.fenced("node2", "power")
    took("crash to fenced by level 2, timeout=3", time.monotonic() - crash)
    said = r"stderr: \[ fence_kdump: timed out after 3 s waiting for a message from node2"
    assert len(re.findall(said, cluster.log())) == 1, "it waits once"


def test_the_living_fence_nobody(cluster: Cluster) -> None:
    cluster.two_levels("timeout=4 pcmk_off_retries=1")
    node3 = cluster["node3"]
    run_on_node1(cluster)
    cluster.crash("node2")
    junk = started("python3", "-c", JUNK, host=node3.host)
    with junk, node3.sender("10.77.0.1", "10.77.0.3"):
        cluster.fenced("node2", "power")
    assert "using kdump returned 0" not in cluster.log()
    (said,) = re.findall(r"stderr: \[ fence_kdump: (timed out after 4 s .*) \]", cluster.log())
    assert "10.77.0.3" in said, "the agent has not heard the other node"
    assert "successful" not in cluster.history("node3")
    cluster.shows(r"Online: \[ node1 node3 \]")


MANAGEMENT = "nodename=10.78.0.1,10.78.0.2,10.78.0.3"
RINGS = 'nodename=10.77.0.1,10.77.0.2,10.77.0.3 pcmk_host_map="node1:11;node2:12;node3:13"'


@pytest.mark.parametrize(
    ("options", "conf", "source"),
    [(MANAGEMENT, None, "10.78.0.3"), (RINGS, "totem {\n}\n", "10.77.0.3")],
    ids=["management addresses", "a corosync.conf without nodelist"],
)
def test_another_node_s_dump_fences_nobody(
    cluster: Cluster, options: str, conf: str | None, source: str
) -> None:
    """The device lists all nodes: what is not surely node2's is not, though node3 says it dumps."""
    cluster.two_levels(f"{options} timeout=3 pcmk_off_retries=1")
    run_on_node1(cluster)
    node3 = cluster["node3"]
    with contextlib.ExitStack() as stack:
        stack.enter_context(other_address(node3.host, source))
        for node in cluster.nodes:
            stack.enter_context(corosync_conf(node, conf))
        cluster.crash("node2")
        with node3.sender("10.77.0.1", "10.77.0.3"):
            cluster.fenced("node2", "power")
    assert "using kdump returned 1" in cluster.log()
    assert "using kdump returned 0" not in cluster.log()


def run_on_node1(cluster: Cluster) -> None:
    """Have the agent hear node3: what node3 sends to itself, no agent there counts or tells."""
    cluster["node1"].shell("pcs constraint location kdump avoids node3")
    cluster.started("kdump")


@contextlib.contextmanager
def other_address(host: Host, source: str) -> Iterator[None]:
    """It speaks to the others from this address, for a while."""
    device = "" if source.startswith("10.77.") else f"address add {source}/24 dev eth0"
    if device:
        host.ip(device)
    before = host.ip("route show 10.77.0.0/24")
    host.ip(f"route replace 10.77.0.0/24 dev eth0 src {source}")
    yield
    host.ip(f"route replace {before.strip()}")
    if device:
        host.ip(f"address delete {source}/24 dev eth0")


@contextlib.contextmanager
def corosync_conf(node: Node, text: str | None) -> Iterator[None]:
    """The node's file has other contents for a while. Corosync has read it long ago."""
    path = f"/etc/netns/{node.host.name}/corosync/corosync.conf"
    if text is not None:
        with open(path, "w") as file:
            file.write(text)
    yield
    with open(path, "w") as file:
        file.write(node.etc["corosync/corosync.conf"])


STATEFUL = (
    "ct state established,related accept",
    "iif lo accept",
    "udp dport 5405 accept",  # Corosync's
    "udp dport 7410 accept",
)


@contextlib.contextmanager
def proving(cluster: Cluster, *survivors: str) -> Iterator[Node]:
    """The nodes have a key, and survivors a firewall that knows of flows: node2, to be crashed."""
    keys = [f"/etc/netns/{node.host.name}/corosync/authkey" for node in cluster.nodes]
    for key in keys:
        write_key(key)
    for name in survivors:
        firewall(cluster[name].host, *STATEFUL, policy="drop")
    yield cluster["node2"]
    for name in survivors:
        firewall(cluster[name].host)
    for key in keys:
        os.unlink(key)


def test_a_proof_is_required(cluster: Cluster, took: Took, tmp_path: os.PathLike[str]) -> None:
    """Messages of version 1 alone, as anybody could forge them, come first and do not count."""
    key = write_key(f"{tmp_path}/node.key", node_key(MASTER, b"node2").hex().encode())
    with proving(cluster, "node1", "node3") as node2:
        cluster.two_levels("auth=required timeout=40 verbose=1")
        crash = cluster.crash("node2")
        with node2.sender(*cluster.others("node2")):
            wait_for(lambda: any(node.agents() for node in cluster.survivors), lambda: "an agent")
            (survivor,) = (node for node in cluster.survivors if node.agents())
            messages = iter(Tap(survivor.host))
            for _ in range(5):
                next(messages)
        assert survivor.agents(), "a message alone has ended it"
        assert not cluster.fenced_by("node2")
        with node2.sender("--key", key, "--node", "node2", *cluster.others("node2")):
            cluster.fenced("node2", "kdump")
            took("crash to fenced", time.monotonic() - crash)
        assert "targeting node2 using power" not in cluster.log()


def test_monitor(cluster: Cluster) -> None:
    for node in cluster.nodes:
        node.pretend("kexec_crash_loaded", "0")
    node1 = cluster["node1"]
    node1.shell(f"{KDUMP} op monitor interval=2s")
    cluster.shows(r"kdump\s.*Stopped")
    cluster.logged("no crash kernel is loaded: start the kdump service")
    cluster.settle()
    for node in cluster.nodes:
        node.pretend("kexec_crash_loaded", "1")
    node1.shell("crm_resource --cleanup")
    cluster.started("kdump")
    for node in cluster.nodes:
        node.forget()
        node.pretend("kexec_crash_loaded", "0")
    cluster.logged("no crash kernel is loaded: start the kdump service")
    cluster.shows(r"kdump\s.*Stopped")


def test_a_killed_agent_leaves_nothing(cluster: Cluster) -> None:
    cluster.two_levels("timeout=60 pcmk_off_timeout=3 pcmk_off_retries=1")
    survivors = [cluster["node1"], cluster["node3"]]

    def traces() -> list[object]:
        files = ["find", "/tmp", "/run", "-not", "-path", "*/pytest-*"]
        return [(node.processes(), node.sockets(), node.run(*files).stdout) for node in survivors]

    before = traces()
    cluster.crash("node2")
    wait_for(lambda: any(node.agents() for node in survivors), lambda: "an agent to listen")
    cluster.fenced("node2", "power")
    assert "timed out after 3s" in cluster.log(), "Pacemaker has not killed it"
    # Pacemaker may have asked the other survivor, too, just before it went on to level 2.
    wait_for(lambda: traces() == before, lambda: f"{before}\n{traces()}")


@pytest.fixture
def another_address(cluster: Cluster) -> Iterator[str]:
    """node2 speaks from an address that corosync.conf knows nothing of."""
    host = cluster["node2"].host
    address(host, "10.77.0.102/24")
    host.ip("route replace 10.77.0.0/24 dev eth0 src 10.77.0.102")
    yield "10.77.0.102"
    host.ip("address delete 10.77.0.102/24 dev eth0")
    host.ip("route replace 10.77.0.0/24 dev eth0 src 10.77.0.2")


def test_a_host_map(cluster: Cluster, another_address: str, took: Took) -> None:
    mapped = f"node1:10.77.0.1;node2:{another_address};node3:10.77.0.3"
    cluster.two_levels(f"pcmk_host_map={mapped} timeout=30 pcmk_off_retries=1")
    assert f"src {another_address}" in cluster["node2"].host.ip("route get 10.77.0.1")
    crash = cluster.crash("node2")
    with cluster["node2"].sender(*cluster.others("node2")):
        cluster.fenced("node2", "kdump")
        took("crash to fenced", time.monotonic() - crash)

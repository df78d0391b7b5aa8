"""What `fence-kdump doctor` says of a real cluster's configuration: each trap by its name.

The CIB is one that a cluster of three has made. A row changes a copy of it with pcs, as an
administrator does.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from lab.cluster import Cluster, Node, wait_for
from lab.documents import block
from lab.images import HELPER
from lab.loaded import build
from lab.node import write_key
from lab.programs import ADMIN, run

Checks = Sequence[Mapping[str, str]]
WELL = "timeout=45 pcmk_off_timeout=60 pcmk_off_retries=1"
CIB = "var/lib/pacemaker/cib/cib.xml"
UPDATE = "stonith update kdump"


def checks(host: Node, *options: str, env: Mapping[str, str] | None = None) -> Checks:
    """What doctor says, run in the node's network."""
    command = [ADMIN, "doctor", "--json", "--node", host.name, *options]
    result = run(command, host=host.host, env=env)
    assert not result.stderr, result
    found: Checks = json.loads(result.stdout)["checks"]
    states = {check["state"] for check in found}
    assert result.status == (1 if "bad" in states else 2 if "unknown" in states else 0)
    return found


def of_cluster(found: Checks) -> dict[tuple[str, str], Mapping[str, str]]:
    return {(c["name"], c["about"]): c for c in found if c["group"] == "cluster"}


def bad(found: Checks) -> set[tuple[str, str]]:
    """(name, about) of what is bad in the cluster's configuration."""
    return {key for key, check in of_cluster(found).items() if check["state"] != "ok"}


@pytest.fixture(scope="module")
def well(three: Cluster) -> Cluster:
    three.two_levels(WELL)
    return three


@pytest.fixture
def changed(well: Cluster, tmp_path: Path) -> Callable[..., Checks]:
    """changed(command...): what doctor says after these commands of pcs."""
    node = well["node1"]
    os.makedirs(tmp_path / "var/lib/pacemaker/cib")
    os.makedirs(tmp_path / "etc/corosync")
    (tmp_path / "etc/corosync/corosync.conf").write_text(node.etc["corosync/corosync.conf"])
    shutil.copy(f"{node.folder}/lib/pacemaker/cib/cib.xml", tmp_path / CIB)

    def change(*commands: str, outdated: bool = True) -> Checks:
        # people type outdated commands, too
        for command in commands:
            line = f"pcs -f {tmp_path / CIB} {command}"
            if outdated:
                result = node.run(*shlex.split(line))
                assert result.status == 0, (command, result)
            else:
                # fencing-enabled, says Pacemaker 3.0.3; older ones do not know it
                node.shell(line, outdated="stonith-enabled" in line)
        return checks(node, "--root", str(tmp_path))

    return change


def test_on_a_live_node(well: Cluster) -> None:
    node = well["node1"]
    result = node.run(ADMIN, "doctor", "--json")
    found = of_cluster(json.loads(result.stdout)["checks"])
    assert {check["state"] for check in found.values()} == {"ok"}
    assert {name for name, _ in found} >= {
        "cib",
        "fencing",
        "device",
        "level",
        "timeout",
        "retries",
    }
    assert {about for name, about in found if name == "level"} == {"node1", "node2", "node3"}


def test_as_text(well: Cluster) -> None:
    said = well["node1"].run(ADMIN, "doctor").stdout
    assert "\ncluster\n  ok  Pacemaker's configuration is readable\n" in said
    assert "\033" not in said


def test_nothing_to_say(changed: Callable[..., Checks]) -> None:
    assert bad(changed()) == set()


LEVELS_OF_ANOTHER = [
    f"stonith level {line}"
    for node in ("node1", "node3")
    for line in (f"clear target {node}", f"add 1 {node} kdump1", f"add 2 {node} power")
]

FIVE_NODES = [  # two more, of Pacemaker Remote
    *(f"resource create node{n} ocf:pacemaker:remote server=10.77.0.{n} --force" for n in (4, 5)),
    f"{UPDATE} pcmk_host_list='node1 node2 node3 node4 node5'",
    *(f"stonith level add 1 node{n} kdump --force" for n in (4, 5)),
    *(f"stonith level add 2 node{n} power --force" for n in (4, 5)),
    "property set concurrent-fencing=false",
]

# pcs's commands; which checks are bad; a part of each remedy
ROWS: dict[str, tuple[Sequence[str], set[tuple[str, str]], Sequence[str]]] = {
    "everything by default": (
        [f"{UPDATE} timeout= pcmk_off_timeout= pcmk_off_retries= pcmk_reboot_action="],
        set(),
        [],
    ),
    "vendors: 60 s both": (
        [f"{UPDATE} timeout=60 pcmk_off_timeout= pcmk_off_retries="],
        {("timeout", "kdump")},
        ["timeout=45"],
    ),
    "the same with units": (
        [f'{UPDATE} timeout=1min pcmk_off_timeout="60 sec"'],
        {("timeout", "kdump")},
        ["timeout=45"],
    ),
    "longer than Pacemaker's limit": (
        [f"{UPDATE} timeout=150s pcmk_off_timeout="],
        {("timeout", "kdump")},
        ["pcmk_off_timeout=200"],
    ),
    "a short stonith-timeout": (
        [f"{UPDATE} pcmk_off_timeout=", "property set stonith-timeout=30"],
        {("timeout", "kdump")},
        ["timeout=22"],
    ),
    "a long one": (
        [f"{UPDATE} timeout=100 pcmk_off_timeout=", "property set stonith-timeout=120"],
        set(),
        [],
    ),
    "no time at all": (
        [f"{UPDATE} timeout=soon --force"],
        {("time", "kdump")},
        ["timeout=45"],
    ),
    "time for a second run": (
        [f"{UPDATE} timeout=20 pcmk_off_retries="],
        {("retries", "kdump")},
        ["pcmk_off_retries=1"],
    ),
    "a limit for reboot": (
        [f"{UPDATE} pcmk_reboot_timeout=150 pcmk_off_timeout="],
        {("reboot-timeout", "kdump")},
        ["pcmk_off_timeout=150 pcmk_reboot_timeout="],
    ),
    "port, meant for ipport": (
        [f"{UPDATE} port=7420"],
        {("fixed-target", "kdump")},
        ["port= ipport=7420"],
    ),
    "a fixed plug": ([f"{UPDATE} plug=node2"], {("fixed-target", "kdump")}, ["plug="]),
    "a fixed nodename for all": (
        [f"{UPDATE} nodename=10.1.0.1,10.1.0.2"],
        {("fixed-target", "kdump")},
        ["nodename="],
    ),
    "a device for each node, by another address": (
        [
            f'{UPDATE} pcmk_host_list=node2 nodename="10.1.0.2,10.2.0.2"',
            "stonith create kdump1 fence_kdump pcmk_host_list='node1 node3'",
            *LEVELS_OF_ANOTHER,
        ],
        {("fixed-target", "kdump")},
        ["nodename= pcmk_host_map=node2:10.1.0.2,10.2.0.2"],
    ),
    "another port than the sender's": (
        [f"{UPDATE} ipport=7420"],
        {("port", "kdump")},
        ["ipport="],
    ),
    "monitor without a look": (
        [f"{UPDATE} pcmk_monitor_action=metadata"],
        {("monitor", "kdump")},
        ["pcmk_monitor_action="],
    ),
    "a node left out": (
        [f"{UPDATE} pcmk_host_list='node1 node2'"],
        {("device", "node3")},
        ["pcmk_host_list='node1 node2 node3'"],
    ),
    "a name that is no node's": (
        [f"{UPDATE} pcmk_host_list='node1 node2 node3 node4.example.com'"],
        {("host-list", "kdump")},
        ["pcmk_host_list='node1 node2 node3'"],
    ),
    "another node's address": (
        [f"{UPDATE} pcmk_host_map=node2:10.77.0.3"],
        {("host-map", "kdump")},
        ["pcmk_host_map="],
    ),
    "stopped": (
        ["stonith disable kdump"],
        {("device", f"node{n}") for n in (1, 2, 3)},
        ["pcs stonith enable kdump"],
    ),
    "no level": (
        ["stonith level clear target node2"],
        {("level", "node2")},
        ["level add 1 node2 kdump && pcs stonith level add 2 node2 power"],
    ),
    "no level after it": (
        ["stonith level remove 2 target node2 stonith power"],
        {("level", "node2")},
        ["level add 2 node2 power"],
    ),
    "power first": (
        [
            "stonith level clear target node2",
            "stonith level add 1 node2 power",
            "stonith level add 2 node2 kdump",
        ],
        {("level", "node2")},
        ["level clear target node2 && pcs stonith level add 1 node2 kdump"],
    ),
    "both on one level": (
        ["stonith level clear target node2", "stonith level add 1 node2 kdump power"],
        {("level", "node2")},
        ["level clear target node2 && pcs stonith level add 1 node2 kdump"],
    ),
    "levels by pattern": (
        [
            "stonith level clear",
            "stonith level add 1 regexp%node.* kdump",
            "stonith level add 2 regexp%node.* power",
        ],
        set(),
        [],
    ),
    "five nodes that are fenced one after the other": (
        FIVE_NODES,
        {("concurrent-fencing", ""), ("action-limit", "kdump")},
        [],
    ),
    "three nodes and a remote one, of which two may crash together": (
        [
            FIVE_NODES[0],
            f"{UPDATE} pcmk_host_list='node1 node2 node3 node4'",
            "stonith level add 1 node4 kdump --force",
            "stonith level add 2 node4 power --force",
            "property set concurrent-fencing=true",
        ],
        {("action-limit", "kdump")},
        ["pcmk_action_limit=-1"],
    ),
    "three nodes of which any one fences the others": (
        ["property set no-quorum-policy=ignore concurrent-fencing=true"],
        {("action-limit", "kdump")},
        [],
    ),
    "five nodes": (
        [
            *FIVE_NODES[:-1],
            "property set concurrent-fencing=true",
            f"{UPDATE} pcmk_action_limit=-1",
        ],
        set(),
        [],
    ),
    "five nodes, a device left out of two of them": (
        [
            *FIVE_NODES[:2],
            "property set concurrent-fencing=true",
            f"{UPDATE} pcmk_action_limit=-1",
        ],
        {("device", "node4"), ("device", "node5")},
        ["pcmk_host_list="],
    ),
    "fencing off": (
        ["property set stonith-enabled=false"],
        {("fencing", "")},
        ["pcs property set stonith-enabled=true"],
    ),
    "no device": (
        ["stonith delete kdump"],
        {("device", "")},
        ["pcs stonith create kdump fence_kdump pcmk_host_list='node1 node2 node3'"],
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_trap(changed: Callable[..., Checks], row: str) -> None:
    commands, names, remedies = ROWS[row]
    found = changed(*commands)
    assert bad(found) == names
    told = [check["remedy"] for key, check in of_cluster(found).items() if key in names]
    for remedy in remedies:
        assert all(remedy in line for line in told), told


MANY_FAULTS = (
    f"{UPDATE} timeout=60 pcmk_reboot_timeout=90 pcmk_monitor_action=metadata",
    f"{UPDATE} port=7420 plug=node1",
    f"{UPDATE} pcmk_host_list='node1 node2'",
    "stonith level clear target node2",
    "stonith disable kdump",
    "property set stonith-enabled=false",
)
NO_DEVICE = ("stonith delete kdump", "stonith level clear")


def test_a_remedy_can_be_typed(changed: Callable[..., Checks]) -> None:
    """Each remedy of a configuration with many faults, one after the other: then all is well."""
    found = changed(*MANY_FAULTS)
    for _ in range(3):  # some faults hide behind others
        remedies = [c["remedy"] for c in of_cluster(found).values() if c["state"] == "bad"]
        steps = [step for line in remedies for step in line.split(" && ")]
        typed = [shlex.join(shlex.split(step)[1:]) for step in dict.fromkeys(steps)]
        found = changed(*typed, outdated=False)
    assert bad(found) == set()


@pytest.fixture
def crmsh(tmp_path: Path) -> dict[str, str]:
    """An environment with crmsh and without pcs, where the CIB is a file."""
    (tmp_path / "bin").mkdir()
    for folder in os.environ["PATH"].split(":"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name != "pcs" and not os.path.lexists(tmp_path / "bin" / name):
                os.symlink(f"{folder}/{name}", tmp_path / "bin" / name)
    os.makedirs("/var/log/crmsh", exist_ok=True)
    return {**os.environ, "PATH": str(tmp_path / "bin"), "CIB_file": str(tmp_path / CIB)}


def typed_into_crm(line: str, environment: Mapping[str, str]) -> None:
    cib = environment["CIB_file"]
    for path in (os.path.dirname(cib), cib):  # not only root's
        shutil.chown(path, "hacluster", "haclient")
    result = run(["sh", "-euc", line], env=environment)
    # what it says of the lab's power agent, which is not where crm looks, changes nothing
    assert result.status == 0, (line, result)


@pytest.mark.parametrize("faults", [MANY_FAULTS, NO_DEVICE], ids=["many faults", "no device"])
def test_a_remedy_can_be_typed_for_crmsh(
    changed: Callable[..., Checks],
    well: Cluster,
    tmp_path: Path,
    crmsh: dict[str, str],
    faults: Sequence[str],
) -> None:
    """The same without pcs, by the real crm and cibadmin, which take the file for the cluster."""
    changed(*faults)
    found: Checks = []
    typed = set()
    for _ in range(3):
        found = checks(well["node1"], "--root", str(tmp_path), env=crmsh)
        for line in dict.fromkeys(c["remedy"] for c in of_cluster(found).values() if c["remedy"]):
            typed_into_crm(line, crmsh)
            typed.add(line.split()[0])
    assert bad(found) == set()
    assert typed == {"crm", "cibadmin"}


def test_crm_takes_the_commands_of_the_documents(
    changed: Callable[..., Checks], well: Cluster, tmp_path: Path, crmsh: dict[str, str]
) -> None:
    assert bad(changed(*NO_DEVICE))
    # pcs leaves an empty section, and crm takes it for a topology
    empty = ("--delete", "--force", "--xml-text", "<fencing-topology/>")
    assert run(["cibadmin", *empty], env=crmsh).status == 0
    typed_into_crm(block("docs/install.md", "crm configure primitive "), crmsh)
    assert bad(checks(well["node1"], "--root", str(tmp_path), env=crmsh)) == set()


HOSTILE = {
    "doctype": '<!DOCTYPE cib [<!ENTITY a "aaaa">]><cib><configuration/></cib>',
    "not XML": "<cib>",
    "no CIB": "<html/>",
    "empty": "",
    "too large": "<cib>" + " " * (17 << 20) + "</cib>",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_cib_that_is_none(changed: Callable[..., Checks], tmp_path: Path, kind: str) -> None:
    (tmp_path / CIB).write_text(HOSTILE[kind])
    assert list(of_cluster(changed())) == [("cib", "")]
    assert bad(changed()) == {("cib", "")}


@pytest.fixture
def keyed(well: Cluster) -> Iterator[Cluster]:
    """Every node has the cluster's key."""
    paths = [f"/etc/netns/{node.host.name}/corosync/authkey" for node in well.nodes]
    for path in paths:
        write_key(path)
    yield well
    for path in paths:
        os.unlink(path)
    well["node1"].shell(f"pcs {UPDATE} auth=")


def keys_of(cluster: Cluster) -> dict[str, Mapping[str, str]]:
    """What node1's doctor says of each node's key, and of this node's devices."""
    found = json.loads(cluster["node1"].run(ADMIN, "doctor", "--json").stdout)["checks"]
    return {c["about"]: c for c in found if c["group"] == "keys"}


def test_all_nodes_can_prove_themselves(keyed: Cluster, tmp_path: Path) -> None:
    build(keyed["node1"], "refresh")
    before = keys_of(keyed)["kdump"]
    assert before["state"] == "ok"
    assert before["text"].endswith("of all nodes that they can prove themselves: node2, node3")
    for name in ("node2", "node3"):
        build(keyed[name], "announce")
    ready = "all nodes can prove themselves; to let only a proof count: "
    wait_for(lambda: ready in keys_of(keyed)["kdump"]["text"], lambda: str(keys_of(keyed)))
    command = keys_of(keyed)["kdump"]["text"].partition(" on every cluster node, then ")[2]
    keyed["node1"].shell(command)
    found = keys_of(keyed)
    assert {found[node.name]["state"] for node in keyed.nodes} == {"ok"}

    # one gets another key; what is told to do about it is done
    node3 = keyed["node3"]
    key = f"/etc/netns/{node3.host.name}/corosync/authkey"
    write_key(key, b"another key" * 9)
    build(node3, "refresh")
    wait_for(lambda: keys_of(keyed)["node3"]["state"] != "ok", lambda: str(keys_of(keyed)))
    found = keys_of(keyed)
    assert [found[node.name]["state"] for node in keyed.nodes] == ["ok", "ok", "bad"]
    assert found["node3"]["remedy"].startswith("on node3: put a copy of this node's /etc/corosync/")
    write_key(key)
    build(node3, "refresh")
    wait_for(lambda: keys_of(keyed)["node3"]["state"] == "ok", lambda: str(keys_of(keyed)))

    # an image that would not start proves nothing
    node3.pretend("kexec_crash_loaded", "0")
    assert node3.run(HELPER, "announce").status == 0
    wait_for(lambda: keys_of(keyed)["node3"]["state"] == "unknown", lambda: str(keys_of(keyed)))
    node3.pretend("kexec_crash_loaded", "1")


def test_last_tells_of_a_fencing(well: Cluster) -> None:  # the last: node2 stays down
    well.crash("node2")
    with well["node2"].sender(*well.others("node2")):
        well.fenced("node2", "kdump")
    for survivor in well.survivors:
        result = survivor.run(ADMIN, "last", "--json")
        told = json.loads(result.stdout)
        assert told["node"] == "node2"
        (timeline,) = told["timelines"]
        stages = [event["stage"] for event in timeline["events"]]
        assert stages[0] == "lost"
        assert stages[-1] == "fenced"
    # one of them has run the agent, and knows by which device
    states = [
        {check["name"]: check["state"] for check in json.loads(said)["checks"]}["fenced"]
        for said in (n.run(ADMIN, "last", "--json").stdout for n in well.survivors)
    ]
    assert "ok" in states
    well["node2"].host.ip("link set eth0 down")  # it is off; its network outlives it here
    found = well["node1"].run(ADMIN, "doctor", "--json")
    ways = [c for c in json.loads(found.stdout)["checks"] if c["name"] == "way"]
    assert {way["about"]: way["state"] for way in ways} == {
        "10.77.0.2": "unknown",
        "10.77.0.3": "ok",
    }
    (down,) = (way for way in ways if way["about"] == "10.77.0.2")
    assert "node2 is not a member of the cluster now" in down["text"]


def test_no_crash_was_recorded(well: Cluster, tmp_path: Path) -> None:
    result = run([ADMIN, "last", "--root", str(tmp_path)], host=well["node1"].host)
    assert result.status == 2
    assert result.stderr.startswith("fence-kdump: no record of a crash (looked into ")

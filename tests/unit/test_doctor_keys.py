"""What doctor makes of the keys that the nodes have told the running cluster."""

from __future__ import annotations

import html
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fence_kdump_admin import tell
from fence_kdump_admin.checks import Check
from fence_kdump_admin.doctor import commands, keys, live
from fence_kdump_admin.doctor import here as here_module
from fence_kdump_admin.doctor.cib import CibError, Configuration, Device
from fence_kdump_admin.doctor.here import Here
from fence_kdump_cluster.corosync import Node
from fence_kdump_image.image.nodekey import NodeKey
from fence_kdump_image.image.plan import ALONE, Plan
from fence_kdump_image.way.network import Kernel
from fence_kdump_protocol.keys import key_id, node_key

MASTER, OLD = b"m" * 32, b"o" * 32
NODES = ("node1", "node2", "far")


def id_of(node: str, master: bytes = MASTER) -> str:
    return key_id(node_key(master, node.encode())).hex()


def listed(nodes: Iterable[tuple[str, bool]], told: Mapping[str, str]) -> live.Live:
    """What crm_mon says: the nodes, whether each is online, and what it has told."""
    shown = "".join(
        f'<node name="{node}" id="1" online="{str(online).lower()}" type="member"/>'
        for node, online in nodes
    )
    attributes = "".join(
        f'<node name="{node}"><attribute name="other" value="{"0" * 16}"/>'
        f'<attribute name="fence-kdump-key" value="{value}"/></node>'
        for node, value in told.items()
    )
    return live.parse(
        result(f"<nodes>{shown}</nodes><node_attributes>{attributes}</node_attributes>")
    )


def result(content: str, status: str = '<status code="0" message="OK"/>') -> bytes:
    return f"<pacemaker-result>{content}{status}</pacemaker-result>".encode()


def status(**told: str | None) -> live.Live:
    """What a cluster says whose nodes have told that; None: the node is no member."""
    return listed(
        [(node, value is not None) for node, value in told.items()],
        {node: value or "" for node, value in told.items()},
    )


ALL = {"node2": id_of("node2"), "far": id_of("far")}


@pytest.fixture
def here(tmp_path: Path) -> Callable[..., Here]:
    """here(auth, live): node1, whose crash image has the right key."""
    os.makedirs(tmp_path / "etc/fence_kdump")
    (tmp_path / "etc/fence_kdump/key").write_bytes(MASTER)
    os.chmod(tmp_path / "etc/fence_kdump/key", 0o600)

    def make(auth: str, said: live.Live) -> Here:
        options = {"auth": auth} if auth else {}
        own = NodeKey("node1", node_key(MASTER, b"node1"), "/etc/fence_kdump/key")
        return Here(
            root=str(tmp_path),
            network=Kernel(str(tmp_path)),
            plan=Plan("node1", (), (), (), "", (), (), "", (), ALONE, "node1", own),
            image="",
            image_problem="",
            manifest={"key": {"id": own.id, "node": "node1"}},
            listing="",
            cluster=Configuration({}, (Device("kdump", "fence_kdump", options),), (), {}),
            cluster_problem="",
            addresses=dict.fromkeys(NODES, ()),
            remote=frozenset({"far"}),
            live=said,
        )

    return make


def of_nodes(found: list[Check]) -> dict[str, str]:
    return {check.about: check.state for check in found if check.name == "node-key"}


def auth(found: list[Check]) -> Check:
    (check,) = (check for check in found if check.name == "auth")
    return check


def test_all_can_prove_themselves(here: Callable[..., Here]) -> None:
    for wanted, has in (("", "kdump has no auth option"), ("off", "kdump has auth=off")):
        found = keys.checks(here(wanted, status(node1="", **ALL)))
        assert {check.state for check in found} == {"ok"}
        assert auth(found).text.startswith(f"{has}; all nodes can prove themselves; ")
        assert auth(found).text.endswith(": pcs stonith update kdump auth=required")
    found = keys.checks(here("required", status(node1="", **ALL)))
    assert {check.state for check in found} == {"ok"}
    assert set(of_nodes(found)) == set(NODES)


def test_corosync_s_key_is_made_our_own_first(here: Callable[..., Here], tmp_path: Path) -> None:
    os.makedirs(tmp_path / "etc/corosync")
    os.rename(tmp_path / "etc/fence_kdump/key", tmp_path / "etc/corosync/authkey")
    text = auth(keys.checks(here("", status(node1="", **ALL)))).text
    assert "install -m 600 /etc/corosync/authkey /etc/fence_kdump/key on every cluster node" in text


# what the nodes have told; the states of node2 and far; a part of node2's text, and of its remedy
TOLD: Mapping[str, tuple[live.Live, tuple[str, str], str, str]] = {
    "all": (status(node1="", **ALL), ("ok", "ok"), "node2 has the right key", ""),
    "names in another case": (
        status(NODE1="", NODE2=ALL["node2"], FAR=ALL["far"]),
        ("ok", "ok"),
        "",
        "",
    ),
    "the key before this one": (
        status(node1="", node2=id_of("node2", OLD), far=id_of("far")),
        ("ok", "ok"),
        "",
        "",
    ),
    "another key": (
        status(node1="", node2="0" * 16, far=id_of("far")),
        ("bad", "ok"),
        "another key in its crash image than the one that /etc/fence_kdump/key gives it",
        "on node2: put a copy of this node's /etc/fence_kdump/key; then on node2: fence-kdump",
    ),
    "another node's key": (
        status(node1="", node2=id_of("far"), far=id_of("node2")),
        ("bad", "bad"),
        "another key",
        "",
    ),
    "none": (
        status(node1="", node2="", far=id_of("far")),
        ("unknown", "ok"),
        "node2 has told the cluster of none",
        "on node2: systemctl enable --now fence-kdump-announce.service",
    ),
    "what is no id": (
        status(node1="", node2="$(reboot)" + "0" * 7, far=id_of("far")),
        ("unknown", "ok"),
        "node2 has told the cluster of none",
        "",
    ),
    "a node is down": (
        status(node1="", node2=None, far=id_of("far")),
        ("unknown", "ok"),
        "node2 is not a member of the cluster now",
        "when node2 is a member again: fence-kdump doctor",
    ),
    "a node that never was there": (
        status(node1="", far=id_of("far")),
        ("unknown", "ok"),
        "node2 is not a member of the cluster now",
        "",
    ),
    "Pacemaker is down": (
        live.Live(problem="Pacemaker does not answer"),
        ("unknown", "unknown"),
        "Pacemaker does not answer",
        "",
    ),
}


@pytest.mark.parametrize("row", TOLD)
def test_what_the_nodes_have_told(here: Callable[..., Here], tmp_path: Path, row: str) -> None:
    said, states, text, remedy = TOLD[row]
    (tmp_path / "etc/fence_kdump/key.old").write_bytes(OLD)
    found = keys.checks(here("required", said))
    assert of_nodes(found) == {"node1": "ok", "node2": states[0], "far": states[1]}
    (node2,) = (check for check in found if check.about == "node2")
    assert text in node2.text
    assert remedy in node2.remedy
    # where nothing demands a proof, nothing is wrong, and nothing is advised before all can
    ready = auth(keys.checks(here("", said)))
    assert ready.state == "ok"
    assert ("auth=required" in ready.text) == (states == ("ok", "ok"))


def test_nothing_is_advised_where_nothing_is_known(
    here: Callable[..., Here], tmp_path: Path
) -> None:
    """No key that the nodes could be held against, and no node that the device would fence."""
    said = status(node1="", **ALL)
    nobody = Device("kdump", "fence_kdump", {"pcmk_host_list": "elsewhere"})
    served = replace(here("", said), cluster=Configuration({}, (nobody,), (), {}))
    (tmp_path / "etc/fence_kdump/key").write_bytes(b"short")
    for found in (keys.checks(served), keys.checks(here("", said))):
        assert "auth=required" not in "".join(check.text + check.remedy for check in found)


def test_who_is_a_pacemaker_remote_node() -> None:
    """Whom corosync.conf does not list, also where the CIB has no address of it."""
    full = [Node("node1", "1", ("10.0.0.1",)), Node("node2", "2", ("10.0.0.2",))]
    guests = [Node("guest", "", ()), Node("far", "", (), cib=("10.0.0.9",))]
    assert here_module._remote([*full, *guests]) == {"guest", "far"}
    assert here_module._remote([Node("node1", "", ()), guests[1]]) == {"far"}


def test_a_remote_node_gets_its_own_key_alone(here: Callable[..., Here]) -> None:
    said = status(node1="", node2=id_of("node2"), far="0" * 16)
    (far,) = (check for check in keys.checks(here("required", said)) if check.about == "far")
    assert far.remedy.startswith(
        "on far: write what 'fence-kdump key --master /etc/fence_kdump/key far' prints here into"
        " /etc/fence_kdump/node.key; "
    )


def test_a_stale_image_of_this_node(here: Callable[..., Here]) -> None:
    wrong = replace(here("required", status(**ALL)), manifest={"key": {"id": "0" * 16}})
    assert of_nodes(keys.checks(wrong))["node1"] == "bad"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no XML",
        b"<nodes>",
        # all is well but for this
        b'<!DOCTYPE pacemaker-result [<!ENTITY a "aaaa">]>' + result(""),
        result(" " * (17 << 20)),
        b"\xff\xfe" + result(""),
    ],
)
def test_what_is_not_of_crm_mon(data: bytes) -> None:
    with pytest.raises(CibError):
        live.parse(data)


def test_with_a_root_the_running_cluster_is_another_s(tmp_path: Path) -> None:
    assert "--root" in live.look(str(tmp_path)).problem


def test_a_name_twice() -> None:
    """A node that was set up anew has another id, and what it was before is still listed."""
    for order in ((False, True), (True, False)):
        said = listed([("node2", online) for online in order], {"node2": "1" * 16})
        assert not said.is_absent("node2")
        assert said.key_of("node2") == "1" * 16


@pytest.mark.parametrize(
    ("signs", "member"),
    [
        ('online="true" pending="false"', True),
        ('online="true" pending="true"', False),  # Corosync runs there, Pacemaker does not
        ('online="false" pending="false"', False),
        ('online="false" pending="true"', False),
        ('online="true"', True),
        ("", False),
    ],
)
def test_members(signs: str, member: bool) -> None:
    said = live.parse(result(f'<nodes><node name="Node1" {signs}/></nodes>'))
    assert said.is_absent("node1") != member


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ('<status code="102" message="Not connected"><errors/></status>', "Not connected"),
        ('<status code="1"/>', "nothing of its status"),
        ("", "nothing of its status"),
    ],
)
def test_an_error_of_crm_mon(status: str, told: str) -> None:
    with pytest.raises(CibError, match=told):
        live.parse(result('<nodes><node name="node1" online="true"/></nodes>', status))


def test_what_a_node_told_that_has_left_does_not_count() -> None:
    assert not listed([("node2", False)], {"node2": "1" * 16}).key_of("node2")


def test_a_name_does_not_command_a_terminal() -> None:
    check = Check("way", "bad", "\x1b[2Jnode2\x9b5m\r is ü", "ssh \x07node2")
    said = tell.group("network", [check], lambda text, colour: text)
    assert said == ("network\n  BAD \\x1b[2Jnode2\\x9b5m\\r is ü\n      -> ssh \\x07node2\n")


@pytest.mark.parametrize("cluster_shell", ["pcs", "crm"])
def test_a_name_does_not_command_a_shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cluster_shell: str
) -> None:
    """Each remedy, typed into a shell whose programs print their arguments."""
    for program in (cluster_shell, "cibadmin"):
        (tmp_path / program).write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    name = f"a'b; : >{tmp_path}/c $(: >{tmp_path}/d)"
    for line in (
        commands.set_options(name, timeout=name),
        commands.set_options(name, nodename=""),
        commands.enable(name),
        commands.create([name]),
        commands.clear_levels(name),
        commands.add_level(1, name, name),
    ):
        said = subprocess.run(
            ["/bin/sh", "-c", line], check=True, stdout=subprocess.PIPE, text=True
        )
        assert name in html.unescape(said.stdout), line
    assert sorted(os.listdir(tmp_path)) == sorted([cluster_shell, "cibadmin"])

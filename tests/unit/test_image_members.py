"""A Pacemaker Remote node asks the cluster, and keeps what it said.

crm_node is played by a script here; tests/cluster has the real one.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

from fence_kdump_cluster import corosync
from fence_kdump_image import programs
from fence_kdump_image.image import plan
from fence_kdump_image.whom import members
from fence_kdump_image.whom.sources import gather

LIST = "1 node1 member\n2 node2 lost\n3 node3 \n"
SAMPLE = "nodelist {\n node {\n ring0_addr: 127.0.0.1\n }\n}\n"
CLUSTER = "nodelist {\n node {\n ring0_addr: 10.0.0.1\n }\n}\n"
Says = Callable[[str], None]


@pytest.fixture
def says(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """says(script): what crm_node does from now on, with its argument as $1."""
    tool = tmp_path / "bin" / "crm_node"
    tool.parent.mkdir()
    (tmp_path / "var/lib/fence-kdump").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setattr(programs, "_SEARCH", "/nowhere")

    def write(script: str) -> None:
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)

    return write


GOOD = f"case $1 in -l) printf '{LIST}' ;; -n) echo node4 ;; esac".replace("\n", "\\n")


def test_members_are_told_and_kept(says: Says, tmp_path: pathlib.Path) -> None:
    says(GOOD)
    text = members.current(str(tmp_path), {})
    assert members.parse(text) == members.Members("node4", ("node1", "node2", "node3"))
    assert (tmp_path / members.PATH[1:]).read_text() == text
    configured = gather({members.PATH: text})
    assert configured.node == "node4"
    assert [(c.source, c.host) for c in configured.candidates] == [
        (members.PATH, "node1"),
        (members.PATH, "node2"),
        (members.PATH, "node3"),
    ]


@pytest.mark.parametrize(
    "script",
    [
        "echo 'no cluster' >&2; exit 102",
        "exit 0",
        "case $1 in -l) echo '1 node1 member' ;; -n) exit 1 ;; esac",
        "exec sleep 1000",
        "sleep 1000 & exit 0",
    ],
)
def test_the_last_good_answer_serves_while_asking_fails(
    says: Says, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    says(GOOD)
    kept = members.current(str(tmp_path), {})
    monkeypatch.setattr(members, "_PATIENCE", 0.3)
    says(script)
    assert members.current(str(tmp_path), {}) == kept
    assert (tmp_path / members.PATH[1:]).read_text() == kept


def test_no_answer_yet_is_told_on_a_remote_node(says: Says, tmp_path: pathlib.Path) -> None:
    says("echo 'not connected' >&2; exit 102")
    assert members.current(str(tmp_path), {}) == ""  # a machine in no cluster at all
    (tmp_path / "etc/pacemaker").mkdir(parents=True)
    (tmp_path / "etc/pacemaker/authkey").touch()
    text = members.current(str(tmp_path), {})
    assert not (tmp_path / members.PATH[1:]).exists()
    (problem,) = gather({members.PATH: text}).problems
    assert (
        "failed with status 102: not connected: the members of the cluster are unknown" in problem
    )


@pytest.mark.parametrize(
    ("conf", "asked"),
    [
        (None, True),
        (SAMPLE, True),
        (CLUSTER, False),
        ("nodelist {\n node {\n ring0_addr: node1\n }\n}\n", False),
        ("nodelist {\n node {\n", False),  # cut off: it may have named the nodes
    ],
)
def test_only_where_no_corosync_conf_names_nodes(
    says: Says, tmp_path: pathlib.Path, conf: str | None, asked: bool
) -> None:
    says(GOOD)
    texts = {} if conf is None else {corosync.PATH: conf}
    assert bool(members.current(str(tmp_path), texts)) == asked
    for path, text in texts.items():
        (tmp_path / path[1:]).parent.mkdir(parents=True)
        (tmp_path / path[1:]).write_text(text)
    assert (members.PATH in plan.read_sources(str(tmp_path))) == asked


def test_not_without_crm_node(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_SEARCH", "/nowhere")
    assert members.current(str(tmp_path), {}) == ""


def test_not_kept_where_that_cannot_be(says: Says, tmp_path: pathlib.Path) -> None:
    says(GOOD)
    text = members.current(f"{tmp_path}/nowhere", {})
    assert members.parse(text).nodes == ("node1", "node2", "node3")


@pytest.mark.parametrize("text", ["", "\n", "local\nmember \n", "stranger x\n", "\udcff \0\n"])
def test_any_text(text: str) -> None:
    assert members.parse(text) == members.Members()

"""Is a stale image rebuilt and loaded, where that may be, and as often as needed?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from lab.kdump import DEADLINE, Node, read
from lab.programs import run
from lab.rpms import REPO_ROOT, build, package

pytestmark = pytest.mark.timeout(300)  # some tests build several images
HERE = os.path.dirname(os.path.abspath(__file__))


def test_a_node_was_added(node: Node) -> None:
    node.nodes("node1", "node3")
    status, text = node.check()
    assert status == 1
    assert text.splitlines()[0] == "stale: it does not notify node3"
    assert any("10.0.0.3" in line and "does not replay" in line for line in text.splitlines())
    assert node.state().startswith("stale it does not notify node3; ")
    assert "stale: it does not notify node3" in node.refresh()
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.state() == f"fresh {node.image}"
    assert node.check()[0] == 0


def test_opted_out(node: Node) -> None:
    node.file(f"{node.root}/etc/sysconfig/fence_kdump", "FENCE_KDUMP=no\n")
    status, text = node.check()
    assert status == 1
    assert "FENCE_KDUMP=no" in text
    node.refresh()
    assert node.asked() == ["rebuild", "reload"]
    assert node.check()[0] == 0  # it has nothing of ours, and is to have nothing


def test_sender_was_upgraded(node: Node) -> None:
    with open(f"{node.sender}/fence_kdump_send", "ab") as file:
        file.write(b"\0")
    assert node.check() == (1, "stale: its sender is not the installed one\n")
    node.refresh()
    assert node.check()[0] == 0


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("etc/kdump.conf", "force_no_rebuild 1\n", "force_no_rebuild"),
        ("sys/kernel/fadump/enabled", "1\n", "fadump"),
        ("sys/kernel/fadump_enabled", "1\n", "fadump"),
        ("run/ostree-booted", "", "ostree"),
        ("sys/kernel/kexec_crash_loaded", "0\n", "no crash kernel is loaded"),
    ],
)
def test_left_to_the_administrator(node: Node, path: str, text: str, reason: str) -> None:
    node.nodes("node1", "node3")
    node.file(f"{node.root}/{path}", text)
    assert reason in node.refresh()
    assert node.asked() == []
    assert node.state().startswith("stale ")


@pytest.mark.parametrize("unit", ["fence-kdump-refresh.service", "fence-kdump-refresh.path"])
def test_units_run_on_ostree_systems(unit: str) -> None:
    """Who else would tell that the image is stale? By the real systemd's word."""
    conditions = re.findall(r"^Condition.*$", read(f"{REPO_ROOT}/rpm/{unit}"), re.MULTILINE)
    script = 'mount -t tmpfs tmpfs /run; : >/run/ostree-booted; exec systemd-analyze condition "$@"'
    analyze = run(["unshare", "--mount", "sh", "-ec", script, "sh", *conditions, "ConditionHost=*"])
    assert analyze.status == 0, analyze


def test_rebuild_is_allowed_where_it_says_so(node: Node) -> None:
    node.nodes("node1", "node3")
    node.file(f"{node.root}/etc/kdump.conf", "force_no_rebuild 0\n")
    node.refresh()
    assert node.asked() == ["rebuild", "reload"]


def test_change_while_an_image_is_built(node: Node) -> None:
    node.nodes("node1", "node3")
    conf = f"{node.root}/etc/corosync/corosync.conf"
    later = read(conf).replace("node3", "node4")
    node.say("later", later)
    node.say("meanwhile", f"cp later {conf}\n")
    node.refresh()
    assert node.asked() == ["rebuild", "reload", "rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0


def test_change_while_the_image_is_looked_at(node: Node) -> None:
    """systemd does not watch a file while the service runs that its change would start."""
    conf = f"{node.root}/etc/corosync/corosync.conf"
    node.say("later", read(conf).replace("node1", "node3"))
    ip = node.script(
        "ip",
        # the configuration is read by then
        f"[ ! -e {node.folder}/later ] || mv {node.folder}/later {conf}\n"
        f'exec {shutil.which("ip")} "$@"',
    )
    try:
        node.refresh()
    finally:
        os.unlink(ip)
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0


def test_change_that_lasts_for_the_build_alone(node: Node) -> None:
    """A file that was just being written, say: what stands there before and after counts."""
    node.nodes("node1", "node3")
    conf = f"{node.root}/etc/corosync/corosync.conf"
    node.say("before-build", f"mv {conf} aside; head -n 5 aside >{conf}\n")
    node.say("meanwhile", f"mv aside {conf}\n")
    node.refresh()
    assert node.asked() == ["rebuild", "reload", "rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0


def test_changes_without_end(node: Node) -> None:
    ip = node.script(
        "ip",
        f"echo '#' >>{node.root}/etc/hosts\nexec {shutil.which('ip')} \"$@\"",
    )
    try:
        text = node.refresh(status=1)
    finally:
        os.unlink(ip)
    assert "changes faster" in text
    assert node.asked() == []


def test_packages_are_being_installed(node: Node, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A transaction of the real rpm, which waits in a scriptlet: one of many packages is long."""
    where = str(tmp_path_factory.mktemp("slow"))
    folder = build(where, "-bb", f"{HERE}/slow.spec")
    database = ["--root", node.root, "--dbpath", "/var/lib/rpm"]
    database += ["--define", "_rpmlock_path /var/lib/rpm/.rpm.lock"]
    run(["mkfifo", f"{node.root}/begun", f"{node.root}/go"])
    node.nodes("node1", "node3")
    argv = ["rpm", *database, "-i", package(folder, "slow")]
    with subprocess.Popen(argv, env={**os.environ, "HOME": "/root"}) as rpm:
        with open(f"{node.root}/begun") as begun:
            assert begun.read() == "begun\n"
        with subprocess.Popen(node.argv("refresh"), stderr=subprocess.PIPE, text=True) as refresh:
            assert refresh.stderr
            line = refresh.stderr.readline()
            asked = node.asked()
            with open(f"{node.root}/go", "w") as go:
                go.write("go\n")
            refresh.stderr.read()
        assert rpm.wait(DEADLINE) == 0
    assert "packages are being installed: waiting" in line
    assert (asked, node.asked()) == ([], ["rebuild", "reload"])
    assert refresh.returncode == 0
    assert node.is_new_image_loaded()


def test_ten_changes_in_a_second(node: Node) -> None:
    """Ten refreshes at once, each after a change: one at a time, and the last word counts."""
    # the first image is not done before the last change
    node.say("meanwhile", "while [ ! -e go ]; do sleep 0.1; done\nrm go\n")
    running = []
    for number in range(3, 13):
        node.nodes("node1", f"node{number}")
        running.append(subprocess.Popen(node.argv("refresh"), stderr=subprocess.DEVNULL))
    node.say("go")
    assert [process.wait(DEADLINE) for process in running] == [0] * 10
    asked = node.asked()
    assert asked == ["rebuild", "reload"] * (len(asked) // 2)
    assert 0 < len(asked) // 2 <= 2
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0

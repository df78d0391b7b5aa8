"""Installed, upgraded and removed by the real dnf, in a root with a stub of a base system."""

from __future__ import annotations

import os

from lab.rpms import REPO_ROOT, Root, run

BOTH = {"fence-kdump-send", "fence-kdump-agent"}
CONFIG = "/etc/sysconfig/fence_kdump"


def test_one_command_serves_a_node(root: Root, repo: str) -> None:
    root.dnf("install", "fence-agents-kdump", repos=[repo])
    assert root.installed() == BOTH
    assert "fence_kdump" in root.chroot("/usr/sbin/fence_kdump", "--version")
    metadata = root.chroot("/usr/sbin/fence_kdump", "-o", "metadata")
    assert '<resource-agent name="fence_kdump"' in metadata
    assert "fence_kdump_send" in root.chroot("/usr/sbin/fence_kdump_send", "--version")
    assert "no node: no file lists another node" in root.chroot(
        "/usr/sbin/fence-kdump-image", "show", status=1
    )


def test_programs_hear_each_other(root: Root, repo: str) -> None:
    root.dnf("install", "fence-agents-kdump", repos=[repo])
    sender = "/usr/sbin/fence_kdump_send -i 0.1 127.0.0.1 &"
    agent = "/usr/sbin/fence_kdump -n 127.0.0.1 -t 20; status=$?; kill $!; exit $status"
    text = root.chroot("/bin/sh", "-c", f"{sender} {agent}")
    assert "127.0.0.1" in text


def test_kdump_builds_no_image_for_us(root: Root, repo: str, newer_repo: str) -> None:
    """kdumpctl and SUSE's kdump.service build one when their configuration is newer than it; they
    keep no old one, and if the new one does not load, none is. When we are gone, it is smaller."""
    confs = ("/etc/kdump.conf", "/etc/sysconfig/kdump")
    for conf in confs:
        root.file(conf, "KDUMP_SAVEDIR=/var/crash\n")
    for command, repos, touched in (
        ("install", [repo], False),
        ("upgrade", [newer_repo], False),
        ("remove", [], True),
    ):
        for conf in confs:
            os.utime(root.path + conf, (0, 0))
        root.dnf(command, "fence-kdump-send", repos=repos)
        for conf in confs:
            assert (os.stat(root.path + conf).st_mtime > 0) == touched, (command, conf)
    for conf in confs:
        with open(root.path + conf) as file:
            assert file.read() == "KDUMP_SAVEDIR=/var/crash\n"


SYSTEMCTL = """#!/bin/sh
case " $* " in
    *" start "*)
        read -r late </usr/share/late
        echo "$*, late $late" >>/systemctl.log
        ;;
    *) ;;
esac
"""


def test_refresh_begins_when_all_is_in_place(
    root: Root, repo: str, newer_repo: str, late_repo: str, newer_late_repo: str
) -> None:
    """A rebuild of half an upgrade would be a bad one."""
    os.makedirs(f"{root.path}/run/systemd/system")
    root.file("/usr/bin/systemctl", SYSTEMCTL, 0o755)
    said = []
    for command, repos in (
        ("install", [repo, late_repo]),
        ("upgrade", [newer_repo, newer_late_repo]),
    ):
        root.dnf(command, "fence-kdump-send", "late", repos=repos)
        with open(f"{root.path}/systemctl.log") as file:
            said.append(file.read())
        os.unlink(f"{root.path}/systemctl.log")
    started = (
        "start fence-kdump-refresh.path, late {0}\n"
        "start fence-kdump-refresh.timer, late {0}\n"
        "--no-block start fence-kdump-refresh.service, late {0}\n"
    )
    assert said == [started.format(1), started.format(2)]


def test_nothing_happens_on_ostree_hosts(root: Root, repo: str) -> None:
    root.file("/run/ostree-booted", "")
    systemctl = root.file("/usr/bin/systemctl", '#!/bin/sh\necho "$@" >>/systemctl.log\n', 0o755)
    for command in ("install", "remove"):
        root.dnf(command, "fence-kdump-send", repos=[repo])
    assert os.stat(f"{root.path}/etc/kdump.conf").st_mtime == 0
    assert os.path.exists(systemctl)
    assert not os.path.exists(f"{root.path}/systemctl.log")


def test_units_are_switched_on_and_off(root: Root, repo: str, newer_repo: str) -> None:
    """By a systemctl that only writes down what it was asked, and fails: scriptlets go on."""
    root.file("/usr/bin/systemctl", '#!/bin/sh\necho "$@" >>/systemctl.log\nexit 1\n', 0o755)
    log = f"{root.path}/systemctl.log"
    asked = []
    for command, repos in (("install", [repo]), ("upgrade", [newer_repo]), ("remove", [])):
        root.dnf(command, "fence-kdump-send", repos=repos)
        if os.path.exists(log):
            with open(log) as file:
                asked.append((command, file.read().split()[1]))
            os.unlink(log)
    assert asked == [("install", "preset"), ("remove", "disable")]


def test_a_unit_that_is_new_is_switched_on_by_the_upgrade(
    root: Root, older_repo: str, repo: str
) -> None:
    root.file("/usr/bin/systemctl", '#!/bin/sh\necho "$@" >>/systemctl.log\n', 0o755)
    root.dnf("install", "fence-kdump-send", repos=[older_repo])
    assert not os.path.exists(f"{root.path}/systemctl.log")
    root.dnf("upgrade", repos=[repo])
    with open(f"{root.path}/systemctl.log") as file:
        assert file.read() == "--no-reload preset fence-kdump-announce.service\n"


def test_upgrade_keeps_a_changed_configuration(root: Root, repo: str, newer_repo: str) -> None:
    root.dnf("install", "fence-agents-kdump", repos=[repo])
    root.file(CONFIG, "FENCE_KDUMP=no\n")
    text = root.dnf("upgrade", repos=[repo, newer_repo], says="created as")
    with open(root.path + CONFIG) as file:
        assert file.read() == "FENCE_KDUMP=no\n"
    with open(f"{root.path}{CONFIG}.rpmnew") as file:
        assert file.read().endswith("# one more\n")
    assert "1.2" in text
    assert "fence_kdump" in root.chroot("/usr/sbin/fence_kdump", "--version")


def test_upgrade_and_downgrade(root: Root, repo: str, newer_repo: str) -> None:
    root.dnf("install", "fence-agents-kdump", repos=[repo])
    before = root.tree()
    root.dnf("upgrade", repos=[repo, newer_repo])
    assert root.tree() != before
    root.dnf("downgrade", "fence-kdump-agent", "fence-kdump-send", repos=[repo, newer_repo])
    assert root.tree() == before


def test_erased_without_a_trace(root: Root, repo: str) -> None:
    before = root.tree()
    root.dnf("install", "fence-agents-kdump", repos=[repo])
    # what they write by themselves: another Python's bytecode, outcomes of checks
    cache = "fence_kdump/__pycache__/main.cpython-399.pyc"
    root.file(f"/usr/libexec/fence-kdump-agent/{cache}", "")
    root.file("/usr/libexec/fence-kdump-image/fence_kdump_image/__pycache__/x.cpython-399.pyc", "")
    root.file("/var/lib/fence-kdump/image-state", "fresh\n")
    root.file("/var/lib/fence-kdump/refresh-failed", "0\n")
    root.file("/var/lib/fence-kdump/members", "member node1\n")
    root.dnf("remove", "fence-kdump-agent", "fence-kdump-send")
    assert root.installed() == set()
    assert root.tree() == before


def test_beside_the_c_package(root: Root, repo: str, c_repo: str) -> None:
    """dnf prefers a package's name to what another one provides."""
    root.dnf("install", "fence-agents-kdump", "fence-kdump-send", repos=[c_repo, repo])
    assert root.installed() == {"fence-agents-kdump", "fence-kdump-send"}
    with open(f"{root.path}/usr/libexec/fence_kdump_send") as file:
        assert file.read() == "the C sender\n"
    text = root.dnf("install", "fence-kdump-agent", repos=[c_repo, repo], fails=True)
    assert "conflicts with fence-agents-kdump" in text


def test_the_way_over_from_the_c_package_and_back(root: Root, repo: str, c_repo: str) -> None:
    """As the documents have it; what else came with all fence agents stays."""
    others = {"fence-agents-all", "fence-agents-ipmilan"}
    both = [c_repo, repo]
    root.dnf("install", "fence-agents-all", repos=[c_repo])
    assert root.installed() == {*others, "fence-agents-kdump"}
    root.dnf("swap", "fence-agents-kdump", "fence-kdump-agent", repos=both)
    assert root.installed() == {*others, *BOTH}
    assert not os.path.exists(f"{root.path}/usr/libexec/fence_kdump_send")
    assert "fence_kdump" in root.chroot("/usr/sbin/fence_kdump", "--version")
    root.dnf("swap", "fence-kdump-agent", "fence-agents-kdump", repos=both)
    root.dnf("remove", "fence-kdump-send", repos=both)
    assert root.installed() == {*others, "fence-agents-kdump"}


def test_install_is_what_the_package_holds(root: Root, repo: str) -> None:
    """Programs of the package are the checkout's, byte for byte."""
    root.dnf("install", "fence-agents-kdump", repos=[repo])
    for installed, source in (
        ("usr/libexec/fence-kdump-agent/fence_kdump", "agent/fence_kdump"),
        ("usr/libexec/fence-kdump-image/fence_kdump_image", "dracut-module/fence_kdump_image"),
        ("usr/lib/dracut/modules.d/99zz-fence-kdump", "dracut-module/99zz-fence-kdump"),
    ):
        ours = f"{REPO_ROOT}/{source}"
        assert run(["diff", "-r", "-x", "__pycache__", f"{root.path}/{installed}", ours]) == ""

"""Is the crash image fresh, and is a stale one told from it?"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable

import pytest

from lab.images import RHEL, SMALL, squashers
from lab.kdump import Node
from lab.programs import run

pytestmark = pytest.mark.timeout(300)  # some tests build several images


def test_fresh(node: Node) -> None:
    """No cluster runs here: corosync.conf is enough."""
    status, text = node.check()
    assert (status, text) == (0, f"fresh {node.image}\n")
    assert node.state() == f"fresh {node.image}"
    assert node.refresh() == ""
    assert node.asked() == []


def test_monitor_reads_what_check_records(node: Node) -> None:
    assert node.check()[0] == 0
    assert node.monitor() == ""
    node.nodes("node1", "node3")
    assert node.check()[0] == 1
    assert "the crash image is stale (it does not notify node3; " in node.monitor()


def test_monitor_says_nothing_of_an_image_that_nobody_checked(node: Node) -> None:
    """One that was rebuilt by hand, as monitor had asked for."""
    node.file(f"{node.root}/etc/kdump.conf", "force_no_rebuild 1\n")
    node.nodes("node1", "node3")
    node.refresh()
    assert "the crash image is stale (it does not notify node3; " in node.monitor()
    for what in ("rebuild", "reload"):
        node.tool("kdumpctl", what)
    assert node.monitor() == ""
    assert node.check()[0] == 0
    node.nodes("node1", "node4")
    node.check()
    assert "the crash image is stale (it does not notify node4; " in node.monitor()
    os.unlink(node.image)
    assert node.monitor() == ""  # which kdump says by itself


@pytest.mark.parametrize("comment", ["# nothing new\n", "\n"])
def test_a_change_without_a_difference(node: Node, comment: str) -> None:
    with open(f"{node.root}/etc/corosync/corosync.conf", "a") as file:
        file.write(comment)
    assert node.check()[0] == 0


def test_options_changed(node: Node) -> None:
    node.file(f"{node.root}/etc/sysconfig/fence_kdump", 'FENCE_KDUMP_OPTS="-i 3"\n')
    assert node.check() == (
        1,
        "stale: its sender has the options none, but should have --interval 3\n",
    )


def test_sender_is_gone(node: Node) -> None:
    os.unlink(f"{node.sender}/fence_kdump_send")
    shutil.rmtree(node.sender)
    assert node.check() == (2, "unknown: the sender is not installed\n")
    os.mkdir(node.sender)


@pytest.mark.parametrize("squash", squashers())
def test_squashed_image(node: Node, squash: str) -> None:
    """As on RHEL and Fedora: all but some files of dracut's is in a file system of its own."""
    image = node.build([*RHEL, "--add", squash], {"FENCE_KDUMP_SENDER": node.sender})
    assert re.search(r" (squash|squashfs|erofs)-root\.img\n", image.listing())
    assert node.check(image.path) == (0, f"fresh {image.path}\n")


def test_kdump_tools_of_debian_is_not_supported_yet(node: Node) -> None:
    """An image of dracut counts; without one, both commands say what is the matter, and fail."""
    node.file(f"{node.root}/usr/sbin/kdump-config", "")
    assert node.check()[0] == 0
    os.unlink(node.image)
    status, said = node.check()
    assert (status, said.split()[:2]) == (2, ["unknown:", "kdump-tools"])
    assert "kdump-tools (Debian, Ubuntu) builds" in node.refresh(status=2)
    assert node.asked() == []


def test_links_are_down_today(node: Node) -> None:
    """The image knows more than can be known now: that is no reason to rebuild."""
    node.host.ip("link set eth0 down")
    status, text = node.check()
    assert (status, node.state()[:8]) == (2, "unknown ")
    assert "10.0.0.1" in text
    node.refresh()
    assert node.asked() == []


def test_host_name_and_address_are_missing_today(node: Node) -> None:
    """Without either, this node takes itself for another one."""
    node.host.ip("address flush dev eth0")
    argv = [word if word != "me" else "localhost" for word in node.argv("check")]
    result = run(argv)
    assert result.status == 2, result
    assert "does not list this node (localhost)" in result.stdout


def test_image_without_us(node: Node) -> None:
    plain = node.build(SMALL, {"FENCE_KDUMP_IMAGE": "/bin/false"})
    status, text = node.check(plain.path)
    assert status == 1
    assert "built without fence-kdump" in text
    assert not os.path.exists(f"{node.root}/var/lib/fence-kdump")  # it is not the image in use


def test_boot_is_read_only(node: Node) -> None:
    """kdumpctl puts the image elsewhere then; what lies in /boot is an old one."""
    boot = os.path.dirname(node.image)
    elsewhere = f"{node.root}/var/lib/kdump/{os.path.basename(node.image)}"
    shutil.copy2(node.image, elsewhere)
    assert node.check() == (0, f"fresh {node.image}\n")
    script = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"'
    result = run(["unshare", "--mount", "sh", "-ec", script, boot, *node.argv("check")])
    assert (result.status, result.stdout) == (0, f"fresh {elsewhere}\n")


@pytest.mark.parametrize("content", ["", "no image at all\n"])
def test_no_image(node: Node, content: str) -> None:
    if content:
        node.file(node.image, content)
    else:
        os.unlink(node.image)
    status, text = node.check()
    assert status == 2
    assert ("it is incomplete or not an image" if content else "no crash image of kernel") in text
    assert max(map(len, text.splitlines())) < 200 + len(node.root)
    assert node.state().startswith("unknown ")
    node.refresh()
    assert node.asked() == []


def test_image_that_is_not_there(node: Node) -> None:
    assert node.check("/nowhere/image") == (
        2,
        "unknown: /nowhere/image: this file does not exist\n",
    )


@pytest.mark.parametrize("command", ["check", "refresh"])
def test_without_the_right_to(node: Node, command: str) -> None:
    """Without capabilities, and in folders that even their owner may not write to."""
    os.makedirs(f"{node.root}/var/lib/fence-kdump")
    for name in ("run", "var/lib/fence-kdump"):
        os.chmod(f"{node.root}/{name}", 0o500)
    result = run(["unshare", "--user", *node.argv(command)[4:]])
    assert result.status == 2, result
    assert result.stderr.count("\n") == 1
    assert "Permission denied: '" in result.stderr
    assert result.stderr.endswith("': run it as root\n")


def test_image_that_is_cut_off(node: Node) -> None:
    """The manifest is in its first half."""
    with open(node.image, "rb+") as file:
        file.truncate(os.stat(node.image).st_size - 4096)
    status, text = node.check()
    assert (status, text.count("it is incomplete or not an image")) == (2, 1)


COROSYNC = "etc/corosync/corosync.conf"

FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "blank": lambda _: b"\n\n",
    "cut off in a node": lambda text: text[: text.index(b"ring0_addr")],
    "cut off after a node": lambda text: text[: text.index(b"}") + 2],
    "cut off before the nodes": lambda _: b"totem {\n version: 2\n}\n",
    "binary": lambda _: bytes(range(256)) * 400,
    "one long line": lambda _: b"x" * 100000,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_corosync_conf_with_faults_is_no_news(node: Node, fault: str) -> None:
    """The image was built of a whole one: it knows more, and is left alone until that is mended."""
    path = f"{node.root}/{COROSYNC}"
    with open(path, "rb") as file:
        whole = file.read()
    with open(path, "wb") as file:
        file.write(FAULTS[fault](whole))
    status, text = node.check()
    assert status == 2
    assert text.startswith("unknown: /etc/corosync/corosync.conf: ")
    assert "the image stays as it is" in text
    assert (text.count("\n"), len(text) < 400) == (1, True)
    said = node.refresh()
    assert (said.count("\n"), len(said) < 400) == (1, True)
    assert node.asked() == []
    assert node.state().startswith("unknown /etc/corosync/corosync.conf: ")
    node.nodes("node1", "node3")  # mended, and there is news
    node.refresh()
    assert node.asked() == ["rebuild", "reload"]


def test_corosync_conf_that_cannot_be_read_is_no_news(node: Node) -> None:
    path = f"{node.root}/{COROSYNC}"
    os.rename(path, f"{path}.away")
    for there in ("folder", "link"):
        if there == "folder":
            os.mkdir(path)
        else:
            os.symlink("/nowhere/corosync.conf", path)
        status, text = node.check()
        assert (status, text.count("\n")) == (2, 1)
        assert "corosync.conf: it cannot be read: " in text
        shown = run(node.argv("show")[:-2])
        assert "corosync.conf: it cannot be read: " in shown.stdout
        (os.rmdir if there == "folder" else os.unlink)(path)
    os.rename(f"{path}.away", path)
    assert node.check()[0] == 0


def test_corosync_conf_is_gone(node: Node) -> None:
    """So is the cluster: that is news."""
    os.unlink(f"{node.root}/{COROSYNC}")
    status, text = node.check()
    assert status == 1
    assert "no node is to get any" in text


def test_opted_out_whatever_else_is_wrong(node: Node) -> None:
    node.file(f"{node.root}/{COROSYNC}", "")
    node.file(f"{node.root}/etc/sysconfig/fence_kdump", "FENCE_KDUMP=no\n")
    assert node.check()[0] == 1


def test_image_that_was_built_of_the_same_faulty_file(node: Node) -> None:
    """Nothing has changed since."""
    with open(f"{node.root}/{COROSYNC}", "a") as file:
        file.write("totem {\n")
    node.tool("kdumpctl", "rebuild")
    assert node.check()[0] == 0


def test_no_crash_kernel_is_loaded(node: Node) -> None:
    """An image that fits is nothing as long as the kernel would not start it."""
    node.file(node.loaded, "0\n")
    told = "no crash kernel is loaded: start the kdump service"
    assert node.check() == (1, f"unloaded: {told}\n")
    assert node.state() == f"unloaded {told}"
    assert node.check(node.image)[0] == 0  # asked for that image, whatever is loaded
    node.nodes("node1", "node3")
    status, text = node.check()
    assert status == 1
    assert text.startswith("stale: it does not notify node3\n")
    assert text.endswith(f"stale: {told}\n")


def test_fadump_needs_none_loaded(node: Node) -> None:
    node.file(node.loaded, "0\n")
    node.file(f"{node.root}/sys/kernel/fadump/registered", "1\n")
    assert node.check()[0] == 0

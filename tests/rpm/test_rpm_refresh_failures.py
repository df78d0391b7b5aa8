"""Whatever comes of a rebuild, what was loaded before it is loaded after it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from lab.kdump import Node, read
from lab.programs import run

pytestmark = pytest.mark.timeout(300)  # some tests build several images


def test_new_image_does_not_load(node: Node) -> None:
    node.nodes("node1", "node3")
    node.say("tight")
    text = node.refresh(status=1)
    assert "the new image cannot be loaded" in text
    assert "the old image is put back" in text
    assert node.asked() == ["rebuild", "reload", "reload"]
    assert node.is_first_image_loaded()
    assert node.state().startswith("stale ")
    # not again for the same
    assert "has failed before" in node.refresh(status=1)
    assert node.asked() == ["rebuild", "reload", "reload"]
    # but for something else
    node.forget("tight")
    node.nodes("node1", "node4")
    node.refresh()
    assert node.is_new_image_loaded()
    assert not os.path.exists(node.failed)


def test_image_cannot_be_built(node: Node) -> None:
    node.nodes("node1", "node3")
    node.say("broken-build", f"echo half an image >{node.image}\n")
    text = node.refresh(status=1)
    assert "kdumpctl rebuild failed with status 1" in text
    assert "the old image is put back" in text
    assert node.asked() == ["rebuild"]
    assert node.is_first_image_loaded()


def test_change_while_a_build_fails(node: Node) -> None:
    node.nodes("node1", "node3")
    conf = f"{node.root}/etc/corosync/corosync.conf"
    node.say("later", read(conf).replace("node3", "node4"))
    node.say("broken-build", f"mv later {conf}\nrm broken-build\n")
    assert "kdumpctl rebuild failed" in node.refresh()
    assert node.asked() == ["rebuild", "rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert not os.path.exists(node.failed)


HALVES = {
    "before it wrote anything": ":",
    "half written": "head -c 1000000 first >{image}",
    "a few bytes short": "head -c -4096 first >{image}",
    "emptied": ": >{image}",
    "removed": "rm {image}",
}


@pytest.mark.parametrize("half", HALVES)
def test_rebuild_was_cut_off(node: Node, half: str) -> None:
    """Killed, as the machine goes down: the image of before is beside it."""
    node.nodes("node1", "node3")
    node.cut_off("before-build", HALVES[half].format(image=node.image))
    node.file(node.loaded, "0\n")
    node.nodes("node1")
    assert "interrupted" in node.refresh()
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_first_image_loaded()


def test_rebuild_was_cut_off_and_kdump_has_built_since(node: Node) -> None:
    """For another dump target, say: the newer image is loaded, and the one of before goes."""
    node.nodes("node1", "node3")
    node.cut_off("before-build", HALVES["half written"].format(image=node.image))
    node.tool("kdumpctl", "rebuild")
    newer = read(node.image)
    assert "complete and newer" in node.refresh()
    assert node.asked() == ["rebuild", "rebuild", "reload"]
    assert read(node.image) == newer
    assert node.is_new_image_loaded()


def test_rebuild_was_cut_off_and_what_it_built_does_not_load(node: Node) -> None:
    """The machine went down between build and load."""
    node.nodes("node1", "node3")
    node.cut_off("before-build")
    node.tool("kdumpctl", "rebuild")
    node.say("tight")
    node.file(node.loaded, "0\n")
    assert "the old image is put back" in node.refresh(status=1)
    assert node.is_first_image_loaded()


def test_load_was_cut_off(node: Node) -> None:
    """Nothing is loaded, and `check` says so; the new image is, by the next refresh."""
    node.nodes("node1", "node3")
    node.cut_off("before-load")
    assert "unloaded: no crash kernel is loaded" in node.check()[1]
    assert "complete and newer" in node.refresh()
    assert node.asked() == ["rebuild", "reload", "reload"]
    assert node.is_new_image_loaded()


@pytest.mark.parametrize("when", ["before-build", "before-load"])
def test_refresh_is_asked_to_end(node: Node, when: str) -> None:
    """It puts everything back first, and leaves no tool behind."""
    node.nodes("node1", "node3")
    half = f"head -c 1000 first >{node.image}" if when == "before-build" else ":"
    done = node.cut_off(when, half, signal.SIGTERM)
    assert done.returncode == 128 + signal.SIGTERM
    assert "the old image is put back" in done.stderr
    assert node.is_tool_gone()
    assert node.is_first_image_loaded()
    assert not os.path.exists(node.failed)


@pytest.mark.parametrize(
    ("when", "asked"),
    [("before-build", ["rebuild"]), ("before-load", ["rebuild", "reload", "reload"])],
)
def test_tool_that_hangs(node: Node, when: str, asked: list[str]) -> None:
    """It is ended with all that it has started, of which each holds its lock."""
    node.nodes("node1", "node3")
    node.tool("kdumpctl", "rebuild")
    os.rename(node.image, f"{node.folder}/prepared")
    shutil.copy2(node.first, node.image)
    node.forget("log")
    node.say(when, "trap '' TERM\necho $$ >pid\nsleep 1000\n")
    text = node.refresh(1, "--timeout", "5")
    assert " s and was ended" in text
    assert node.asked() == asked
    assert node.is_tool_gone()
    assert node.is_first_image_loaded()
    assert run(["flock", "--nonblock", f"{node.root}/run/kdump.lock", "true"]).status == 0
    assert "has failed before" in node.refresh(status=1)


def test_nothing_loads_any_more(node: Node) -> None:
    """As long as that is so, refresh and check say so; then the old image is loaded."""
    node.nodes("node1", "node3")
    node.say("unloadable")
    assert "THIS NODE WILL NOT DUMP" in node.refresh(status=1)
    node.nodes("node1")
    assert "THIS NODE WILL NOT DUMP" in node.refresh(status=1)
    assert node.check()[0] == 1
    node.forget("unloadable")
    assert "a crash kernel is loaded" in node.refresh()
    assert node.asked() == ["rebuild", "reload", "reload", "reload", "reload"]
    assert node.is_first_image_loaded()
    assert node.check()[0] == 0


def test_kdump_was_stopped_by_the_administrator(node: Node) -> None:
    """What another has unloaded stays so."""
    node.file(node.loaded, "0\n")
    node.refresh()
    assert node.asked() == []


@contextlib.contextmanager
def boot_of_its_own(node: Node, size: int) -> Iterator[str]:
    """A file system for the image alone, of a number of bytes; where it is mounted."""
    place = os.path.dirname(node.image)
    content = os.listdir(place)
    aside = f"{node.root}/aside"
    shutil.copytree(place, aside, symlinks=True)
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)
    try:
        for name in content:
            shutil.copy2(f"{aside}/{name}", f"{place}/{name}", follow_symlinks=False)
        yield place
    finally:
        run(["umount", place])
        shutil.rmtree(aside)


def mount(*arguments: str) -> None:
    assert run(["mount", *arguments]).status == 0


def test_no_room_for_the_old_image(node: Node) -> None:
    """That is no failed rebuild: it is done when there is room."""
    node.nodes("node1", "node3")
    size = os.stat(node.image).st_size
    with boot_of_its_own(node, size * 3 // 2) as boot:
        assert "cannot be saved" in node.refresh(status=1)
        assert node.asked() == []
        assert node.is_first_image_loaded()
        mount("-o", f"remount,size={size * 4}", boot)
        node.refresh()
        assert node.is_new_image_loaded()


def test_read_only_for_a_moment(node: Node) -> None:
    node.nodes("node1", "node3")
    with boot_of_its_own(node, os.stat(node.image).st_size * 4) as boot:
        mount("-o", "remount,ro", boot)
        assert "cannot be saved" in node.refresh(status=1)
        assert node.is_first_image_loaded()
        mount("-o", "remount,rw", boot)
        node.refresh()
        assert node.is_new_image_loaded()


def test_no_room_for_the_new_image(node: Node) -> None:
    """The build has failed, but not for good."""
    node.nodes("node1", "node3")
    with boot_of_its_own(node, os.stat(node.image).st_size * 4) as boot:
        node.say("broken-build", f"cat first first >{boot}/else; cp first {node.image}\n")
        text = node.refresh(status=1)
        assert "there is no room for a new image" in text
        assert "the old image is put back" in text
        os.unlink(f"{boot}/else")
        assert node.is_first_image_loaded()
        node.forget("broken-build")
        node.refresh()
        assert node.is_new_image_loaded()


def test_tool_that_builds_nothing(node: Node) -> None:
    """Its exit status says that it has."""
    node.nodes("node1", "node3")
    kdumpctl = f"{node.where}/bin/kdumpctl"
    os.rename(kdumpctl, f"{kdumpctl}.away")
    node.script("kdumpctl", "exit 0")
    assert "kdumpctl built nothing" in node.refresh(status=1)
    assert node.is_first_image_loaded()
    os.rename(f"{kdumpctl}.away", kdumpctl)
    node.refresh()
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_new_image_loaded()


def test_leftovers_are_cleared(node: Node) -> None:
    """Half a copy, and the old image of a kernel that is gone."""
    boot = os.path.dirname(node.image)
    for name in (
        f".{os.path.basename(node.image)}.fence-kdump-old.part",
        ".initramfs-6.1.0-gonekdump.img.fence-kdump-old",
        ".initramfs-6.1.0-gonekdump.img.fence-kdump-old.part",
    ):
        node.file(f"{boot}/{name}", "left\n")
    assert node.refresh() == ""
    assert node.is_first_image_loaded()


@pytest.mark.parametrize("half", ["half written", "whole", "gone with its kernel"])
def test_rebuild_for_another_kernel_was_cut_off(node: Node, half: str) -> None:
    """The machine was booted with this one since: it is made whole, and loaded by nobody."""
    boot = os.path.dirname(node.image)
    image = f"{boot}/initramfs-6.1.0-otherkdump.img"
    shutil.copy2(node.first, f"{boot}/.{os.path.basename(image)}.fence-kdump-old")
    content = read(node.first)
    if half != "gone with its kernel":
        node.file(image, "half an image\n")
    if half == "whole":
        shutil.copy(node.first, image)
    node.refresh()
    assert node.asked() == []
    if half != "gone with its kernel":
        assert read(image) == content
        os.unlink(image)
    assert node.is_first_image_loaded()

"""SUSE: mkdumprd builds, load.sh loads, and the kernel is found by a link beside the image."""

from __future__ import annotations

import os
import signal

import pytest

from lab.kdump import NEW_KERNEL, OLD_KERNEL, Node, read

pytestmark = pytest.mark.timeout(300)  # some tests build several images


def kernel(suse: Node) -> tuple[str, str, str]:
    """The kernel beside the image, by its link and its file, and the one that is loaded."""
    link, loaded = os.readlink(suse.kernel), read(f"{suse.folder}/loaded-kernel")
    return link, read(f"{suse.kernel}-version").strip(), loaded.strip()


def test_a_node_was_added(suse: Node) -> None:
    """In an update, maybe, that has brought another kernel."""
    suse.nodes("node1", "node3")
    suse.say("default-kernel", NEW_KERNEL)
    suse.refresh()
    assert suse.asked() == ["mkdumprd -f", "load.sh"]
    assert suse.is_new_image_loaded()
    assert kernel(suse) == (NEW_KERNEL,) * 3


def test_new_image_does_not_load(suse: Node) -> None:
    """The configuration is newer than the old image, by a package's doing: put back, that is loaded
    all the same, with the kernel it was built for."""
    suse.nodes("node1", "node3")
    suse.say("default-kernel", NEW_KERNEL)
    suse.say("tight")
    os.utime(f"{suse.root}/etc/sysconfig/kdump")
    assert "the old image is put back" in suse.refresh(status=1)
    assert suse.asked() == ["mkdumprd -f", "load.sh", "load.sh"]
    assert suse.is_first_image_loaded()
    assert kernel(suse) == (OLD_KERNEL,) * 3
    assert suse.check()[0] == 1
    assert "has failed before" in suse.refresh(status=1)


def test_load_was_cut_off(suse: Node) -> None:
    """Image and kernel are new by then, and do not load."""
    suse.nodes("node1", "node3")
    suse.say("default-kernel", NEW_KERNEL)
    suse.cut_off("before-load")
    suse.say("tight")
    suse.nodes("node1")
    assert suse.check()[0] == 1
    assert "the old image is put back" in suse.refresh()
    assert suse.is_first_image_loaded()
    assert kernel(suse) == (OLD_KERNEL,) * 3


def test_leftovers_are_cleared(suse: Node) -> None:
    """A refresh was cut off when its old image was gone, or not there yet."""
    folder = os.path.dirname(suse.image)
    os.symlink(NEW_KERNEL, f"{folder}/.kernel.fence-kdump-old")
    suse.file(f"{folder}/.kernel-version.fence-kdump-old", NEW_KERNEL)
    suse.file(f"{folder}/.initrd.fence-kdump-old.part", "left\n")
    assert suse.refresh() == ""
    assert suse.asked() == []
    assert suse.is_first_image_loaded()
    assert kernel(suse) == (OLD_KERNEL,) * 3


def test_refresh_is_asked_to_end(suse: Node) -> None:
    suse.nodes("node1", "node3")
    suse.say("default-kernel", NEW_KERNEL)
    suse.cut_off("before-load", number=signal.SIGTERM)
    assert suse.is_first_image_loaded()
    assert kernel(suse) == (OLD_KERNEL,) * 3


def test_nothing_loads_any_more(suse: Node) -> None:
    """As long as that is so, refresh and check say so; then the old image is loaded."""
    suse.nodes("node1", "node3")
    suse.say("unloadable")
    assert "THIS NODE WILL NOT DUMP" in suse.refresh(status=1)
    suse.nodes("node1")
    assert "THIS NODE WILL NOT DUMP" in suse.refresh(status=1)
    assert suse.check()[0] == 1
    suse.forget("unloadable")
    suse.refresh()
    assert suse.asked() == ["mkdumprd -f", *["load.sh"] * 4]
    assert suse.is_first_image_loaded()


def test_mkdumprd_builds_nothing(suse: Node) -> None:
    """It says so, and ends with 0."""
    suse.nodes("node1", "node3")
    suse.say("transactional")
    assert "mkdumprd built nothing" in suse.refresh(status=1)
    assert suse.asked() == ["mkdumprd -f"]
    assert suse.is_first_image_loaded()
    assert suse.state().startswith("stale ")
    suse.forget("transactional")
    suse.refresh()
    assert suse.is_new_image_loaded()


def test_image_cannot_be_built(suse: Node) -> None:
    suse.nodes("node1", "node3")
    suse.say("broken-build", f"echo half an image >{suse.image}\n")
    assert "mkdumprd -f failed with status 1" in suse.refresh(status=1)
    assert suse.asked() == ["mkdumprd -f"]
    assert suse.is_first_image_loaded()
    assert kernel(suse) == (OLD_KERNEL,) * 3


def test_kdump_service_builds_what_is_newer(suse: Node) -> None:
    """The stand-ins have the way of the real ones for which kdump.service is not restarted."""
    os.utime(f"{suse.root}/etc/sysconfig/kdump")
    suse.tool("systemctl", "restart", "kdump.service")
    assert suse.asked() == ["load.sh --update", "mkdumprd"]
    assert not suse.is_first_image_loaded()

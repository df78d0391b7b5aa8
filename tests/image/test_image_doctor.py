"""What `fence-kdump doctor` says of a node and its crash image, which dracut has built."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping

import pytest

from fence_kdump_admin.doctor.image import modules_of
from lab.images import COROSYNC, SENDER, SMALL, Image, Workshop, squashers
from lab.programs import ADMIN, run

CIB = """\
<cib crm_feature_set="3.16.2"><configuration><crm_config/>
<nodes><node id="1" uname="node1"/><node id="2" uname="me"/></nodes>
<resources>
<primitive id="kdump" class="stonith" type="fence_kdump"><instance_attributes id="i">
<nvpair id="a" name="auth" value="AUTH"/></instance_attributes></primitive>
<primitive id="power" class="stonith" type="fence_ipmilan"/>
</resources><constraints/><fencing-topology>
<fencing-level id="1" target-pattern="." index="1" devices="kdump"/>
<fencing-level id="2" target-pattern="." index="2" devices="power"/>
</fencing-topology></configuration><status/></cib>
"""
KEY = "k" * 64
MADE = ("var", "usr", "lib", "etc/systemd", "etc/fence_kdump", "sys/kernel", "sys/class/watchdog")


@pytest.fixture(scope="module")
def node(workshop: Workshop) -> Iterator[Workshop]:
    """A node on which all is well, but for its neighbour, which is down."""
    root = workshop.root
    workshop.file(f"{root}/sys/kernel/kexec_crash_size", f"{256 << 20}\n")
    workshop.file(f"{root}/sys/kernel/kexec_crash_loaded", "1\n")
    os.chmod(workshop.file(f"{root}/usr/sbin/fence_kdump", "#!/bin/sh\n"), 0o700)
    for unit in ("path", "service"):
        wanted = f"{root}/etc/systemd/system/multi-user.target.wants"
        workshop.file(f"{wanted}/fence-kdump-refresh.{unit}", "")
    workshop.file(f"{root}/var/lib/pacemaker/cib/cib.xml", CIB.replace("AUTH", "required"))
    os.chmod(workshop.file(f"{root}/etc/fence_kdump/key", KEY), 0o600)
    for name, state in (("watchdog0", "active"), ("watchdog1", "inactive")):
        place = f"{root}/sys/class/watchdog/{name}"
        workshop.file(f"{place}/state", f"{state}\n")
        workshop.file(f"{place}/timeout", "10\n")
        workshop.file(f"{place}/identity", "a watchdog\n")
        os.makedirs(f"{place}/device/driver")
        os.symlink("../../virtio_net", f"{place}/device/driver/module")  # a module of the image
    os.makedirs(f"{root}/lib")
    os.symlink("/lib/modules", f"{root}/lib/modules")
    os.makedirs(f"{root}/var/lib/kdump")
    yield workshop
    for folder in MADE:
        shutil.rmtree(f"{root}/{folder}")


@pytest.fixture(scope="module")
def image(node: Workshop) -> Image:
    """Its crash image, with the kernel's modules."""
    return node.build(SMALL)


def checks(node: Workshop, image: Image) -> dict[str, Mapping[str, str]]:
    """The checks by name; of one that is there more than once, the first that is not ok."""
    link = f"{node.root}/var/lib/kdump/initrd"
    if os.path.lexists(link):
        os.unlink(link)
    os.link(image.path, link)  # it is looked for below the root alone
    options = ["--root", node.root, "--node", "me", "--sender", SENDER]
    result = run([ADMIN, "doctor", "--json", *options], host=node.host)
    assert not result.stderr
    found: dict[str, Mapping[str, str]] = {}
    for check in json.loads(result.stdout)["checks"]:
        if found.get(check["name"], {}).get("state", "ok") == "ok":
            found[check["name"]] = check
    return found


def test_all_is_well(node: Workshop, image: Image) -> None:
    found = checks(node, image)
    states = {name: check["state"] for name, check in found.items()}
    assert states.pop("way") == "bad"
    assert states.pop("node-key") == "unknown"  # no cluster runs here
    assert {name: state for name, state in states.items() if state != "ok"} == {}
    assert {"crash-memory", "crash-kernel", "agent", "stock-sender", "refresh"} <= states.keys()
    assert {"image", "link", "drivers", "watchdog", "key", "auth", "firewall"} <= states.keys()
    assert "no machine answers for this address over eth0" in found["way"]["text"]
    assert "10.0.0.1 over eth0 from 10.0.0.2" in found["link"]["text"]
    assert "10 s" in found["watchdog"]["text"]


def test_a_stale_image(node: Workshop, image: Image) -> None:
    path = f"{node.root}/etc/corosync/corosync.conf"
    more = COROSYNC.replace("ring0_addr: 10.0.0.1", "ring0_addr: 10.0.0.3")
    node.file(path, more)
    try:
        found = checks(node, image)
    finally:
        node.file(path, COROSYNC)
    assert found["image"]["state"] == "bad"
    assert "10.0.0.3" in found["image"]["text"]
    assert found["image"]["remedy"] == "fence-kdump refresh"


def test_an_image_without_the_driver(node: Workshop) -> None:
    bare = node.build([*SMALL, "--omit-drivers", "virtio_net"])
    found = checks(node, bare)
    for name in ("drivers", "watchdog"):
        assert found[name]["state"] == "bad"
        assert "virtio_net" in found[name]["text"]
        assert found[name]["remedy"] == "fence-kdump refresh"


# newer dracuts have a module for each file system, and one that takes either in a whole image
FILE_SYSTEMS = [name for name in squashers() if name != "squash"] or squashers()


@pytest.mark.parametrize("squash", FILE_SYSTEMS)
def test_squashed_images(node: Workshop, squash: str) -> None:
    """As kdump-utils has them built: the drivers are in a file system within the image."""
    for options, state in (([], "ok"), (["--omit-drivers", "virtio_net"], "bad")):
        squashed = node.build([*SMALL, "--add", squash, *options])
        assert re.search(r" (squash|squashfs|erofs)-root\.img\n", squashed.listing())
        found = checks(node, squashed)
        assert {name: found[name]["state"] for name in ("drivers", "watchdog")} == {
            "drivers": state,
            "watchdog": state,
        }


def test_a_watchdog_of_which_nothing_tells_the_driver(node: Workshop, image: Image) -> None:
    device = f"{node.root}/sys/class/watchdog/watchdog0/device"
    os.rename(device, f"{device}.kept")
    try:
        found = checks(node, image)
    finally:
        os.rename(f"{device}.kept", device)
    assert found["watchdog"]["state"] == "unknown"
    assert "Its driver is not known" in found["watchdog"]["text"]


def test_the_watchdog_of_the_bmc(node: Workshop, image: Image) -> None:
    module = f"{node.root}/sys/module/ipmi_watchdog"
    node.file(f"{module}/refcnt", "1\n")
    try:
        found = checks(node, image)
    finally:
        shutil.rmtree(module)
    assert found["watchdog"]["state"] == "bad"
    assert "the BMC's watchdog" in found["watchdog"]["text"]


def test_all_is_wrong(node: Workshop, image: Image) -> None:
    root = node.root
    kept = [f"{root}/{folder}" for folder in ("etc", "sys", "usr")]
    for folder in kept:
        shutil.copytree(folder, f"{folder}.kept", symlinks=True)
    try:
        node.file(f"{root}/sys/kernel/kexec_crash_size", "0\n")
        node.file(f"{root}/sys/kernel/kexec_crash_loaded", "0\n")
        node.file(f"{root}/sys/class/watchdog/watchdog0/timeout", "5\n")
        module = f"{root}/sys/class/watchdog/watchdog0/device/driver/module"
        os.unlink(module)
        os.symlink("../../ipmi_watchdog", module)
        os.unlink(f"{root}/usr/sbin/fence_kdump")
        node.file(f"{root}/usr/libexec/fence_kdump_send", "")
        shutil.rmtree(f"{root}/etc/systemd")
        os.unlink(f"{root}/etc/fence_kdump/key")
        # the address of its name alone, which is no ring's: a cluster's, perhaps
        node.file(f"{root}/etc/corosync/corosync.conf", COROSYNC.replace("10.0.0.2", "10.0.0.7"))
        found = checks(node, image)
    finally:
        for folder in kept:
            shutil.rmtree(folder)
            os.rename(f"{folder}.kept", folder)
    wrong = {name for name, check in found.items() if check["state"] == "bad"}
    assert wrong >= {"crash-memory", "crash-kernel", "agent", "stock-sender", "refresh", "link"}
    assert wrong >= {"watchdog", "key", "auth"}
    assert all(found[name]["remedy"] for name in wrong)


def test_a_pacemaker_remote_node_needs_no_agent(node: Workshop, image: Image) -> None:
    kept = [f"{node.root}/usr/sbin/fence_kdump", f"{node.root}/etc/corosync/corosync.conf"]
    for path in kept:
        os.rename(path, f"{path}.kept")
    found = checks(node, image)
    for path in kept:
        os.rename(f"{path}.kept", path)
    assert found["agent"]["state"] == "ok"


def test_nothing_is_known_of_an_image_that_is_none(node: Workshop, image: Image) -> None:
    with open(f"{node.where}/none.img", "w") as file:
        file.write("no image\n")
    found = checks(node, Image(file.name, ""))
    assert found["image"]["state"] == "unknown"


def test_modules_of_a_listing() -> None:
    text = (
        "-rw-r--r-- 1 root root 1 Jan  1 00:00 usr/lib/modules/6.1/kernel/net/virtio_net.ko\n"
        "-rw-r--r-- 1 root root 1 Jan  1 00:00 usr/lib/modules/6.1/kernel/net/e1000-e.ko.xz\n"
        "-rw-r--r-- 1 root root 1 Jan  1 00:00 usr/lib/modules/6.1/modules.dep\n"
    )
    assert modules_of(text) == {"virtio_net", "e1000_e"}
    assert modules_of("kernel/a.ko: kernel/b.ko.zst kernel/c.ko\n") == {"a", "b", "c"}

"""A survey of a node: its own kernel tells what its network and its drivers look like.

An image is built on the node that it is for, and asks the running kernel. Here the build runs on
another machine, so the node is booted once and asked before: what it answered stands in then.
"""

from __future__ import annotations

import os
import tempfile
import time

from . import disk, host, stage1
from .network import Network
from .nodes import Node, write_etc
from .vm import VirtualMachine

__all__ = ["survey"]

_LIMIT = 120.0  # seconds
_MODULES = ("virtio_net", "bonding", "8021q", "vrf")


def survey(node: Node, folder: str) -> str:
    """Boots the node, asks it, and returns `folder`: answers/, etc/ and sys/ (its symlinks) of it.

    Raises RigError when the node does not answer.
    """
    os.makedirs(folder)
    with tempfile.TemporaryDirectory() as work:
        questions = os.path.join(work, "questions")
        os.makedirs(os.path.join(questions, "survey"))
        _write(os.path.join(questions, "survey", "network"), node.network)
        _write(os.path.join(questions, "survey", "questions"), _questions(node))
        answers = disk.add_file_system(os.path.join(work, "disk"), "survey", questions)
        initrd = stage1.build(os.path.join(work, "img"), "survey-init.sh", _MODULES, node.watchdog)
        log = os.path.join(folder, "survey.log")
        with (
            Network(node) as network,
            VirtualMachine(node, network, initrd, "console=ttyS0", (answers,), log) as machine,
        ):
            for _ in machine.console.follow(time.monotonic() + _LIMIT):
                pass
        if not machine.console.find("RIG: power off"):
            raise host.RigError(f"the survey failed; it ended with\n{machine.console.tail()}")
        host.run("debugfs", "-R", f"rdump /answers {folder}", answers)
    with open(os.path.join(folder, "answers", "sysfs"), encoding="ascii") as links:
        for line in links:
            path, target = line.rstrip("\n").split("\t")
            os.makedirs(os.path.dirname(folder + path), exist_ok=True)
            os.symlink(target, folder + path)
    with open(os.path.join(folder, "answers", "files"), encoding="ascii") as files:
        told = dict(line.rstrip("\n").split("\t") for line in files)
    for path, content in (*told.items(), *((f"/etc/{p}", text) for p, text in node.etc.items())):
        write_etc(folder + path, content)
    os.symlink("/lib", os.path.join(folder, "lib"))  # the node's kernel is one of this machine's
    return folder


def _questions(node: Node) -> list[str]:
    """What the image helper may want to know: arguments of `ip -j`."""
    words = [line.split() for line in (*node.network, *node.survivor)]
    masters = {
        line[2]: line[4] for line in words if line[:2] == ["link", "set"] and "master" in line
    }
    vrfs = {line[2] for line in words if line[-4:-2] == ["type", "vrf"]}
    own = {}  # address -> how a route from it is asked for
    for line in node.network:
        if "addr add" in line:
            address, _, device = line.split("addr add ")[1].split()[:3]
            master = masters.get(device, "")
            source = address.split("/")[0]
            own[source] = f"from {source}{f' vrf {master}' * (master in vrfs)}"
    others = [line.split("addr add ")[1].split("/")[0] for line in node.survivor]
    routes = [f"route get {other}" for other in others]
    routes += [f"route get {other} {question}" for other in others for question in own.values()]
    return ["-d link show", "address show", *routes]


def _write(path: str, lines: tuple[str, ...] | list[str]) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in lines)

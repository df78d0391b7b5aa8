"""A raw socket hears VRFs that a UDP socket does not: the agent succeeds by neither.

VRFs are made in a virtual machine, as not every kernel has them; tests/rig/guest/vrf.py runs there.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from rig import disk, host, stage1
from rig.nodes import Node
from rig.vm import VirtualMachine

LIMIT = 90.0  # seconds
PYTHON = "/usr/bin/python3"
NOT_NEEDED = shutil.ignore_patterns("dist-packages", "test", "tests", "__pycache__", "*config-*")


class _NoNetwork:
    def tap(self, index: int) -> str:
        raise IndexError(index)

    def command(self, *argv: str) -> list[str]:
        return list(argv)


def _guest_disk(folder: Path) -> str:
    """A Python with its libraries, the agent, and the guest's part of this test."""
    root = folder / "root"
    library = host.run(PYTHON, "-ISc", "import os; print(os.path.dirname(os.__file__))").strip()
    shutil.copytree(library, root / "usr/lib" / os.path.basename(library), ignore=NOT_NEEDED)
    (root / "usr/bin").mkdir()
    shutil.copy(os.path.realpath(PYTHON), root / "usr/bin/python3")
    for path in re.findall(r"/\S+", host.run("ldd", PYTHON)):
        shutil.copy(os.path.realpath(path), root / "usr/lib" / os.path.basename(path))
    for part in ("agent", "cluster", "protocol"):
        shutil.copytree(os.path.join(host.REPOSITORY, part), root / part, ignore=NOT_NEEDED)
    shutil.copy(host.guest_file("vrf.py"), root)
    return disk.add_file_system(str(folder / "disk"), "vrf", str(root))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of the row -> exit status and output of the agent."""
    folder = tmp_path_factory.mktemp("vrf")
    node = Node("survivor", (), (), {}, (), "", "")
    initrd = stage1.build(str(folder / "img"), "vrf-init.sh", ("vrf", "veth"))
    machine = VirtualMachine(
        *(node, _NoNetwork(), initrd, "console=ttyS0", (_guest_disk(folder),)),
        log=str(folder / "console.log"),
    )
    with machine:
        for _ in machine.console.follow(time.monotonic() + LIMIT):
            pass
    assert machine.console.find("RIG: power off"), machine.console.tail()
    texts = [line.text[4:] for line in machine.console.lines if line.text.startswith("ROW ")]
    return dict(text.split(": ", 1) for text in texts)


@pytest.mark.parametrize("inlet", ["bound", "raw"])
@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("plain", "0"),
        ("vrf", "1"),
        ("accepted", "0"),  # net.ipv4.udp_l3mdev_accept=1
    ],
)
def test_what_comes_in_by_a_vrf(
    rows: dict[str, str], state: str, family: str, inlet: str, status: str
) -> None:
    said = rows[f"{state} {family} {inlet}"]
    assert said.startswith(f"{status} "), said
    if state == "vrf":
        assert ("arrived through a VRF" in said) == (inlet == "raw"), said

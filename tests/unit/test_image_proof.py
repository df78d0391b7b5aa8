"""What is missing in an image that was made. modinfo is a stand-in."""

from __future__ import annotations

import json
import os
import pathlib

import pytest

from fence_kdump_image.image.proof import prove

MODINFO = """#!/bin/sh
case "$*" in
    "-k 6.1 bnx2x")
        echo "filename:       /lib/modules/6.1/kernel/drivers/net/bnx2x.ko.xz"
        echo "firmware:       bnx2x/e2.fw"
        echo "firmware:       bnx2x/e1.fw"
        echo "depends:        crc32c-generic"
        ;;
    "-k 6.1 crc32c_generic")
        echo "filename:       /lib/modules/6.1/kernel/lib/crc32c-generic.ko.xz"
        echo "depends:        "
        ;;
    "-k 6.1 ipv6") echo "filename:       (builtin)" ;;
    *) echo "modinfo: ERROR: Module $3 not found." >&2; exit 1 ;;
esac
"""
MODULES = "usr/lib/modules/6.1/kernel"
WHOLE = (
    *(f"usr/bin/{name}" for name in ("sh", "ip", "modprobe", "sleep")),
    f"{MODULES}/drivers/bnx2x.ko",
    f"{MODULES}/lib/crc32c-generic.ko.zst",
    "usr/lib/firmware/bnx2x/e2.fw.xz",
)


@pytest.fixture
def image(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The root of an image that has all of it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/modinfo").write_text(MODINFO)
    (tmp_path / "bin/modinfo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    (tmp_path / "host/lib/firmware/bnx2x").mkdir(parents=True)
    (tmp_path / "host/lib/firmware/bnx2x/e2.fw").touch()
    root = tmp_path / "image"
    (root / "usr/lib/dracut").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    for path in WHOLE:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def proved(root: pathlib.Path, modules: list[str], watchdogs: list[str] | None) -> list[str]:
    """What is told, and in the image's manifest from now on."""
    manifest = root / "usr/lib/dracut/fence-kdump.json"
    manifest.write_text(json.dumps({"modules": modules, "watchdogs": watchdogs, "lacking": []}))
    told = prove(str(root), "6.1", str(root.parent / "host"))
    assert json.loads(manifest.read_text())["lacking"] == told
    return told


def test_all_of_it(image: pathlib.Path) -> None:
    assert proved(image, ["bnx2x", "ipv6"], None) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{MODULES}/drivers/bnx2x.ko", "kernel module bnx2x"),
        (f"{MODULES}/lib/crc32c-generic.ko.zst", "kernel module crc32c_generic"),
        ("usr/lib/firmware/bnx2x/e2.fw.xz", "firmware bnx2x/e2.fw"),
        ("usr/bin/ip", "program ip"),
    ],
)
def test_what_is_missing_is_told_by_name(image: pathlib.Path, path: str, told: str) -> None:
    (image / path).unlink()
    assert proved(image, ["bnx2x"], []) == [told]


def test_firmware_of_other_devices_is_not_missed(image: pathlib.Path) -> None:
    assert not (image.parent / "host/lib/firmware/bnx2x/e1.fw").exists()
    assert proved(image, ["bnx2x"], []) == []


def test_a_module_that_the_kernel_has_not(image: pathlib.Path) -> None:
    assert proved(image, ["mlx4_en"], []) == ["kernel module mlx4_en"]


def test_drivers_of_watchdogs_belong_to_it(image: pathlib.Path) -> None:
    assert proved(image, [], ["hpwdt pretimeout=0"]) == ["kernel module hpwdt"]

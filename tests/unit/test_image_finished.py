"""Where kdump's image lies, by kdump-utils' and SUSE's rules."""

from __future__ import annotations

import os
import pathlib

import pytest

from fence_kdump_image.image import finished

RELEASE = os.uname().release


def put(root: pathlib.Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("image\n")


def found(root: pathlib.Path) -> str:
    return os.path.relpath(finished.find(str(root)), root)


@pytest.mark.parametrize(
    "path",
    [
        f"boot/initramfs-{RELEASE}kdump.img",
        f"boot/0123/{RELEASE}/initrdkdump",
        f"var/lib/kdump/initramfs-{RELEASE}kdump.img",
        "var/lib/kdump/initrd",
        f"boot/initrd-{RELEASE}-kdump",
    ],
)
def test_places(path: str, tmp_path: pathlib.Path) -> None:
    put(tmp_path, "boot/initramfs-6.0.0-otherkdump.img", path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text("0123\n")
    assert found(tmp_path) == path


def test_no_image(tmp_path: pathlib.Path) -> None:
    with pytest.raises(finished.ImageError, match="start the kdump service"):
        finished.find(str(tmp_path))


def test_kernel_of_the_configuration(tmp_path: pathlib.Path) -> None:
    put(tmp_path, f"boot/initramfs-{RELEASE}kdump.img", "boot/initramfs-6.0.0-1kdump.img")
    put(tmp_path, "etc/sysconfig/kdump")
    (tmp_path / "etc/sysconfig/kdump").write_text('KDUMP_KERNELVER="6.0.0-1"\n')
    assert found(tmp_path) == "boot/initramfs-6.0.0-1kdump.img"


@pytest.mark.parametrize("suffix", ["+debug", "-debug"])
def test_kernel_for_debugging(
    suffix: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its plain one dumps, if it is installed. No such kernel runs here, so uname is a mock."""
    names = list(os.uname())
    names[2] = f"6.0.0-1{suffix}"
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(names))
    put(tmp_path, f"boot/initramfs-6.0.0-1{suffix}kdump.img", "boot/initramfs-6.0.0-1kdump.img")
    assert found(tmp_path) == f"boot/initramfs-6.0.0-1{suffix}kdump.img"
    (tmp_path / "lib/modules/6.0.0-1").mkdir(parents=True)
    assert found(tmp_path) == "boot/initramfs-6.0.0-1kdump.img"

"""Which of the machine's kernels the tests crash, and build images for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.host import RigError, kernel_release


def install(root: Path, *releases: str) -> str:
    for release in releases:
        (root / "boot").mkdir(exist_ok=True)
        (root / "boot" / f"vmlinuz-{release}").touch()
        (root / "lib/modules" / release).mkdir(parents=True)
    return str(root)


@pytest.mark.parametrize(
    ("releases", "chosen"),
    [
        (["6.1.0-56-cloud-amd64", "6.1.0-9-cloud-amd64"], "6.1.0-56-cloud-amd64"),
        (["6.1.0-9-cloud-amd64", "6.12.1-1-amd64"], "6.1.0-9-cloud-amd64"),
        (["6.9.4-200.fc40.x86_64", "6.10.3-200.fc40.x86_64"], "6.10.3-200.fc40.x86_64"),
    ],
)
def test_the_newest_cloud_kernel_or_else_the_newest(
    tmp_path: Path, releases: list[str], chosen: str
) -> None:
    assert kernel_release(install(tmp_path, *releases)) == chosen


def test_a_kernel_without_modules_is_none(tmp_path: Path) -> None:
    root = install(tmp_path, "6.1.0-9-amd64", "6.1.0-56-cloud-amd64")
    (tmp_path / "lib/modules/6.1.0-56-cloud-amd64").rmdir()
    assert kernel_release(root) == "6.1.0-9-amd64"
    (tmp_path / "lib/modules/6.1.0-9-amd64").rmdir()
    with pytest.raises(RigError, match="linux-image-cloud-amd64"):
        kernel_release(root)

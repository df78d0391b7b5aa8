"""What the image helper asks of ip and ldd: a tool that hangs must not hang a build."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

from fence_kdump_image.image import libraries
from fence_kdump_image.way.network import Kernel, NetworkError

PATIENCE = 2.0  # seconds
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture
def hanging(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An ip and an ldd that hang; the file with a line for each time they were called."""
    log = tmp_path / "log"
    log.touch()
    for name in ("ip", "ldd"):
        tool = tmp_path / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(f'#!/bin/sh\necho "$*" >>{log}\nexec sleep 1000\n')
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return log


def test_hanging_ip_is_waited_for_once(hanging: pathlib.Path) -> None:
    kernel = Kernel(patience=PATIENCE)
    with pytest.raises(NetworkError, match="timed out"):
        kernel.addresses()
    assert kernel.route("10.0.0.1") is None
    assert kernel.route("10.0.0.2", "10.0.0.3") is None
    with pytest.raises(NetworkError, match="took too long before"):
        kernel.devices()
    assert hanging.read_text() == "-j address show\n"


def test_hanging_ldd(hanging: pathlib.Path, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "sender"
    folder.mkdir()
    shutil.copy("/bin/sleep", folder / "fence_kdump_send")
    with pytest.raises(TimeoutError, match=r"ldd .*/fence_kdump_send: no answer in"):
        libraries.needed(str(folder), PATIENCE)
    assert hanging.read_text() == f"{folder}/fence_kdump_send\n"


def test_a_program_that_cannot_start_is_not_taken_for_a_stale_image(tmp_path: pathlib.Path) -> None:
    """Half removed, or started by a Python that is too old."""
    for path in ("dracut-module/bin", "dracut-module/fence_kdump_image/whom"):
        shutil.copytree(f"{ROOT}/{path}", tmp_path / path)
    for body in ("import fence_kdump_image.none_such\n", "what is this\n"):
        (tmp_path / "dracut-module/fence_kdump_image/main.py").write_text(body)
        run = subprocess.run(
            [tmp_path / "dracut-module/bin/fence-kdump-image", "check"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.startswith("fence-kdump-image: cannot start, install the package again: ")
        assert run.stderr.count("\n") == 1


def test_libraries_of_a_folder_with_a_space(tmp_path: pathlib.Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    shutil.copy("/bin/ls", plain)
    outside = libraries.needed(str(plain))
    assert any("/libc.so." in path for path in outside)
    own = next(path for path in outside if "/libc.so." not in path and "/ld-" not in path)
    spaced = tmp_path / "with a space"
    (spaced / "_internal").mkdir(parents=True)
    shutil.copy("/bin/ls", spaced)
    shutil.copy(own, spaced / "_internal")
    assert {*outside} - {*libraries.needed(str(spaced))} == {own}
    assert {*libraries.needed(str(spaced))} <= {*outside}

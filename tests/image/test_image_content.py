"""What a finished image holds, wherever dracut's releases leave it: `fence-kdump-image show IMAGE`.

The images are made here with the tools that dracut uses, as one machine has one dracut.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from fence_kdump_admin.doctor.image import modules_of
from fence_kdump_image.image import content, manifest
from lab.images import HELPER

MANIFEST = {
    "node": "me",
    "targets": [
        {
            "node": "node1",
            "host": "10.0.0.1",
            "address": "10.0.0.1",
            "ring": 0,
            "named_by": ["/etc/corosync/corosync.conf"],
        }
    ],
    "key": None,
    "links": ["link set dev lo up"],
    "nics": [],
    "modules": ["virtio_net"],
    "warnings": ["a warning of the build"],
}
ARGUMENTS = ["--crash-only", "--", "10.0.0.1"]
FILES = {
    manifest.PATH: json.dumps(MANIFEST),
    "etc/fence-kdump/args": "".join(f"{word}\n" for word in ARGUMENTS),
    "etc/fence-kdump/links": "link set dev lo up\n",
}
# the file system in an image -> what makes it
SQUASHED = {
    "squash-root.img": ["mksquashfs", "{root}", "{image}", "-no-progress"],  # dracut 059
    "squashfs-root.img": ["mksquashfs", "{root}", "{image}", "-no-progress"],  # 104 and later
    "erofs-root.img": ["mkfs.erofs", "{image}", "{root}"],
}


def write(folder: pathlib.Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def pack(where: pathlib.Path, squashed: str, files: dict[str, str]) -> str:
    """An image with those files, squashed but for what dracut leaves outside; its path."""
    outer, inner = where / "outer", where / "inner"
    left = {path: text for path, text in files.items() if path == manifest.PATH or not squashed}
    kept = {"modules.txt": "zz-fence-kdump\n", "build-parameter.txt": " --hostonly\n"}
    write(outer, {f"usr/lib/dracut/{name}": text for name, text in kept.items()})
    write(outer, left)
    write(inner, files)
    if squashed:
        words = [w.format(root=inner, image=outer / squashed) for w in SQUASHED[squashed]]
        subprocess.run(words, check=True, capture_output=True)
    path = where / "crash.img"
    path.write_bytes(cpio(outer))
    return str(path)


def cpio(folder: pathlib.Path) -> bytes:
    """An archive of a folder, as the kernel unpacks it."""
    listing = output(["find", "."], cwd=folder)
    return output(["cpio", "--create", "--format=newc", "--quiet"], listing, cwd=folder)


def output(command: Sequence[str], given: bytes = b"", cwd: pathlib.Path | None = None) -> bytes:
    return subprocess.run(command, input=given, cwd=cwd, stdout=subprocess.PIPE, check=True).stdout


def show(path: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HELPER, "show", *options, path], capture_output=True, text=True, check=False
    )


def shown(path: str, status: int = 0) -> Any:
    run = show(path, "--json")
    assert (run.returncode, run.stderr) == (status, "")
    return json.loads(run.stdout)


@pytest.mark.parametrize("squashed", ["", *SQUASHED])
def test_what_a_finished_image_holds(tmp_path: pathlib.Path, squashed: str) -> None:
    data = shown(pack(tmp_path, squashed, FILES))
    assert data["nobody_told"] == ""
    assert data["targets"] == MANIFEST["targets"]
    assert data["arguments"] == ARGUMENTS
    assert data["links"] == MANIFEST["links"]
    assert data["warnings"] == MANIFEST["warnings"]


@pytest.mark.parametrize("squashed", ["", *SQUASHED])
def test_the_list_of_a_finished_image_has_squashed_files(
    tmp_path: pathlib.Path, squashed: str
) -> None:
    driver = "usr/lib/modules/6.1/kernel/drivers/net/virtio_net.ko.xz"
    path = pack(tmp_path, squashed, {**FILES, driver: "a driver"})
    listed = content.listing(path)
    assert driver in listed
    assert modules_of(listed) == {"virtio_net"}
    assert manifest.PATH in listed


@pytest.mark.parametrize("squashed", ["", *SQUASHED])
@pytest.mark.parametrize("early", ["", "microcode"])
@pytest.mark.parametrize("compressed", ["", "zstd", "xz"])
def test_an_image_that_was_cut_off_is_not_whole(
    tmp_path: pathlib.Path, squashed: str, early: str, compressed: str
) -> None:
    path = pathlib.Path(pack(tmp_path, squashed, {**FILES, "bulk": os.urandom(50_000).hex()}))
    if compressed:
        filter_ = [compressed, "--stdout", *(["--check=crc32"] if compressed == "xz" else [])]
        path.write_bytes(output(filter_, path.read_bytes()))
    if early:  # a cpio of its own before the image's, with a file of this name
        write(tmp_path / "early", {"early_cpio": "1\n"})
        path.write_bytes(cpio(tmp_path / "early") + path.read_bytes())
    whole = path.read_bytes()
    assert content.is_whole(str(path))
    for size in (0, 1, 511, 512, 513, 1000, len(whole) // 2, len(whole) - 4096):
        path.write_bytes(whole[:size])
        assert not content.is_whole(str(path)), size


@pytest.mark.parametrize("folder", ["usr/lib", "lib"])
def test_a_complete_image_whatever_is_merged(tmp_path: pathlib.Path, folder: str) -> None:
    write(tmp_path / "root", {f"{folder}/dracut/build-parameter.txt": "\n"})
    (tmp_path / "image").write_bytes(cpio(tmp_path / "root"))
    assert content.is_whole(str(tmp_path / "image"))


def test_for_reading(tmp_path: pathlib.Path) -> None:
    path = pack(tmp_path, "", FILES)
    lines = show(path).stdout.splitlines()
    assert lines[0] == f"image        {path}"
    assert "notifies     10.0.0.1 node1 ring 0, listed in /etc/corosync/corosync.conf" in lines
    assert "sender       --crash-only -- 10.0.0.1" in lines
    assert "replayed     link set dev lo up" in lines
    assert "warning      a warning of the build" in lines


@pytest.mark.parametrize("squashed", ["", "squashfs-root.img"])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (manifest.PATH, "it was built without fence-kdump or without a part of it"),
        ("etc/fence-kdump/args", "it has no arguments for the sender"),
    ],
)
def test_an_image_that_tells_nobody(
    tmp_path: pathlib.Path, squashed: str, path: str, told: str
) -> None:
    files = {name: text for name, text in FILES.items() if name != path}
    assert shown(pack(tmp_path, squashed, files), 1)["nobody_told"] == told


def test_links_that_are_missing_are_told(tmp_path: pathlib.Path) -> None:
    data = shown(pack(tmp_path, "", {**FILES, "etc/fence-kdump/links": ""}))
    assert data["warnings"][1:] == ["etc/fence-kdump/links is not in the image: rebuild the image"]


@pytest.mark.parametrize("text", ["{}", "[]", "not valid JSON", '{"node": 1, "links": 2}'])
def test_a_manifest_of_another_kind(tmp_path: pathlib.Path, text: str) -> None:
    run = show(pack(tmp_path, "", {**FILES, manifest.PATH: text}))
    assert run.returncode in (1, 2)
    assert "Traceback" not in run.stderr
    assert "internal error, please report it" not in run.stderr


def test_a_tool_that_is_missing_is_named(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path, "squash-root.img", FILES)
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in ("/usr/bin", "/usr/sbin"):
        for name in os.listdir(folder):
            if name != "unsquashfs" and not (tools / name).is_symlink():
                (tools / name).symlink_to(f"{folder}/{name}")
    monkeypatch.setenv("PATH", str(tools))
    run = show(path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.endswith("No such file or directory: install squashfs-tools\n")


def test_a_file_that_is_no_image(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "text"
    path.write_text("no image\n" * 99)
    assert show(str(path)).returncode == 2
    assert show(str(tmp_path / "nowhere")).returncode == 2

"""Key files as they may stand on a disk."""

from __future__ import annotations

import os

import pytest

from fence_kdump_cluster import keyfiles
from fence_kdump_cluster.keyfiles import BadKeyFile


@pytest.fixture
def path(tmp_path: os.PathLike[str]) -> str:
    return f"{tmp_path}/key"


def write(path: str, data: bytes, mode: int = 0o600) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)


@pytest.mark.parametrize("data", [b"", b"\n", bytes(range(256)), b"ends with a line\n"])
def test_all_bytes_count(path: str, data: bytes) -> None:
    write(path, data)
    assert keyfiles.read(path) == data


def test_a_missing_file(path: str) -> None:
    with pytest.raises(BadKeyFile, match=f"{path}: No such file or directory"):
        keyfiles.read(path)
    assert keyfiles.exposure(path) == ""


def test_a_folder(path: str) -> None:
    os.mkdir(path)
    with pytest.raises(BadKeyFile, match=path):
        keyfiles.read(path)


def test_a_pipe_is_not_waited_for(path: str) -> None:
    os.mkfifo(path)
    with pytest.raises(BadKeyFile, match="not a regular file"):
        keyfiles.read(path)


def test_a_disk_is_no_key(path: str) -> None:
    write(path, b"")
    os.truncate(path, 1 << 30)
    with pytest.raises(BadKeyFile, match="more than"):
        keyfiles.read(path)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_a_file_of_its_owner_s(path: str, mode: int) -> None:
    write(path, b"", mode)
    assert keyfiles.exposure(path) == ""


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o660, 0o777])
def test_a_file_that_others_can_read_or_change(path: str, mode: int) -> None:
    write(path, b"", mode)
    assert f"chmod 600 {path}" in keyfiles.exposure(path)


def test_our_own_key_comes_before_corosync_s(path: str) -> None:
    write(path + keyfiles.COROSYNC, b"")
    assert keyfiles.master(path) == keyfiles.COROSYNC
    write(path + keyfiles.MASTER, b"")
    assert keyfiles.master(path) == keyfiles.MASTER


def test_a_link_that_leads_nowhere_is_no_reason_to_take_corosync_s(path: str) -> None:
    os.makedirs(path + os.path.dirname(keyfiles.MASTER))
    os.symlink("nowhere", path + keyfiles.MASTER)
    assert keyfiles.master(path) == keyfiles.MASTER


@pytest.mark.parametrize(
    ("path", "old"),
    [
        ("/etc/fence_kdump/key", "/etc/fence_kdump/key.old"),
        ("/etc/corosync/authkey", "/etc/fence_kdump/key.old"),
        ("/root/key", "/root/key.old"),
    ],
)
def test_the_key_before(path: str, old: str) -> None:
    assert keyfiles.old(path) == old

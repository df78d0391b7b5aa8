"""Whose key goes into the image."""

from __future__ import annotations

from pathlib import Path

from fence_kdump_image.image import nodekey


def test_a_name_that_would_end_the_sender_gets_no_key(tmp_path: Path) -> None:
    (tmp_path / "etc/fence_kdump").mkdir(parents=True)
    (tmp_path / "etc/fence_kdump/key").write_bytes(b"k" * 32)
    (tmp_path / "etc/fence_kdump/key").chmod(0o600)
    key, problems = nodekey.find(str(tmp_path), "node2", "host")
    assert key, problems
    key, problems = nodekey.find(str(tmp_path), "node\udcff", "host")
    assert not key
    assert problems[0].endswith("this node's name 'node\\udcff' is not UTF-8")

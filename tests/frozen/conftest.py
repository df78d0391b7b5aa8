"""Two hosts on a cable, and roots that hold nothing but the frozen sender and libc's files."""

from __future__ import annotations

import os
import shutil

import pytest

from lab.pair import peer, survivor, tap
from lab.programs import SENDER
from lab.roots import LIBRARIES, install_libraries

__all__ = ["peer", "root", "survivor", "tap"]


@pytest.fixture
def root(tmp_path: os.PathLike[str]) -> str:
    """A root with the sender in a folder, and a link to it; no /proc, /dev or /tmp."""
    path = str(tmp_path)
    install_libraries(path, LIBRARIES)
    shutil.copytree(os.path.dirname(SENDER), f"{path}/opt/sender", symlinks=True)
    os.symlink("/opt/sender/fence_kdump_send", f"{path}/fence_kdump_send")
    return path

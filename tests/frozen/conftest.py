"""Roots that hold nothing but the frozen sender and the C library's files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from lab.hosts import Host, address, join
from lab.packets import Tap
from lab.programs import SENDER
from lab.roots import LIBRARIES, install_libraries


@pytest.fixture
def root(tmp_path: os.PathLike[str]) -> str:
    """A root with the sender in a folder, and a link to it; no /proc, /dev or /tmp."""
    path = str(tmp_path)
    install_libraries(path, LIBRARIES)
    shutil.copytree(os.path.dirname(SENDER), f"{path}/opt/sender", symlinks=True)
    os.symlink("/opt/sender/fence_kdump_send", f"{path}/fence_kdump_send")
    return path


@pytest.fixture
def survivor() -> Iterator[Host]:
    host = Host("survivor")
    yield host
    host.close()


@pytest.fixture
def peer(survivor: Host) -> Iterator[Host]:
    host = Host("peer")
    join(survivor, host)
    address(survivor, "10.0.0.1/24")
    address(host, "10.0.0.2/24")
    yield host
    host.close()


@pytest.fixture
def tap(survivor: Host, peer: Host) -> Tap:
    return Tap(survivor)

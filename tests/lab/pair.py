"""Fixtures: two hosts on a cable, the survivor, where the agent runs, and the peer that crashed.

A conftest.py that imports them has them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.hosts import Host, address, join
from lab.packets import Tap

__all__ = ["peer", "survivor", "tap"]


@pytest.fixture
def survivor() -> Iterator[Host]:
    """10.0.0.1 and fd00::1, once it has a peer."""
    host = Host("survivor")
    yield host
    host.close()


@pytest.fixture
def peer(survivor: Host) -> Iterator[Host]:
    """10.0.0.2 and fd00::2; it has 10.0.0.3 and fd00::3 too, but sends from there only if told."""
    host = Host("peer")
    join(survivor, host)
    address(survivor, "10.0.0.1/24", "fd00::1/64")
    # Linux takes the first of such IPv4 addresses for a source, and the last of the IPv6 ones
    address(host, "10.0.0.2/24", "10.0.0.3/24", "fd00::3/64", "fd00::2/64")
    yield host
    host.close()


@pytest.fixture
def tap(survivor: Host, peer: Host) -> Iterator[Tap]:
    """What reaches the survivor."""
    tap = Tap(survivor)
    yield tap
    tap.close()

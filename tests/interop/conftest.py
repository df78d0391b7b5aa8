"""Two hosts on a cable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.hosts import Host, address, join


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """The survivor and the node that dumps."""
    survivor, peer = Host("survivor"), Host("peer")
    join(survivor, peer)
    address(survivor, "10.0.0.1/24", "fd00::1/64")
    address(peer, "10.0.0.2/24", "fd00::2/64")
    yield survivor, peer
    survivor.close()
    peer.close()

"""Two hosts on a cable: the survivor, where the agent runs, and the peer that crashed.

As fixtures, for a conftest.py to import; and `pair`, where they need files of their own in /etc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from lab.hosts import Host, address, join
from lab.packets import Tap

__all__ = ["pair", "peer", "survivor", "tap"]


def pair(
    etc: Mapping[str, str] | None = None, peer_etc: Mapping[str, str] | None = None
) -> tuple[Host, Host]:
    """The survivor and the peer.

    etc, peer_etc -- path below /etc -> text
    """
    hosts = Host("survivor", etc), Host("peer", peer_etc)
    _connect(*hosts)
    return hosts


def _connect(survivor: Host, peer: Host) -> None:
    join(survivor, peer)
    address(survivor, "10.0.0.1/24", "10.0.0.4/24", "fd00::1/64")
    # Linux takes the first of such IPv4 addresses for a source, and the last of the IPv6 ones
    address(peer, "10.0.0.2/24", "10.0.0.3/24", "fd00::3/64", "fd00::2/64")


@pytest.fixture
def survivor() -> Iterator[Host]:
    """10.0.0.1, 10.0.0.4 and fd00::1, once it has a peer."""
    host = Host("survivor")
    yield host
    host.close()


@pytest.fixture
def peer(survivor: Host) -> Iterator[Host]:
    """10.0.0.2 and fd00::2; it has 10.0.0.3 and fd00::3 too, but sends from there only if told."""
    host = Host("peer")
    _connect(survivor, host)
    yield host
    host.close()


@pytest.fixture
def tap(survivor: Host, peer: Host) -> Iterator[Tap]:
    """What reaches the survivor."""
    tap = Tap(survivor)
    yield tap
    tap.close()

"""Two hosts on a cable: the survivor, where the agent runs, and the peer that crashed."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from lab.hosts import Host, address, join
from lab.packets import Tap, Wire


@pytest.fixture
def survivor() -> Iterator[Host]:
    host = Host("survivor")
    yield host
    host.close()


@pytest.fixture(params=["bound", "raw"])
def inlet(request: pytest.FixtureRequest, survivor: Host) -> Iterator[str]:
    """The way the agent gets its datagrams: raw, if something else holds the port."""
    with contextlib.ExitStack() as stack:
        if request.param == "raw":
            with survivor.entered():
                for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                    holder = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                    if family == socket.AF_INET6:
                        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    holder.bind((any_address, 7410))
        yield request.param


@pytest.fixture
def peer(survivor: Host) -> Iterator[Host]:
    host = Host("peer")
    join(survivor, host)
    address(survivor, "10.0.0.1/24", "fd00::1/64")
    # Two addresses: what comes from the second shows that what came from the first did not count.
    address(host, "10.0.0.2/24", "10.0.0.3/24", "fd00::2/64", "fd00::3/64")
    yield host
    host.close()


@pytest.fixture
def wire(peer: Host) -> Iterator[Wire]:
    wire = Wire(peer)
    yield wire
    wire.close()


@pytest.fixture
def tap(survivor: Host, peer: Host) -> Iterator[Tap]:
    tap = Tap(survivor)
    yield tap
    tap.close()

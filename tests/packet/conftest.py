"""Two hosts on a cable, and how the agent and scapy get at it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from lab.hosts import Host
from lab.packets import Wire
from lab.pair import peer, survivor, tap

__all__ = ["inlet", "peer", "survivor", "tap", "wire"]


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
def wire(peer: Host) -> Iterator[Wire]:
    wire = Wire(peer)
    yield wire
    wire.close()

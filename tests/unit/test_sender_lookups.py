"""Names that a look-up of the sender fails on."""

from __future__ import annotations

import socket
import threading

import pytest

from fence_kdump_send import targets
from fence_kdump_send.targets import Lookups, Node


def no_memory(*_: object) -> None:
    raise MemoryError


def trouble(name: str) -> str:
    """Why a name has no address."""
    answered = threading.Event()
    lookups = Lookups(7410, socket.AF_UNSPEC, answered.set)
    node = Node(name)
    lookups.start(node)
    assert answered.wait(10)
    ((asked, found, why),) = lookups.answers()
    assert asked is node
    assert not found
    return why


def test_whatever_a_look_up_fails_with_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it would never be asked again."""
    assert "surrogates not allowed" in trouble("\ud800")
    monkeypatch.setattr(targets, "_look_up", no_memory)
    assert trouble("node1") == "MemoryError"

"""Names -> addresses, by this machine's resolver."""

from __future__ import annotations

import socket
import threading

import pytest

from fence_kdump_cluster.resolve import Resolver
from fence_kdump_image.whom.resolve import look_up


def resolved(name: str, family: int = socket.AF_UNSPEC) -> tuple[str, ...]:
    resolver = Resolver([name], family)
    resolver.settle(10)
    return resolver.known[name]


@pytest.mark.parametrize("text", ["3", "010.000.000.005", "10.1", "0x7f.0.0.1", "0"])
def test_a_number_is_no_address(text: str) -> None:
    assert resolved(text) == ()


@pytest.mark.parametrize("text", ["a\0b", "10.0.0.5\0", "\udcff", "x" * 300, "a..b", ""])
def test_a_name_that_no_resolver_takes(text: str) -> None:
    assert resolved(text) == ()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.5", "10.0.0.5"),
        ("FD00::0:1", "fd00::1"),
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("fe80::1%eth9", "fe80::1%eth9"),
    ],
)
def test_an_address_is_its_own_answer_at_once(text: str, address: str) -> None:
    resolver = Resolver([text])
    assert not resolver.pending()
    assert resolver.known == {text: (address,)}


def test_a_name() -> None:
    assert "127.0.0.1" in resolved("localhost")
    assert resolved("localhost", socket.AF_INET) == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), ()),
        (socket.gaierror(socket.EAI_NODATA, "no address"), ()),
        (socket.gaierror(socket.EAI_AGAIN, "name server silent"), None),
        (socket.gaierror(socket.EAI_FAIL, "name server broken"), None),
        (socket.gaierror(socket.EAI_SYSTEM, "system error"), None),
        (socket.gaierror(socket.EAI_MEMORY, "out of memory"), None),
        (OSError(24, "too many open files"), None),
        (MemoryError(), None),
    ],
)
def test_an_error_is_an_answer_only_if_it_says_so(
    error: Exception, known: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors of a kind that no name server can be made to give at will."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("socket.getaddrinfo", fail)
    resolver = Resolver(["node2"])
    resolver.settle(10)
    assert resolver.known.get("node2") == known
    why = getattr(error, "strerror", None) or "MemoryError"
    assert resolver.unknown() == ({} if known == () else {"node2": why})
    assert look_up(["node2"]) == {"node2": ()}


def test_many_at_once_for_an_image() -> None:
    found = look_up(["localhost", "3", "fd00::1", "localhost"], "ipv4")
    assert list(found.items()) == [
        ("localhost", ("127.0.0.1",)),
        ("3", ()),
        ("fd00::1", ("fd00::1",)),
    ]


def test_many_names_take_a_bounded_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the system's look-up: no name service here is as slow as that."""
    enough = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: enough.wait(10) and [])
    before = threading.active_count()
    names = [f"node{number}" for number in range(1000)]
    resolver = Resolver(names)
    assert threading.active_count() - before <= 200
    enough.set()
    resolver.settle(10)
    assert resolver.known == dict.fromkeys(names, ())

"""Literal addresses, packed; and this host's own, out of what the kernel prints."""

from __future__ import annotations

import pytest

from fence_kdump_cluster.addresses import (
    is_link_local,
    is_loopback,
    is_one_host,
    literal,
    pack,
    show,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("fd00::1", "fd00::1"),
        ("FD00:0:0::1", "fd00::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("FE80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_addresses_both_ways(text: str, shown: str) -> None:
    packed = pack(text)
    assert packed is not None
    assert show(packed) == shown.partition("%")[0]
    assert literal(text) == shown


@pytest.mark.parametrize(
    "name", ["3", "10.1", "0x7f.1", "node2", "", "10.0.0.1.", "010.0.0.1", "\0"]
)
def test_names_are_no_addresses(name: str) -> None:
    assert pack(name) is None
    assert literal(name) is None


@pytest.mark.parametrize(
    ("text", "loopback", "one_host"),
    [
        ("127.0.0.1", True, True),
        ("127.9.9.9", True, True),
        ("::1", True, True),
        ("10.0.0.1", False, True),
        ("fe80::1", False, True),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("240.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("ff02::1", False, False),
    ],
)
def test_kinds(text: str, loopback: bool, one_host: bool) -> None:
    packed = pack(text)
    assert packed is not None
    assert is_loopback(packed) is loopback
    assert is_one_host(packed) is one_host


@pytest.mark.parametrize(
    ("text", "link_local"),
    [
        ("fe80::1", True),
        ("febf::1%eth0", True),
        ("fec0::1", False),
        ("fd00::1", False),
        ("254.128.0.1", False),
    ],
)
def test_link_local(text: str, link_local: bool) -> None:
    packed = pack(text)
    assert packed is not None
    assert is_link_local(packed) is link_local

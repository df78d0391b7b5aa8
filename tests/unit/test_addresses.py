"""Literal addresses, packed; and this host's own, out of what the kernel prints."""

from __future__ import annotations

import pytest

from fence_kdump.own import parse_fib_trie, parse_if_inet6
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


FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/24 2 0 2
        +-- 10.0.0.0/29 2 0 2
           |-- 10.0.0.0
              /24 link UNICAST
           |-- 10.0.0.5
              /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.5
        /32 host LOCAL
"""
IF_INET6 = """\
fd000000000000000000000000000005 02 40 00 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
"""


def test_own_addresses() -> None:
    assert {show(a) for a in parse_fib_trie(FIB_TRIE)} == {"10.0.0.5", "10.0.0.255", "127.0.0.1"}
    assert {show(a) for a in parse_if_inet6(IF_INET6)} == {"fd00::5", "::1"}
    assert parse_fib_trie("") == parse_if_inet6("") == frozenset()

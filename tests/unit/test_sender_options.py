"""The sender's command line, as getopt_long(3) reads it."""

from __future__ import annotations

import pytest

from fence_kdump_send.options import OPTIONS, UsageError, parse, usage


def values(*argv: str) -> dict[str, object]:
    options = parse(list(argv))
    return {name: getattr(options, name) for name in options.__slots__}


DEFAULTS = {
    "port": 7410,
    "family": "auto",
    "count": 0,
    "interval": 10.0,
    "fast_start": 0.0,
    "crash_only": False,
    "key": "",
    "node": "",
    "verbose": 0,
    "help": False,
    "version": False,
    "nodes": ["n"],
}


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        ("n", {}),
        ("-p 1 n", {"port": 1}),
        ("-p65535 n", {"port": 65535}),
        ("--ipport=7411 n", {"port": 7411}),
        ("--ipport 7411 n", {"port": 7411}),
        ("-f ipv4 n", {"family": "ipv4"}),
        ("-f IPv6 n", {"family": "ipv6"}),
        ("-c 3 -i 0.25 n", {"count": 3, "interval": 0.25}),
        ("--count=3 --interval=2 n", {"count": 3, "interval": 2.0}),
        ("--int 5 n", {"interval": 5.0}),
        ("-i 10s n", {"interval": 10.0}),
        ("-i 500ms n", {"interval": 0.5}),
        ("--fast-start 1min n", {"fast_start": 60.0}),
        ("--fast-start 60 n", {"fast_start": 60.0}),
        ("--crash-only n", {"crash_only": True}),
        ("--key /k --node=node2 n", {"key": "/k", "node": "node2"}),
        ("-v n", {"verbose": 1}),
        ("-vv n", {"verbose": 2}),
        ("-v3 n", {"verbose": 3}),
        ("--verbose=2 n", {"verbose": 2}),
        ("--verbose n", {"verbose": 1}),
        ("n -c 1", {"count": 1}),
        ("a -c 1 b", {"count": 1, "nodes": ["a", "b"]}),
        ("-c 1 -- -x n", {"count": 1, "nodes": ["-x", "n"]}),
        ("-h", {"help": True, "nodes": []}),
        ("-V", {"version": True, "nodes": []}),
        ("--vers", {"version": True, "nodes": []}),
    ],
)
def test_what_is_read(argv: str, changed: dict[str, object]) -> None:
    assert values(*argv.split()) == {**DEFAULTS, **changed}


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        ("", "no node"),
        ("-c 1", "no node"),
        ("-p 0 n", "port '0'"),
        ("-p 70000 n", "port '70000'"),
        ("-p 7410x n", "port '7410x'"),
        ("-p -1 n", "port '-1'"),
        ("-i 0 n", "interval '0'"),
        ("-i -1 n", "interval '-1'"),
        ("-i nan n", "interval 'nan'"),
        ("-i inf n", "interval 'inf'"),
        ("-i 1e9 n", "interval '1e9'"),
        ("-i . n", "interval '.'"),
        ("-c -1 n", "count '-1'"),
        ("-c 1.5 n", "count '1.5'"),
        ("-c x n", "count 'x'"),
        (f"-c {'9' * 5000} n", "count '999"),
        ("--fast-start=x n", "fast start 'x'"),
        ("-f ipx n", "family 'ipx'"),
        ("-vx n", "level 'x'"),
        ("-x n", "option '-x'"),
        ("--nonsense n", "option '--nonsense'"),
        ("--f n", "ambiguous option '--f'"),
        ("--crash-only=yes n", "'--crash-only' takes no value, not 'yes'"),
        ("n -p", "option '-p' needs a value"),
        ("n --ipport", "option '--ipport' needs a value"),
        ("-p \u0661 n", "port '\u0661'"),
    ],
)
def test_what_is_wrong_is_named(argv: str, named: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(argv.split())
    assert named in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("nodes", [[""], ["", " "]])
def test_empty_nodes_are_none(nodes: list[str]) -> None:
    with pytest.raises(UsageError, match="no node to send to: '' is not a name or an address"):
        parse(nodes)


def test_usage_tells_every_option() -> None:
    for option in OPTIONS:
        assert f"--{option.name}" in usage()
        assert option.help in usage()

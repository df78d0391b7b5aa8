"""What Pacemaker sends, and what an administrator types."""

from __future__ import annotations

import pytest

from fence_kdump import arguments
from fence_kdump.options import UsageError, from_lines, number_for_plug, read

DEFAULTS = {
    "action": "off",
    "nodename": (),
    "plug": (),
    "unused": (),
    "ipport": 7410,
    "family": "auto",
    "timeout": 50.0,
    "auth": "",
    "key": "",
    "verbose": False,
    "problems": (),
}

# What Pacemaker 2.1 was seen to send, and what stdin may hold besides.
STDIN = [
    (
        "nodename=node2\naction=off\nport=node2\n",
        {"nodename": ("node2",), "plug": ("node2",)},
    ),
    (
        "nodename=node2\naction=off\nport=node2\ntimeout=10\n",
        {"nodename": ("node2",), "plug": ("node2",), "timeout": 10.0},
    ),
    (
        "nodename=node2\naction=off\nport=10.77.0.2\n",
        {"nodename": ("node2",), "plug": ("10.77.0.2",)},
    ),
    (
        "nodename=node1,node2,node3\naction=off\nport=node2\n",
        {"nodename": ("node1", "node2", "node3"), "plug": ("node2",)},
    ),
    (
        "nodename=node2\naction=off\nplug=node2\nport=node3\n",
        {"nodename": ("node2",), "plug": ("node2",), "unused": ("node3",)},
    ),
    (
        "nodename=node2\naction=off\nplug=node2\n",
        {"nodename": ("node2",), "plug": ("node2",)},
    ),
    ("action=monitor\n", {"action": "monitor"}),
    ("action=metadata\n", {"action": "metadata"}),
    ("action=validate-all\nport=dummy\n", {"action": "validate-all", "plug": ("dummy",)}),
    ("action=reboot\n", {"action": "reboot"}),
    ("", {}),
    ("# nodename=no\n  NodeName = node2 \n", {"nodename": ("node2",)}),
    ("nodename=a\nnodename=b\n", {"nodename": ("b",)}),
    ("nodename=a,,a , b\n", {"nodename": ("a", "b")}),
    ("nonsense\nunknown=1\nACTION=OFF\n", {}),
    ("auth=Required\nkey=/k\n", {"auth": "required", "key": "/k"}),
    ("auth=off\n", {"auth": "off"}),
    ("auth=\n", {}),
    ("verbose=1\n", {"verbose": True}),
    ("verbose=0\n", {}),
    ("verbose=no\n", {}),
    ("timeout=30s\nipport=7411\nfamily=IPv6\n", {"timeout": 30, "ipport": 7411, "family": "ipv6"}),
    ("timeout=1.5\n", {"timeout": 1.5}),
    # as Pacemaker reads times
    ("timeout=60sec\n", {"timeout": 60.0}),
    ("timeout=1min\n", {"timeout": 60.0}),
    ("timeout=1m\n", {"timeout": 60.0}),
    ("timeout=2 Minutes\n", {"timeout": 120.0}),
    ("timeout=1 s\n", {"timeout": 1.0}),
    ("timeout=1000ms\n", {"timeout": 1.0}),
    ("timeout=1h\n", {"timeout": 3600.0}),
    ("timeout=7500000us\n", {"timeout": 7.5}),
    ("verbose=true\n", {"verbose": True}),
    ("verbose=2\n", {"verbose": True}),
    ("verbose=Off\n", {}),
    ("verbose=n\n", {}),
    ("verbose=\n", {}),
    ("nodename=a=b\n", {"nodename": ("a=b",)}),
    ("nodename=node2\r\naction=off\r\n", {"nodename": ("node2",)}),
    ("# was\fnodename=a\u2028nodename=b\rnodename=c\nnodename=node2\n", {"nodename": ("node2",)}),
    ("nodename=node2\n# was\fnodename=a\u2028nodename=b\rnodename=c\n", {"nodename": ("node2",)}),
]


@pytest.mark.parametrize(("text", "changed"), STDIN)
def test_stdin(text: str, changed: dict[str, object]) -> None:
    assert read(from_lines(text))._asdict() == {**DEFAULTS, **changed}


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        ("-n node2", {"nodename": ("node2",)}),
        ("--nodename=node2,fd00::2", {"nodename": ("node2", "fd00::2")}),
        ("-n a --plug b", {"nodename": ("a",), "plug": ("b",)}),
        ("--port b", {"plug": ("b",)}),
        (
            "-p 7411 -f ipv6 -t 5 -v",
            {"ipport": 7411, "family": "ipv6", "timeout": 5.0, "verbose": True},
        ),
        ("-o monitor", {"action": "monitor"}),
        ("-o OFF", {}),
        ("-v2 -n a", {"verbose": True, "nodename": ("a",)}),
        ("--verbose=2", {"verbose": True}),
        ("-v0", {}),
        ("-vn node2", {"verbose": True, "nodename": ("node2",)}),
        ("-v surplus", {"verbose": True}),
        ("-v -n a surplus", {"verbose": True, "nodename": ("a",)}),
        ("--action=validate-all", {"action": "validate-all"}),
    ],
)
def test_arguments(argv: str, changed: dict[str, object]) -> None:
    assert read(arguments.parse(argv.split()))._asdict() == {**DEFAULTS, **changed}


@pytest.mark.parametrize("argv", ["-x", "-n", "-t", "--nonsense"])
def test_wrong_arguments_raise(argv: str) -> None:
    with pytest.raises(UsageError):
        arguments.parse(argv.split())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ipport", "0"),
        ("ipport", "65536"),
        ("ipport", "-1"),
        ("ipport", "x"),
        ("ipport", ""),
        ("ipport", "123456789"),
        ("family", "ipx"),
        ("timeout", "0"),
        ("timeout", "-1"),
        ("timeout", "x"),
        ("timeout", "nan"),
        ("timeout", "inf"),
        ("timeout", "99999999"),
        ("timeout", ""),
        ("timeout", "8d"),
        ("timeout", "0ms"),
        ("timeout", "200h"),
        ("verbose", "maybe"),
        ("verbose", "-1"),
    ],
)
def test_a_wrong_value_is_a_problem_that_names_it(key: str, value: str) -> None:
    options = read({key: value})
    assert len(options.problems) == 1
    assert key in options.problems[0]
    assert f"'{value}'" in options.problems[0]
    assert options._replace(problems=())._asdict() == DEFAULTS


@pytest.mark.parametrize("value", ["require", "yes", "1", "none"])
def test_a_wrong_auth_makes_nothing_count_that_is_not_proven(value: str) -> None:
    options = read({"auth": value})
    (problem,) = options.problems
    assert f"'{value}'" in problem
    assert options.auth == "required"


def test_every_problem_is_told_at_once() -> None:
    assert len(read(dict.fromkeys(["ipport", "family", "timeout", "verbose"], "x")).problems) == 4


@pytest.mark.parametrize(
    ("plug", "asked"),
    [
        *[("7420", True), ("1", True), ("65535", True), ("0", False), ("65536", False)],
        *[("node7420", False), ("7420.5", False), ("", False), ("\u0667", False)],
    ],
)
def test_a_plug_that_is_a_port_s_number_is_asked_about(plug: str, asked: bool) -> None:
    question = [f"plug '{plug}' is a number: did you mean ipport={plug}?"] * asked
    assert number_for_plug(read({"port": plug})) == question
    both = read({"port": plug, "plug": "node1"})
    assert (both.plug, number_for_plug(both)) == (("node1",), question)

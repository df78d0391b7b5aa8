"""Pacemaker's configuration as doctor reads it: any text, and nothing but what it says."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_admin.doctor import cluster, commands
from fence_kdump_admin.doctor import device as devices
from fence_kdump_admin.doctor.cib import CibError, Configuration, Device, Level, parse
from fence_kdump_admin.doctor.options import (
    action_limit,
    host_map,
    hosts,
    limit,
    of_cluster,
    serves,
    wait,
)
from fence_kdump_admin.doctor.quorum import together


def cib(resources: str = "", rest: str = "", feature: str = "3.16.2") -> bytes:
    text = f"<cib crm_feature_set='{feature}'><configuration><resources>{resources}</resources>"
    return f"{text}{rest}</configuration></cib>".encode()


def options(**pairs: str) -> str:
    rows = "".join(f'<nvpair name="{name}" value="{value}"/>' for name, value in pairs.items())
    return f"<instance_attributes>{rows}</instance_attributes>"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(CibError):
        parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<cib>",
        b"<html/>",
        b"<cib/>",
        b'<!DOCTYPE cib [<!ENTITY a "b">]>' + cib(),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE cib []>' + cib().decode()).encode(
            "utf-16"
        ),
    ],
)
def test_none(data: bytes) -> None:
    with pytest.raises(CibError):
        parse(data)


def test_devices_of_groups_and_templates() -> None:
    kdump = options(timeout="5")
    found = parse(
        cib(
            f'<template id="t" class="stonith" type="fence_kdump">{kdump}</template>'
            '<group id="g"><primitive id="a" template="t">'
            f"{options(timeout='6')}</primitive></group>"
            '<clone id="c"><primitive id="b" class="stonith" type="fence_ipmilan"/></clone>'
            '<primitive id="d" class="ocf" provider="heartbeat" type="Dummy"/>'
        )
    )
    assert [(d.id, d.agent, d.options) for d in found.devices] == [
        ("a", "fence_kdump", {"timeout": "6"}),
        ("b", "fence_ipmilan", {}),
    ]
    assert found.feature_set == (3, 16, 2)


def device(**pairs: str) -> Device:
    return Device("kdump", "fence_kdump", pairs)


def test_which_nodes_a_device_serves() -> None:
    assert hosts(device()) is None
    assert hosts(device(pcmk_host_list="a, b;c d")) == ("a", "b", "c", "d")
    assert hosts(device(pcmk_host_map="a:1;b:2,3")) == ("a", "b")
    assert hosts(device(pcmk_host_check="none", pcmk_host_list="a")) is None
    assert serves(device(pcmk_host_list="Node1"), "node1")
    assert not serves(device(pcmk_host_list="node1"), "node10")
    assert serves(device(), "anybody")
    assert host_map(device(pcmk_host_map=r"a:fd00\:\:1;b:2")) == {"a": "fd00::1", "b": "2"}


@pytest.mark.parametrize(
    ("pairs", "properties", "waits", "most"),
    [
        ({}, {}, 50, 60),
        ({"timeout": "1m"}, {}, 60, 60),
        ({"timeout": "junk"}, {}, 50, 60),
        ({"timeout": "20s", "pcmk_off_timeout": "2min"}, {}, 20, 120),
        ({}, {"stonith-timeout": "40"}, 50, 40),
        ({}, {"stonith-timeout": "40", "fencing-timeout": "30"}, 50, 30),
        ({"pcmk_off_timeout": "90"}, {"stonith-timeout": "40"}, 50, 90),
    ],
)
def test_times(
    pairs: dict[str, str], properties: dict[str, str], waits: float, most: float
) -> None:
    assert wait(device(**pairs)) == waits
    assert limit(device(**pairs), properties)[0] == most


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, ("", "fencing-enabled")),
        ({"stonith-enabled": "false"}, ("false", "stonith-enabled")),
        ({"fencing-enabled": "false", "stonith-enabled": "true"}, ("false", "fencing-enabled")),
    ],
)
def test_an_option_of_two_names(properties: dict[str, str], expected: tuple[str, str]) -> None:
    """Pacemaker 3.0.3 heeds the newer one where both are set."""
    assert of_cluster(properties, "fencing-enabled") == expected


@pytest.mark.parametrize(
    ("value", "most"),
    [(None, 1), ("1", 1), ("0", 1), ("junk", 1), ("", 1), ("2", 2), ("-1", -1)],
)
def test_how_often_a_device_runs_at_once(value: str | None, most: int) -> None:
    assert action_limit(device(**({} if value is None else {"pcmk_action_limit": value}))) == most


TIE_BREAKER = "quorum {\n\tauto_tie_breaker: 1\n}\n"
DEVICE = "quorum {\n device {\n  model: net\n  net {\n   algorithm: %s\n  }\n }\n}\n"


@pytest.mark.parametrize(
    ("members", "remotes", "corosync", "most"),
    [
        (1, 0, "", 0),
        (2, 0, "", 0),
        (2, 0, "quorum {\n two_node: 1\n}\n", 1),
        (3, 0, "", 1),
        (4, 0, "", 1),
        (5, 0, "", 2),
        (3, 1, "", 2),
        (2, 1, "quorum {\n two_node: 1\n}\n", 2),
        (4, 0, TIE_BREAKER, 2),
        (3, 0, TIE_BREAKER, 1),
        (4, 0, "quorum {\n#auto_tie_breaker: 1\n}\n", 1),
        (4, 0, "quorum {\n last_man_standing: 1\n}\n", 3),
        (3, 0, DEVICE % "lms", 2),
        (4, 0, DEVICE % "ffsplit", 2),
        (0, 0, "", 0),
    ],
)
def test_how_many_may_crash_together(members: int, remotes: int, corosync: str, most: int) -> None:
    assert together(members, remotes, corosync, {}) == most
    ignored = together(members, remotes, corosync, {"no-quorum-policy": "ignore"})
    assert ignored == max(members - 1, 0) + remotes


@pytest.mark.parametrize(("second", "state"), [("power", "ok"), ("kdump2", "bad"), (None, "bad")])
def test_something_that_cuts_the_power_comes_last(second: str | None, state: str) -> None:
    """Two levels of fence_kdump fence no node that hangs."""
    all_three = (
        Device("kdump", "fence_kdump", {}),
        Device("kdump2", "fence_kdump", {}),
        Device("power", "fence_ipmilan", {}),
    )
    chain = [device for device in ("kdump", second) if device]
    levels = tuple(Level(n, (device,), target="n1") for n, device in enumerate(chain, 1))
    found = cluster.checks(Configuration({}, all_three, levels, {}), ["n1"], 1, lambda: True)
    assert {check.name: check.state for check in found}["level"] == state


@pytest.mark.parametrize(
    ("nodename", "remedy"),
    [
        ("10.9.0.2", "nodename= pcmk_host_map=n2:10.9.0.2"),
        ("fd00::2", r"nodename= pcmk_host_map='n2:fd00\:\:2'"),
        ("10.0.0.1", "nodename="),  # n1's
        ("n1", "nodename="),
    ],
)
def test_no_address_of_another_node_is_mapped(nodename: str, remedy: str) -> None:
    kdump = Device("kdump", "fence_kdump", {"pcmk_host_list": "n2", "nodename": nodename})
    nodes = {"n1": ("10.0.0.1",), "n2": ("10.0.0.2",)}
    found = devices.checks(Configuration({}, (kdump,), (), {}), nodes, 7410)
    (told,) = (check for check in found if check.name == "fixed-target")
    assert told.remedy == f"pcs stonith update kdump {remedy}"


def test_no_name_gets_past_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/crm" if name == "crm" else None)
    assert commands.clear_levels("n1") == (
        "cibadmin --delete-all --force --xpath '//fencing-level[@target=\"n1\"]'"
    )
    assert commands.clear_levels('n"] | //*[@id="x') == ""

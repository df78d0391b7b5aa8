"""A node panics, its crash kernel speaks to the survivor, and the dump is saved all the same."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from fence_kdump_protocol.dialogue import CHALLENGE_LENGTH
from lab.dumps import assert_dumped
from lab.programs import ADMIN, run
from rig import nodes
from rig.image import Image
from rig.run import Outcome, Scenario
from rig.timeline import PANIC
from rig.witness import Datagram

pytestmark = pytest.mark.timeout(1800)  # a test may wait for others' machines; the rig has limits

OVER_NETWORK: dict[str, Any] = {"target": "network", "memory": "256M"}
V1 = bytes.fromhex("402a301b01000000")  # the message of version 1, as x86 sends it

PLAIN = Image("plain", nodes.PLAIN)
NO_SYSTEMD = Image("no-systemd", nodes.PLAIN, systemd=False)
STACKED = Image("stacked", nodes.STACKED)
IPV6 = Image("ipv6", nodes.IPV6)
WATCHDOG = Image("watchdog", nodes.WATCHDOG)
TWO_RINGS = Image("two-rings", nodes.TWO_RINGS)
NETWORK_DUMP = Image("network-dump", nodes.NETWORK_DUMP)
BEHIND_GATEWAY = Image("behind-gateway", nodes.BEHIND_GATEWAY, modules="network-manager")
OTHER_NIC = Image("other-nic", nodes.OTHER_NIC)
OTHER_NIC_SUSE = Image("other-nic-suse", nodes.OTHER_NIC_SUSE, modules="network network-manager")
NETWORKD = Image("networkd", nodes.NETWORKD, modules="systemd-networkd")


def assert_told(outcome: Outcome, *sources: str) -> None:
    """The survivor's agent succeeded, by messages from `sources` that came after the panic."""
    messages = [datagram for datagram in outcome.datagrams if not is_challenge(datagram)]
    assert messages, "no message was on the wire"
    assert outcome.agent_returncode == 0
    panic = outcome.time_of(PANIC)
    assert panic is not None
    assert messages[0].time > panic
    assert {datagram.source for datagram in messages} == {*sources}
    assert {datagram.payload for datagram in messages} == {V1}


def is_challenge(datagram: Datagram) -> bool:
    """Whether it goes the other way: a survivor's agent asks for a proof."""
    return len(datagram.payload) == CHALLENGE_LENGTH


def split(outcome: Outcome, text: str) -> tuple[int, int]:
    """How many messages there were before and after the console had a line with `text`."""
    moment = outcome.time_of(text)
    assert moment is not None, f"the console never said {text!r}"
    messages = [datagram for datagram in outcome.datagrams if not is_challenge(datagram)]
    before = sum(datagram.time < moment for datagram in messages)
    return before, len(messages) - before


PROOF = ("-n", "node2", "--plug", "node2", "--auth", "required")
PROVEN = Scenario("plain", PLAIN, options=PROOF)


@pytest.mark.scenario(PROVEN)
def test_one_nic_and_a_proof(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    assert "node2 (10.77.0.2) proved that it runs its crash kernel" in outcome.agent_output
    assert outcome.time_of("fence_kdump_send: 10.77.0.1: message sent")
    assert_dumped(outcome)


@pytest.mark.scenario(PROVEN)
def test_the_log_beside_the_dump_tells_the_story(outcome: Outcome) -> None:
    assert outcome.log
    result = run([ADMIN, "last", "--json", outcome.log])
    told = json.loads(result.stdout)
    events = {event["stage"]: event["text"] for event in told["timelines"][0]["events"]}
    events.pop("trouble", None)  # a sender that was started early says that there is no way yet
    assert list(events) == ["crash_kernel", "links_up", "message"]
    assert "eth0 (52:54:00:" in events["links_up"]
    assert events["message"] == "the first message leaves for 10.77.0.1"
    assert [(check["name"], check["state"]) for check in told["checks"]] == [("message", "ok")]


@pytest.mark.scenario(Scenario("no-systemd", NO_SYSTEMD))
def test_without_systemd(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    assert outcome.time_of("fence_kdump_send: 10.77.0.1: message sent")
    assert_dumped(outcome)


@pytest.mark.scenario(Scenario("stacked", STACKED))
def test_vlan_over_bond_bond_of_vlans_and_vrf(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2", "10.78.0.2", "10.79.0.2")
    assert outcome.time_of("links incomplete") is None
    assert_dumped(outcome)


@pytest.mark.scenario(Scenario("ipv6", IPV6, dump=False))
def test_ipv6_only(outcome: Outcome) -> None:
    assert_told(outcome, "fd77::2")


@pytest.mark.scenario(Scenario("two-rings", TWO_RINGS, unplugged=(0,)))
def test_two_rings_the_first_link_down(outcome: Outcome) -> None:
    assert_told(outcome, "10.78.0.2")
    assert {datagram.interface for datagram in outcome.datagrams} == {"lan1"}
    assert_dumped(outcome)


ABSENT = "systemd.default_device_timeout_sec=20"


OUTDATED = (*PROOF, "--key", "/etc/corosync/new.key", "-t", "4")


@pytest.mark.scenario(Scenario("absent", PLAIN, target="absent", words=ABSENT, then=OUTDATED))
def test_messages_flow_until_power_off_when_the_dump_target_is_missing(outcome: Outcome) -> None:
    """And the image's key is outdated for those who require a proof."""
    assert "timed out after 4 s" in outcome.afterwards
    assert "no proof of identity" in outcome.afterwards
    assert ": rebuild the crash image of node2, or compare the keys" in outcome.afterwards
    assert outcome.afterwards.endswith("exit status 1\n")
    assert_told(outcome, "10.77.0.2")
    assert outcome.vmcore is None
    before, after = split(outcome, "RIG: emergency")
    assert before > 0
    assert after > 0


@pytest.mark.scenario(Scenario("alive", PLAIN, crash=False))
def test_not_one_datagram_without_a_crash(outcome: Outcome) -> None:
    assert outcome.time_of("RIG: no vmcore") is not None
    assert outcome.datagrams == []
    assert outcome.agent_returncode is None


# TERM: the one that systemd takes for a clean end, and that the sender has a handler for elsewhere
@pytest.mark.scenario(Scenario("killed", PLAIN, words="rig.kill_sender=TERM"))
def test_a_killed_sender_comes_back(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    before, after = split(outcome, "RIG: sender killed")
    assert before > 0
    assert after > 0
    assert_dumped(outcome)


@pytest.mark.scenario(Scenario("network-dump", NETWORK_DUMP, **OVER_NETWORK))
def test_a_nic_of_networkmanager_and_a_dump_over_it(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    assert_dumped(outcome)


# net.ifnames=0: the NICs keep the kernel's names, as on the administrator's command line
@pytest.mark.scenario(
    Scenario(
        "behind-gateway", BEHIND_GATEWAY, words=f"net.ifnames=0 {nodes.APPENDED}", **OVER_NETWORK
    )
)
def test_nic_of_the_crash_kernels_command_line(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    assert_dumped(outcome)


# an ordinary node's own command line: the image has no program that acts on it
@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(None, marks=pytest.mark.scenario(Scenario(name, PLAIN, words=words)), id=name)
        for name, words in (
            ("line-named", "net.ifnames=0 ip=eth0:dhcp"),
            ("line-any", "ip=dhcp rd.neednet=1"),
        )
    ],
    indirect=True,
)
def test_words_that_nobody_acts_on(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    assert_dumped(outcome)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(None, marks=pytest.mark.scenario(scenario), id=scenario.name)
        for scenario in (
            Scenario("other-nic", OTHER_NIC, **OVER_NETWORK),
            Scenario("other-nic-line", OTHER_NIC, words="ip=dhcp rd.neednet=1", **OVER_NETWORK),
            Scenario("other-nic-suse", OTHER_NIC_SUSE, **OVER_NETWORK),
        )
    ],
    indirect=True,
)
def test_dump_over_another_nic_than_the_rings(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    assert_dumped(outcome)
    assert outcome.dumped_from == "10.77.0.3"


@pytest.mark.scenario(Scenario("other-nic-dead-ring", OTHER_NIC, unplugged=(0,), **OVER_NETWORK))
def test_dump_in_the_subnet_of_a_ring_without_carrier(outcome: Outcome) -> None:
    assert_dumped(outcome)
    assert outcome.dumped_from == "10.77.0.3"


@pytest.mark.scenario(Scenario("networkd", NETWORKD))
def test_messages_flow_until_power_off_with_networkd_in_the_image(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    for text in ("systemd-networkd.service", "RIG: vmcore saved"):
        _, after = split(outcome, text)
        assert after > 0
    assert_dumped(outcome)


# The watchdog resets the machine 60 s after it was armed, just before the panic.
LONG_DUMP = "rig.dump_after=75"


@pytest.mark.scenario(Scenario("watchdog", WATCHDOG, words=LONG_DUMP, memory="256M"))
def test_an_armed_watchdog_is_stopped(outcome: Outcome) -> None:
    assert outcome.time_of("RIG: watchdog armed")
    assert outcome.time_of("fence-kdump: watchdog: loaded i6300esb")
    assert_told(outcome, "10.77.0.2")
    assert_dumped(outcome)


NO_WATCHDOG = Image("no-watchdog", nodes.WATCHDOG, omit="watchdog")


@pytest.mark.scenario(
    Scenario("no-watchdog", NO_WATCHDOG, words=LONG_DUMP, memory="256M", reset=True)
)
def test_an_armed_watchdog_whose_driver_is_left_out_on_purpose(outcome: Outcome) -> None:
    """What the other test is about: without the driver this is the end of the dump."""
    assert outcome.time_of("fence_kdump_send: 10.77.0.1: message sent")
    assert outcome.time_of("RIG: vmcore saved") is None
    assert outcome.vmcore is None


SWITCH_ROOT = f"rig.switch_root root=LABEL={nodes.DUMP_LABEL} rw init=/init"


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(None, marks=pytest.mark.scenario(Scenario(name, image, words=SWITCH_ROOT)))
        for name, image in (("switch-root", PLAIN), ("switch-root-no-systemd", NO_SYSTEMD))
    ],
    ids=["systemd", "no-systemd"],
    indirect=True,
)
def test_silence_after_a_switch_of_root(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")
    before, after = split(outcome, "RIG: root switched")
    assert before > 0
    assert after == 0
    assert outcome.time_of("RIG: process fence_kdump") is None
    assert_dumped(outcome)


BROKEN = os.path.join(os.path.dirname(__file__), "broken")


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(None, marks=pytest.mark.scenario(Scenario(image.name, image)), id=image.name)
        for image in (
            Image("broken-helper", nodes.PLAIN, helper=f"{BROKEN}/helper.sh"),
            Image("broken-plan", nodes.PLAIN, helper=f"{BROKEN}/plan.sh"),
            Image("broken-scripts", nodes.PLAIN, helper=f"{BROKEN}/scripts.sh"),
            Image("broken-sender", nodes.PLAIN, sender=f"{BROKEN}/sender"),
            Image(
                "broken-sender-no-systemd", nodes.PLAIN, systemd=False, sender=f"{BROKEN}/sender"
            ),
        )
    ],
    indirect=True,
)
def test_whatever_is_broken_of_us_the_dump_is_saved(outcome: Outcome) -> None:
    assert_dumped(outcome)
    assert outcome.datagrams == []
    assert outcome.agent_returncode is None


@pytest.mark.scenario(Scenario("c-agent", PLAIN, agent="c", dump=False))
def test_the_c_agent_hears_it_too(outcome: Outcome) -> None:
    assert_told(outcome, "10.77.0.2")

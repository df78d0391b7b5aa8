"""The story of a crash, of records as kdump and Pacemaker write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_admin.doctor.cib import Configuration, Device
from fence_kdump_admin.draw import draw
from fence_kdump_admin.last import crashlog, records
from fence_kdump_admin.last.event import Event, when
from fence_kdump_admin.last.story import judge, merge

CRASH = """\
[Wed Nov 25 10:43:31 2026] Linux version 6.1.0
[Wed Nov 25 10:43:36 2026] fence-kdump: links up: eth0 (52:54:00:00:00:01)
[Wed Nov 25 10:43:36 2026] fence_kdump_send: 10.77.0.1: Network is unreachable, trying again
[Wed Nov 25 10:43:37 2026] fence_kdump_send: 10.77.0.1: message sent
[Wed Nov 25 10:43:38 2026] fence_kdump_send: 10.77.0.1: message sent
Nov 25 10:43:31 node2 kernel: Linux version 6.1.0
Nov 25 10:43:37 node2 kernel: fence_kdump_send: 10.77.0.1: message sent
Nov 25 10:43:40 node2 kdump[399]: saving vmcore-dmesg.txt complete
Nov 25 10:43:41 node2 kdump[404]: saving vmcore
Nov 25 10:43:50 node2 kdump[406]: saving vmcore complete
"""
STAGES = ["crash_kernel", "links_up", "trouble", "message", "dump_begins", "dump_saved"]

# from a cluster of three, Pacemaker 2.1.5
PACEMAKER = """\
Nov 25 10:43:31.142 node1 pacemaker-fenced    [42] (update_peer_state_iter) \tnotice: Node node2\
 state is now lost | nodeid=2 previous=member source=crm_update_peer_proc
Nov 25 10:43:31.142 node1 pacemaker-attrd     [44] (update_peer_state_iter) \tnotice: Node node2\
 state is now lost | nodeid=2 previous=member source=crm_update_peer_proc
Nov 25 10:43:33.154 node1 pacemaker-fenced    [42] (can_fence_host_with_device) \tinfo: kdump is\
 eligible to fence (reboot) node2: static-list
Nov 25 10:43:33.214 node1 pacemaker-fenced    [42] (log_async_result) \tnotice: Operation 'reboot'\
 [187] targeting node2 using kdump returned 0 | call 5 from pacemaker-controld.46
Nov 25 10:43:33.218 node1 pacemaker-controld  [46] (handle_fence_notification) \tnotice: Peer node2\
 was terminated (reboot) by node1 on behalf of pacemaker-controld.46@node3: OK | event=17c4b209
"""


def crash(text: str = CRASH) -> list[Event]:
    return crashlog.parse(text, 2026)[0]


def fencing(text: str = PACEMAKER, node: str = "") -> tuple[str, list[Event]]:
    return records.parse(text.splitlines(), 2026, node)


@pytest.mark.parametrize(
    ("line", "seconds", "rest"),
    [
        ("[    1.500000] a", 1.5, "a"),
        ("<4>[    1.500000] a", 1.5, "a"),
        ("[Thu Jan  1 00:01:00 1970] a", 60.0, "a"),
        ("Jan  1 00:01:00 node2 a", 60.0, "node2 a"),
        ("Jan 01 00:01:00.250 node2 a", 60.25, "node2 a"),
        ("1970-01-01T00:01:00.5+0200 a", 60.5, "a"),
        ("1970-01-01 00:01:00,5 a", 60.5, "a"),
    ],
)
def test_when(line: str, seconds: float, rest: str) -> None:
    found = when(line, 1970)
    assert found
    assert found[:2] == (seconds, rest)


@pytest.mark.parametrize("line", ["", "a", "Foo 99 00:00:00 a", "[Foo Bar 99 00:00:00 2026] a"])
def test_no_time(line: str) -> None:
    assert when(line, 2026) is None


@given(st.text(max_size=120) | st.from_regex(r"\A\w{3} \d\d \d\d:\d\d:\d\d [ -~]{0,40}\Z"))
def test_any_line(text: str) -> None:
    crashlog.parse(text, 2026)
    records.parse([text], 2026)


def test_crash_log() -> None:
    events = crash()
    assert [e.stage for e in events] == STAGES
    assert [e.time - events[0].time for e in events] == [0, 5, 5, 6, 10, 19]
    assert events[3].text == "the first message leaves for 10.77.0.1"


def test_a_log_with_the_kernel_s_own_clock() -> None:
    text = "[    0.000000] Linux version\n[    7.500000] fence_kdump_send: n1 (::1): message sent\n"
    events, relative = crashlog.parse(text, 2026)
    assert relative
    assert [e.time for e in events] == [0.0, 7.5]


def test_pacemaker_s_log() -> None:
    node, events = fencing()
    assert node == "node2"
    assert [e.stage for e in events] == ["lost", "agent", "fenced"]
    assert [e.text for e in events][1:] == ["device kdump succeeds", "node2 is fenced"]


def test_the_last_of_two_fencings() -> None:
    again = PACEMAKER.replace("10:43", "11:43").replace("kdump returned 0", "kdump returned 1")
    _, events = fencing(PACEMAKER + again)
    assert [e.stage for e in events] == ["lost", "agent_failed", "fenced"]
    other = PACEMAKER.replace("node2", "node9")
    assert fencing(other + PACEMAKER, "node9")[0] == "node9"
    assert fencing(other + PACEMAKER)[0] == "node2"
    assert fencing(PACEMAKER, "node7") == ("", [])


ASKED_FOR = """\
Nov 25 10:43:33.{0} node3 pacemaker-fenced    [45] (request_peer_fencing) \tnotice: Requesting\
 that node1 perform 'reboot' action targeting node2 using {1} | for client pacemaker-controld.49
Nov 25 10:43:33.{0} node3 pacemaker-fenced  [45] (fenced_process_fencing_reply) \tnotice: Action\
 'reboot' targeting node2 using {1} on behalf of pacemaker-controld.49@node3: complete
"""
KDUMP, POWER = ASKED_FOR.format(218, "kdump"), ASKED_FOR.format(318, "power")
DEVICES = (Device("kdump", "fence_kdump", {}), Device("power", "fence_ipmilan", {}))


@pytest.mark.parametrize(
    ("asked", "by", "state"), [(KDUMP, "kdump", "ok"), (f"{KDUMP}{POWER}", "power", "bad")]
)
def test_by_which_device_where_the_fencing_was_asked_for(asked: str, by: str, state: str) -> None:
    """There Pacemaker says "complete" of every answer, and the last device that it asked did it."""
    lost, _, _, fenced = PACEMAKER.splitlines()[1:]
    _, events = fencing(f"{lost}\n{asked}{fenced}\n")
    assert {e.stage for e in events} == {"lost", "agent_asked", "fenced"}
    (check,) = judge([], events, "node2", Configuration({}, DEVICES, (), {}))
    assert check.state == state
    assert f"node2 was fenced by {by}" in check.text
    assert check.remedy == ("on node1: fence-kdump last" if state == "bad" else "")


TIMED_OUT = """\
Nov 25 10:43:40.001 node1 pacemaker-fenced    [42] (log_op_output) \twarning: fence_kdump_off_1of1\
 [187] stderr: [ fence_kdump: timed out after 3 s waiting for a message from node2 (10.77.0.2) on\
 UDP port 7410; no datagram came ]
"""


def test_what_the_agent_said() -> None:
    lost, rest = PACEMAKER.split("\n", 1)
    failed = rest.replace("kdump returned 0", "kdump returned 1")
    _, events = fencing(f"{lost}\n{TIMED_OUT}{failed}")
    assert [e.stage for e in events] == ["lost", "agent_said", "agent_failed", "fenced"]
    assert events[1].text.startswith("the agent: timed out after 3 s waiting for a message")
    assert events[1].text.endswith("no datagram came")


REFUSED = """\
Nov 25 10:43:33.100 node1 pacemaker-fenced    [45] (log_action) \twarning: fence_kdump[463] stderr:\
 [ fence_kdump: warning: nodename=node3 and plug=node2 are different nodes in corosync.conf ]
Nov 25 10:43:33.101 node1 pacemaker-fenced    [45] (log_async_result) \terror: Operation 'reboot'\
 [463] targeting node2 using kdump returned 1 | call 9 from pacemaker-controld.49
Nov 25 10:43:33.200 node1 pacemaker-fenced    [45] (log_async_result) \tnotice: Operation 'reboot'\
 [177] targeting node2 using power returned 0 | call 9 from pacemaker-controld.49
"""


def test_why_another_device_fenced_it() -> None:
    """The agent's own words, of whichever kind, and for whichever node it ran."""
    lost, _, _, fenced = PACEMAKER.splitlines()[1:]
    other = lost.replace("node2", "node4")
    node, events = fencing(f"{lost}\n{other}\n{REFUSED}{fenced}\n")
    assert node == "node2"
    (check,) = judge([], events, "node2", Configuration({}, DEVICES, (), {}))
    assert check.state == "bad"
    assert "nodename=node3 and plug=node2 are different nodes in corosync.conf" in check.text


def log(*messages: str) -> str:
    """Lines of a log with these messages, a second apart."""
    lead = "Nov 25 10:43:{:02} node1 pacemaker-fenced    [45] (f) \t{}\n"
    return "".join(
        lead.format(second, message if ": " in message[:9] else f"notice: {message}")
        for second, message in enumerate(messages)
    )


LOST = "Node node2 state is now lost | nodeid=2"
ASKED = "Requesting that node3 perform 'reboot' action targeting node2 using kdump | for client x"
HEARD = "Operation 'reboot' [11] targeting node2 using kdump returned 0 | call 5 from x"
FAILED = "error: Operation 'reboot' [11] targeting node2 using kdump returned 1 | call 5 from x"
POWERED = "Operation 'reboot' [12] targeting node2 using power returned 0 | call 5 from x"
FENCED = "Peer node2 was terminated (reboot) by node1 on behalf of x.46@node3: OK | event=1"
NOT_FENCED = (
    "Peer node2 was not terminated (reboot) by node1 on behalf of x.46@node3: Timer expired"
)
BY_HAND = FENCED.replace("by node1", "by a human")
WATCHDOG = "Waiting 10s for node2 to self-fence (reboot) for client x"
KILLED = (
    "error: Operation 'reboot' [11] targeting node2 using kdump could not be executed: Timed Out"
)
UNFENCED = "Operation 'on' [13] targeting node2 using scsi returned 0 | call 6 from x"
SAID = "warning: fence_kdump[{}] stderr: [ fence_kdump: {} ]"
WANTED = "Requesting fencing (reboot) of node node2 | action=1 timeout=60000"
FORGED = "warning: fence_ipmilan[9] stderr: [ targeting node2 using kdump returned 0 ]"


@pytest.mark.parametrize(
    ("messages", "state", "text"),
    [
        ((LOST, HEARD, FENCED), "ok", "by kdump"),
        ((LOST, FAILED, POWERED, FENCED), "bad", "by power"),
        ((LOST, ASKED, BY_HAND), "unknown", "by hand"),
        ((LOST, ASKED, WATCHDOG, FENCED), "unknown", "watchdog"),
        ((LOST, HEARD, NOT_FENCED), "bad", "node2 was not fenced"),
        ((LOST, NOT_FENCED, HEARD, FENCED), "ok", "by kdump"),
        ((LOST, NOT_FENCED, FENCED), "unknown", "does not say"),
        ((LOST, HEARD, FENCED, UNFENCED), "ok", "by kdump"),
        ((LOST, SAID.format(11, "no message"), KILLED, POWERED, FENCED), "bad", "no message"),
        ((WANTED, FAILED, POWERED, FENCED, LOST), "bad", "by power"),
        ((LOST, FORGED, POWERED, FENCED), "bad", "by power"),
        # another time: what was before it does not count
        ((LOST, HEARD, FENCED, LOST, POWERED, FENCED), "bad", "by power"),
        ((LOST, FAILED, POWERED, FENCED, LOST, WANTED, HEARD, FENCED), "ok", "by kdump"),
    ],
)
def test_how_it_was_fenced(messages: tuple[str, ...], state: str, text: str) -> None:
    node, events = fencing(log(*messages))
    assert node == "node2"
    (check,) = judge([], events, "node2", Configuration({}, DEVICES, (), {}))
    assert (check.state, text in check.text) == (state, True), check


def test_each_agent_s_lines_are_about_its_own_node() -> None:
    """Two nodes crash at once, and a monitor has said something before."""
    other = [m.replace("node2", "node3").replace("[11]", "[21]").replace("[12]", "[22]")
             for m in (LOST, FAILED, POWERED, FENCED)]  # fmt: skip
    messages = (
        SAID.format(7, "no crash kernel is loaded"),
        LOST,
        other[0],
        SAID.format(11, "a message for node2"),
        SAID.format(21, "a message for node3"),
        other[1],
        FAILED,
        other[2],
        POWERED,
        other[3],
        FENCED,
    )
    for name in ("node2", "node3"):
        _, events = fencing(log(*messages), name)
        said = [event.text for event in events if event.stage == "agent_said"]
        assert said == [f"the agent: a message for {name}"]


def test_a_long_log_is_read_in_time() -> None:
    """A line without an end, and many agents without an end of theirs."""
    line = SAID.format(7, SAID.format(7, "x") * 20000)
    _, events = fencing(log(LOST, line, *[SAID.format(7, str(n)) for n in range(50)], FENCED))
    assert [event.stage for event in events] == ["lost", "fenced"]


def test_one_timeline() -> None:
    (timeline,) = merge(crash(), False, fencing()[1])
    assert [e.stage for _, e in timeline.rows][:4] == ["crash_kernel", "lost", "agent", "fenced"]
    picture = draw(timeline)
    assert picture.startswith("seconds since the crash kernel's start\n")
    assert re.search(r"the first message leaves for 10\.77\.0\.1 +│─+● +│ +6\.00 s\n", picture)


@pytest.mark.parametrize("hours", [-5, 1])
def test_an_image_without_the_time_zone(hours: int) -> None:
    moved = [Event(e.stage, e.text, e.time + 3600 * hours) for e in crash()]
    (timeline,) = merge(moved, False, fencing()[1])
    assert timeline.rows[1][0] == pytest.approx(0.142)


def test_clocks_that_cannot_be_compared() -> None:
    moved = [Event(e.stage, e.text, e.time + 400) for e in crash()]
    assert len(merge(moved, False, fencing()[1])) == 2
    assert len(merge(crash(), True, fencing()[1])) == 2
    assert len(merge([], False, fencing()[1])) == 1


def cluster(timeout: str) -> Configuration:
    return Configuration({}, (Device("kdump", "fence_kdump", {"timeout": timeout}),), (), {})


@pytest.mark.parametrize(("timeout", "state"), [("45", "ok"), ("11", "ok"), ("10", "bad")])
def test_the_timeout_that_follows(timeout: str, state: str) -> None:
    checks = {c.name: c for c in judge(crash(), fencing()[1], "node2", cluster(timeout))}
    assert checks["message"].state == state
    assert "20" in checks["message"].remedy + checks["message"].text
    assert checks["dump"].state == "ok"
    assert checks["fenced"].state == "ok"


def test_no_message() -> None:
    text = CRASH.replace("message sent", "Network is unreachable, trying again")
    (check,) = (c for c in judge(crash(text), [], "node2", None) if c.name == "message")
    assert check.state == "bad"
    assert "10.77.0.1: Network is unreachable" in check.text


def test_power_fenced_all_the_same() -> None:
    text = PACEMAKER.replace("kdump returned 0", "power returned 0")
    (check,) = judge([], fencing(text)[1], "node2", cluster("45"))
    assert (check.name, check.state) == ("fenced", "bad")
    assert "power" in check.text

"""What the frozen sender puts on the wire, and when: on hosts whose links, routes, neighbours and
names come and go. Intervals are an hour where a message has to come of an event."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import pty
import signal
import socket
import struct
import subprocess
import sys
import tty
from collections.abc import Iterator

import pytest

from fence_kdump_protocol import encode
from lab.hosts import Host, address
from lab.names import NameServer
from lab.packets import IP, UDP, IPv6, Packet, Tap
from lab.pair import pair
from lab.programs import C_SENDER, ROOT, SENDER, Program, run, started, until

HOUR = "3600"
WARNING = (
    "fence_kdump_send: this is not a crash kernel: if this node is being fenced, the cluster takes"
    " it for dead while it is alive\n"
)


@contextlib.contextmanager
def sending(host: Host, *options: str) -> Iterator[Program]:
    with started(SENDER, *options, host=host) as program:
        yield program
        if program.process.poll() is None:
            assert program.stop().status == 0


def destination(packet: Packet) -> str:
    return str(packet[IPv6].dst if IPv6 in packet else packet[IP].dst)


def heard(tap: Tap, number: int) -> list[str]:
    """Wait for that many messages: where each was sent to."""
    found = []
    for packet in tap:
        assert bytes(packet[UDP].payload)[:8] == encode()
        found.append(destination(packet))
        if len(found) == number:
            break
    return found


def assert_nothing_more(tap: Tap, peer: Host) -> None:
    """The next message is the one sent here, to another address."""
    assert run([C_SENDER, "-c", "1", "fd00::1"], host=peer).status == 0
    assert heard(tap, 1) == ["fd00::1"]


@pytest.mark.parametrize("sender", [SENDER, C_SENDER])
def test_the_bytes_on_the_wire(survivor: Host, peer: Host, tap: Tap, sender: str) -> None:
    assert run([sender, "-c", "1", "10.0.0.1"], host=peer).status == 0
    packet = next(iter(tap))
    assert bytes(packet[UDP].payload) == encode()
    assert packet[IP].src == "10.0.0.2"


def test_count_and_both_families(survivor: Host, peer: Host, tap: Tap) -> None:
    result = run([SENDER, "-c", "3", "-i", "0.01", "fd00::1", "10.0.0.1"], host=peer)
    assert result.status == 0
    first = [f"fence_kdump_send: {address}: message sent\n" for address in ("fd00::1", "10.0.0.1")]
    assert result.stderr == "".join([WARNING, *first])
    assert sorted(heard(tap, 6)) == ["10.0.0.1"] * 3 + ["fd00::1"] * 3
    assert_nothing_more(tap, peer)


def test_another_port(survivor: Host, peer: Host) -> None:
    tap = Tap(survivor, port=7411)
    assert run([SENDER, "-c", "1", "-p", "7411", "10.0.0.1"], host=peer).status == 0
    assert heard(tap, 1) == ["10.0.0.1"]


HOSTS = "10.0.0.1 node1\nfd00::1 node1\n10.0.0.4 node1\n"


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("auto", {"10.0.0.1", "10.0.0.4", "fd00::1"}),
        ("ipv4", {"10.0.0.1", "10.0.0.4"}),
        ("ipv6", {"fd00::1"}),
    ],
)
def test_every_address_of_a_name(family: str, expected: set[str]) -> None:
    survivor, peer = pair(peer_etc={"hosts": HOSTS})
    tap = Tap(survivor)
    with sending(peer, "-f", family, "-i", HOUR, "node1"):
        assert set(heard(tap, len(expected))) == expected


@pytest.mark.parametrize("family", ["10.0.0", "fd00:"])
def test_a_link_that_comes_up_late(family: str) -> None:
    survivor, peer = pair()
    tap = Tap(survivor)
    target = f"{family}.1" if family == "10.0.0" else "fd00::1"
    peer.ip("link set eth0 down")
    with sending(peer, "-i", HOUR, target) as program:
        assert program.line("stderr") == WARNING
        assert "nreachable, trying again" in program.line("stderr")
        peer.ip("link set eth0 up")
        if family != "10.0.0":
            address(peer, "fd00::2/64")
        assert heard(tap, 1) == [target]


def test_a_route_that_comes_late() -> None:
    survivor, peer = pair()
    tap = Tap(survivor)
    address(survivor, "192.0.2.1/32")
    with sending(peer, "-c", "1", "192.0.2.1", "10.0.0.1") as program:
        assert heard(tap, 1) == ["10.0.0.1"]
        peer.ip("route add 192.0.2.0/24 via 10.0.0.1")
        assert heard(tap, 1) == ["192.0.2.1"]
        assert program.result().status == 0


def test_an_address_that_comes_later_than_its_route() -> None:
    """Until then the kernel would send from 0.0.0.0. NetworkManager sets them up in this order."""
    survivor, peer = pair()
    tap = Tap(survivor)
    peer.ip("address del 10.0.0.2/24 dev eth0")
    peer.ip("route add 10.0.0.1/32 dev eth0")
    # the way to the first one is not known at all
    with sending(peer, "-i", HOUR, "192.0.2.1", "10.0.0.1") as program:
        assert program.line("stderr") == WARNING
        assert "192.0.2.1: Network is unreachable, trying again" in program.line("stderr")
        assert "10.0.0.1: no source address, trying again" in program.line("stderr")
        address(peer, "10.0.0.2/24")
        assert next(iter(tap))[IP].src == "10.0.0.2"
        assert "10.0.0.1: message sent" in program.line("stderr")


@pytest.mark.parametrize("lost", ["10.9.9.9", "nosuch.invalid"])
def test_count_ends_although_a_node_cannot_be_told(lost: str) -> None:
    """A script in the crash kernel may wait for it."""
    survivor, peer = pair(peer_etc={"hosts": ""})
    tap = Tap(survivor)
    result = run([SENDER, "-c", "3", "-i", "0.1", "10.0.0.1", lost], host=peer)
    assert result.status == 0
    assert heard(tap, 3) == ["10.0.0.1"] * 3
    assert_nothing_more(tap, peer)
    assert (
        result.stderr.splitlines()[-1]
        == f"fence_kdump_send: {lost}: the last message was not sent, giving up"
    )


@pytest.mark.parametrize("sender", [SENDER, C_SENDER])
@pytest.mark.parametrize(("lost", "status"), [("10.9.9.9", 0), ("nosuch.invalid", 1)])
def test_the_status_when_nobody_could_be_told(sender: str, lost: str, status: int) -> None:
    _, peer = pair(peer_etc={"hosts": ""})
    assert run([sender, "-c", "2", "-i", "1", lost], host=peer).status == status


def test_the_last_round_waits_for_a_slow_name() -> None:
    etc = {"hosts": "", "resolv.conf": "nameserver 10.0.0.1\noptions timeout:30 attempts:1\n"}
    survivor, peer = pair(peer_etc=etc)
    tap = Tap(survivor)
    with (
        NameServer(survivor, "10.0.0.1", {"slow.example": "10.0.0.4"}) as server,
        sending(peer, "-c", "2", "-i", "0.01", "slow.example", "10.0.0.1") as program,
    ):
        assert heard(tap, 2) == ["10.0.0.1"] * 2
        server.answer()
        assert heard(tap, 1) == ["10.0.0.4"]
        assert program.result().status == 0


def test_a_carrier_that_comes_late_although_sendto_succeeded() -> None:
    survivor, peer = pair()
    survivor.ip("link set eth0 down")
    with sending(peer, "-v", "-i", HOUR, "--fast-start", "0.001", "10.0.0.1") as program:
        assert program.line("stderr") == WARNING
        assert "10.0.0.1: message sent" in program.line("stderr")
        survivor.ip("link set eth0 up")
        tap = Tap(survivor)
        assert heard(tap, 1) == ["10.0.0.1"]


def test_a_neighbour_that_answers_late() -> None:
    """No answer to ARP drops what sendto took; when the neighbour is found, a message follows."""
    survivor, peer = pair()
    survivor.ip("address del 10.0.0.1/24 dev eth0")
    tap = Tap(survivor)
    with sending(peer, "-v", "-i", HOUR, "--fast-start", "0.001", "10.0.0.1") as program:
        assert program.line("stderr") == WARNING
        assert "10.0.0.1: message sent" in program.line("stderr")
        until(lambda: "FAILED" in peer.ip("neighbour show 10.0.0.1"), "ARP to give up")
        address(survivor, "10.0.0.1/24")
        # whoever speaks first: here the survivor, as Pacemaker's node would
        with survivor.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"hello", ("10.0.0.2", 9))
        assert heard(tap, 1) == ["10.0.0.1"]


def test_slow_names_delay_nobody_and_are_told_late() -> None:
    etc = {"hosts": "", "resolv.conf": "nameserver 10.0.0.1\noptions timeout:2 attempts:1\n"}
    survivor, peer = pair(peer_etc=etc)
    tap = Tap(survivor)
    names = {"slow.example": "10.0.0.4"}
    with (
        NameServer(survivor, "10.0.0.1", names) as server,
        sending(peer, "-i", "0.1", "slow.example", "slower.example", "10.0.0.1"),
    ):
        assert heard(tap, 10) == ["10.0.0.1"] * 10
        server.answer()
        while heard(tap, 1) != ["10.0.0.4"]:
            pass


BY_RTNETLINK_ALONE = """
import sys
import tty
from fence_kdump_send import loop, main
loop.RETRY = 3600
sys.exit(main.main(sys.argv[1:]))
"""


def test_rtnetlink_alone_drives_the_retries() -> None:
    """The twice-a-second retry is put off, so that only an event can be what sends."""
    survivor, peer = pair()
    tap = Tap(survivor)
    peer.ip("link set eth0 down")
    path = f"PYTHONPATH={ROOT}/sender:{ROOT}/protocol"
    command = ["env", path, sys.executable, "-c", BY_RTNETLINK_ALONE, "-c", "1", "10.0.0.1"]
    with started(*command, host=peer) as program:
        assert program.line("stderr") == WARNING
        assert "nreachable, trying again" in program.line("stderr")
        peer.ip("link set eth0 up")
        assert heard(tap, 1) == ["10.0.0.1"]
        assert program.result().status == 0


def test_a_name_that_resolves_late() -> None:
    survivor, peer = pair(peer_etc={"hosts": ""})
    tap = Tap(survivor)
    with sending(peer, "-i", HOUR, "node1") as program:
        assert program.line("stderr") == WARNING
        assert "node1:" in program.line("stderr")
        with open(f"/etc/netns/{peer.name}/hosts", "w") as file:
            file.write("10.0.0.1 node1\n")
        assert heard(tap, 1) == ["10.0.0.1"]


def test_hundreds_of_dead_nodes_do_not_silence_the_living() -> None:
    survivor, peer = pair()
    tap = Tap(survivor)
    peer.ip("address add 10.9.0.2/16 dev eth0")
    dead = [f"10.9.{high}.{low}" for high in (1, 2, 3) for low in range(1, 251)]
    with sending(peer, "-c", "5", "-i", "0.05", *dead, "10.0.0.1"):
        assert heard(tap, 5) == ["10.0.0.1"] * 5


def test_crash_only_is_silent_where_there_is_no_vmcore(
    survivor: Host, peer: Host, tap: Tap
) -> None:
    result = run([SENDER, "--crash-only", "-i", "0.01", "10.0.0.1"], host=peer)
    assert (result.status, result.stdout) == (0, "")
    assert result.stderr == "fence_kdump_send: this is not a crash kernel: no message is sent\n"
    assert_nothing_more(tap, peer)


# A stand-in for the crash kernel: a /proc that has a vmcore, and a log that is not this machine's.
CRASH_KERNEL = (
    "log=$1; shift; mount --bind $log /dev/kmsg; mount -t tmpfs tmpfs /proc; : >/proc/vmcore; "
)


def in_crash_kernel(script: str, log: str, *argv: str) -> list[str]:
    """The command line that runs a program so.

    script -- runs "$@" in it
    log -- what is /dev/kmsg there
    """
    return ["unshare", "--mount", "sh", "-ec", f"{CRASH_KERNEL}{script}", "sh", log, *argv]


@contextlib.contextmanager
def kernel_log() -> Iterator[tuple[str, int]]:
    """Where to write lines, and what to read them from; any device that takes lines serves."""
    mine, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        yield os.ttyname(theirs), mine
    finally:
        os.close(mine)
        os.close(theirs)


UNTIL_VMCORE_GOES = '"$@" & read -r line; rm /proc/vmcore; wait $!'


def test_crash_only_in_a_crash_kernel(survivor: Host, peer: Host, tap: Tap) -> None:
    with kernel_log() as (log, end):
        command = in_crash_kernel(UNTIL_VMCORE_GOES, log, SENDER, "--crash-only", "-i", "0.05")
        process = subprocess.Popen(
            peer.command(*command, "10.0.0.1"),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert heard(tap, 3) == ["10.0.0.1"] * 3
        _, stderr = process.communicate("\n", timeout=30)
        assert process.returncode == 0
        assert stderr == (
            "fence_kdump_send: 10.0.0.1: message sent\n"
            "fence_kdump_send: this is not a crash kernel: no message is sent\n"
        )
        assert os.read(end, 65536) == b"<4>fence_kdump_send: 10.0.0.1: message sent\n"


def test_a_line_in_the_log_for_each_of_many_nodes(survivor: Host, peer: Host) -> None:
    nodes = [f"10.0.1.{number}" for number in range(1, 31)]
    peer.ip("route add 10.0.1.0/24 dev eth0")
    with kernel_log() as (log, end):
        command = in_crash_kernel('exec "$@"', log, SENDER, "--crash-only", "-c", "1", *nodes)
        assert run(command, host=peer).status == 0
        lines = os.read(end, 65536).decode().splitlines()
        assert lines == [f"<4>fence_kdump_send: {node}: message sent" for node in nodes]


def test_the_log_is_opened_anew_for_each_line(
    survivor: Host, peer: Host, tmp_path: pathlib.Path
) -> None:
    """The kernel takes 10 lines in 5 s of an open file, unless printk.devkmsg=on (kernel,
    devkmsg_write), and the rest is lost: 32 nodes with two rings are 62 lines at once."""
    nodes = [f"10.0.1.{number}" for number in range(1, 63)]
    peer.ip("route add 10.0.1.0/24 dev eth0")
    log = tmp_path / "kmsg"
    log.touch()
    with Watched(str(log)) as watched:
        command = in_crash_kernel('exec "$@"', str(log), SENDER, "--crash-only", "-c", "1", *nodes)
        assert run(command, host=peer).status == 0
        assert watched.writes_of_each_open() == [1] * len(nodes)


class Watched:
    """A file of which inotify(7) tells who opens and writes it; Python has no module for that."""

    _MODIFY, _OPEN = 0x002, 0x020
    _EVENT = struct.Struct("=iIII")

    def __init__(self, path: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        watch = libc.inotify_add_watch(self._fd, path.encode(), self._MODIFY | self._OPEN)
        assert self._fd >= 0 <= watch

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def writes_of_each_open(self) -> list[int]:
        """How often it was written to after each time that it was opened."""
        found: list[int] = []
        for _, mask, _, _ in self._EVENT.iter_unpack(os.read(self._fd, 1 << 20)):
            if mask & self._OPEN:
                found.append(0)
            elif found:
                found[-1] += 1
        return found


def test_a_crash_kernel_without_a_log(survivor: Host, peer: Host, tap: Tap) -> None:
    no_log = 'mount -t tmpfs tmpfs /dev; exec "$@"'
    command = in_crash_kernel(no_log, "/dev/null", SENDER, "--crash-only", "-c", "1", "10.0.0.1")
    result = run(command, host=peer)
    assert (result.status, result.stderr) == (0, "fence_kdump_send: 10.0.0.1: message sent\n")
    assert heard(tap, 1) == ["10.0.0.1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_a_crash_kernel_is_no_clean_end(
    survivor: Host, peer: Host, tap: Tap, number: signal.Signals
) -> None:
    """Whoever keeps it running must see that it is not done."""
    # whoever runs the tests may ignore SIGHUP, as nohup(1) does, and what is started then does, too
    heed = 'exec env --default-signal "$@"'
    command = in_crash_kernel(heed, "/dev/null", SENDER, "--crash-only", "10.0.0.1")
    with started(*command, host=peer) as program:
        assert heard(tap, 1) == ["10.0.0.1"]
        program.process.send_signal(number)
        assert program.result().status == -number


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        ("-p 0 10.0.0.1", "port '0'"),
        ("-p 70000 10.0.0.1", "port '70000'"),
        ("-i 0 10.0.0.1", "interval '0'"),
        ("-c -1 10.0.0.1", "count '-1'"),
        ("-c x 10.0.0.1", "count 'x'"),
        ("--nonsense 10.0.0.1", "'--nonsense'"),
        ("", "no node"),
    ],
)
def test_bad_input_is_one_line_that_names_it(argv: str, named: str) -> None:
    result = run([SENDER, *argv.split()])
    assert result.status == 1
    (line,) = result.stderr.splitlines()
    assert named in line
    assert "--help" in line


def test_no_node_of_the_family_asked_for() -> None:
    result = run([SENDER, "-c", "1", "-f", "ipv6", "10.0.0.1"])
    assert result.status == 1
    assert "'10.0.0.1' is not an address of the family that --family selects" in result.stderr


@pytest.mark.parametrize("number", ["10.1", "010.0.0.1", "0x0a.0.0.1", "167772161"])
def test_a_number_is_no_address(survivor: Host, peer: Host, tap: Tap, number: str) -> None:
    """The agent and the image helper take it for a name: it must be the same to all."""
    result = run([SENDER, "-c", "1", "-i", "0.1", number], host=peer)
    assert result.status == 1
    assert f"{number}: neither a name nor a complete address" in result.stderr
    assert_nothing_more(tap, peer)


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_node_is_left_out(survivor: Host, peer: Host, tap: Tap, empty: str) -> None:
    """In a crash kernel it must not keep the others from being told."""
    result = run([SENDER, "-c", "1", empty, "10.0.0.1"], host=peer)
    assert result.status == 0
    assert heard(tap, 1) == ["10.0.0.1"]
    assert f"'{empty}' is not a name or an address" in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(option: str) -> None:
    result = run([SENDER, option])
    assert result.status == 0
    assert result.stdout.startswith("Usage: fence_kdump_send")


def test_version() -> None:
    result = run([SENDER, "-V"])
    assert result.status == 0
    assert result.stdout.startswith("fence_kdump_send ")


def test_a_terminal_that_nobody_reads_delays_no_message(
    survivor: Host, peer: Host, tap: Tap
) -> None:
    ours, theirs = pty.openpty()
    command = peer.command(SENDER, "-v", "-i", "0.001", "10.0.0.1")
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    assert len(heard(tap, 3000)) == 3000
    process.terminate()
    assert process.wait(30) == 0
    os.close(ours)
    os.close(theirs)


def test_a_full_stderr_delays_no_message(survivor: Host, peer: Host, tap: Tap) -> None:
    """Nobody reads the pipe, and every message is a line in it."""
    with started(SENDER, "-v", "-i", "0.001", "10.0.0.1", host=peer) as program:
        assert len(heard(tap, 3000)) == 3000
        program.process.terminate()
        assert program.process.wait(30) == 0

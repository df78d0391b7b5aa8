"""`make bench`: figures against the C programs, side by side in one run.

Each row measures ours and the C program alternately, and prints medians, their ratio and the goal.
Everything runs in network namespaces of its own. The table is saved as build/bench/bench.json.
"""

from __future__ import annotations

import contextlib
import glob
import lzma
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, part) for part in ("tests", "protocol")]

from fence_kdump_protocol import encode  # noqa: E402  the path comes first
from lab.hosts import Host, address, join  # noqa: E402
from lab.programs import (  # noqa: E402
    AGENT,
    C_AGENT,
    C_SENDER,
    SENDER,
    until,
)
from table import Row, measure_all  # noqa: E402

RUNS = 15
PYTHON = os.path.realpath("/usr/bin/python3")  # a venv's would look for its venv
PORT = 7410
MESSAGE = encode()


@contextlib.contextmanager
def hosts() -> Iterator[tuple[Host, Host]]:
    """A survivor 10.0.0.1 and a peer 10.0.0.2 on a cable."""
    survivor, peer = Host("survivor"), Host("peer")
    join(survivor, peer)
    address(survivor, "10.0.0.1/24")
    address(peer, "10.0.0.2/24")
    yield survivor, peer
    survivor.close()
    peer.close()


def listener(host: Host, bind: str = "10.0.0.1") -> socket.socket:
    """A UDP socket on the port."""
    with host.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
    sock.bind((bind, PORT))
    sock.settimeout(30)
    return sock


def speaker(host: Host) -> socket.socket:
    """A UDP socket to send from."""
    with host.entered():
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@contextlib.contextmanager
def running(*argv: str, host: Host) -> Iterator[subprocess.Popen[bytes]]:
    """A program that says nothing, ended with the block. Started inside the namespace, so that no
    `ip netns exec` is timed."""
    with host.entered():
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def alternately(measure: Callable[[str], float], theirs: str, ours: str) -> tuple[float, float]:
    """Medians of RUNS measurements each, turn by turn."""
    figures: dict[str, list[float]] = {theirs: [], ours: []}
    for _ in range(RUNS):
        for program in (theirs, ours):
            figures[program].append(measure(program))
    return statistics.median(figures[theirs]), statistics.median(figures[ours])


def exec_to_first_packet() -> Row:
    """Sender started -> its first datagram in a socket."""
    theirs, ours = _first_packet_after(C_SENDER)
    return Row("sender: exec to first packet", "ms", theirs, ours, at_most=10)


def first_packet_beside_python() -> Row:
    """The same, beside a bare interpreter from its start to its end: a ratio that goes from one
    machine to the next, as milliseconds do not."""
    theirs, ours = _first_packet_after(PYTHON)
    return Row("sender: first packet; beside: bare Python", "ms", theirs, ours)


def _first_packet_after(other: str) -> tuple[float, float]:
    with hosts() as (survivor, peer), listener(survivor) as sock:

        def measure(program: str) -> float:
            start = time.perf_counter()
            if program == PYTHON:
                subprocess.run([PYTHON, "-IS", "-c", "pass"], check=True)
                return (time.perf_counter() - start) * 1000
            with running(program, "10.0.0.1", host=peer):
                sock.recv(64)
                return (time.perf_counter() - start) * 1000

        return alternately(measure, other, SENDER)


def route_to_message() -> Row:
    """A route becomes usable -> the message is out; the C sender waits for its next interval."""
    with hosts() as (survivor, peer), listener(survivor) as sock:

        def measure(program: str) -> float:
            peer.ip("link set eth0 down")
            with running(program, "-i", "10", "10.0.0.1", host=peer) as process:
                until(lambda: _waits_after_an_attempt(process.pid), "the first attempt to fail")
                peer.ip("link set eth0 up")
                start = time.perf_counter()
                sock.recv(64)
                return (time.perf_counter() - start) * 1000

        ours = statistics.median(measure(SENDER) for _ in range(RUNS))
        theirs = measure(C_SENDER)
    return Row("route usable to message out", "ms", theirs, ours, at_most=50)


def _waits_after_an_attempt(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as file:
        asleep = file.read().rpartition(")")[2].split()[0] == "S"
    return asleep and _sockets(pid) > 0


def _sockets(pid: int) -> int:
    folder, number = f"/proc/{pid}/fd", 0
    for fd in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            number += os.readlink(f"{folder}/{fd}").startswith("socket:")
    return number


def memory_while_sending() -> Row:
    """Anonymous memory of a sender after its first packet (smaps_rollup)."""
    with hosts() as (survivor, peer), listener(survivor) as sock:

        def measure(program: str) -> float:
            with running(program, "10.0.0.1", host=peer) as process:
                sock.recv(64)
                with open(f"/proc/{process.pid}/smaps_rollup") as file:
                    fields = dict(line.split(":", 1) for line in file.readlines()[1:])
                return int(fields["Anonymous"].split()[0]) / 1024

        theirs, ours = alternately(measure, C_SENDER, SENDER)
    return Row("sender: anonymous memory", "MiB", theirs, ours, at_most=3.5)


def image_growth() -> Row:
    """The sender's folder and the libraries it needs, as an xz'ed archive, against the C one."""
    ours = _archived([os.path.dirname(SENDER), *_libraries(SENDER)])
    theirs = _archived([C_SENDER])
    return Row("added to the image, xz", "MB", theirs, ours, at_most=2)


def _libraries(program: str) -> list[str]:
    """libm and libz, which the interpreter and the bootloader load."""
    found = []
    for name in ("libm.so.6", "libz.so.1"):
        found += glob.glob(f"/lib/*-linux-gnu/{name}")[:1] or glob.glob(f"/usr/lib64/{name}")
    return found


def _archived(paths: list[str]) -> float:
    command = ["tar", "--create", "--dereference", "--absolute-names", *paths]
    archive = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return len(lzma.compress(archive, preset=6)) / 1e6


def message_to_exit() -> Row:
    """A message arrives -> the agent has exited."""
    with hosts() as (survivor, peer), speaker(peer) as sock:

        def measure(program: str) -> float:
            with running(program, "-n", "10.0.0.2", "-t", "20", host=survivor) as process:
                _until_listening(process, program)
                fd = os.pidfd_open(process.pid)
                start = time.perf_counter()
                sock.sendto(MESSAGE, ("10.0.0.1", PORT))
                select.select([fd], [], [])
                took = (time.perf_counter() - start) * 1000
                os.close(fd)
                assert process.wait() == 0
                return took

        theirs, ours = alternately(measure, C_AGENT, AGENT)
    return Row("agent: message to exit", "ms", theirs, ours, at_most=2)


def exec_to_listening() -> Row:
    """Agent started, options on stdin -> its socket is bound, beside a CIB of 1 MB."""
    with hosts() as (survivor, _), large_cib():

        def measure(program: str) -> float:
            with survivor.entered():
                start = time.perf_counter()
                process = subprocess.Popen(
                    [program], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
                assert process.stdin
                process.stdin.write(b"nodename=10.0.0.2\nport=10.0.0.2\ntimeout=20\n")
                process.stdin.close()
                while not _is_bound():
                    time.sleep(0.0002)
                took = (time.perf_counter() - start) * 1000
            process.kill()
            process.wait()
            return took

        theirs, ours = alternately(measure, C_AGENT, AGENT)
    return Row("agent: exec to listening, CIB of 1 MB", "ms", theirs, ours, at_most=30)


@contextlib.contextmanager
def large_cib() -> Iterator[None]:
    """Pacemaker's configuration, a resource a line, in the sandbox's own /var/lib."""
    path = "/var/lib/pacemaker/cib/cib.xml"
    resource = '<primitive id="r{0}" class="ocf" provider="pacemaker" type="Dummy"/>\n'
    resources = "".join(resource.format(number) for number in range(15000))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(f"<cib><configuration><resources>{resources}</resources></configuration></cib>")
    yield
    os.remove(path)


def _is_bound() -> bool:
    with open("/proc/thread-self/net/udp") as file:
        return ":1CF2 " in file.read()


def _until_listening(process: subprocess.Popen[bytes], program: str) -> None:
    sockets = 3 if program == AGENT else 1  # ours looks out for strangers, too

    until(lambda: _sockets(process.pid) >= sockets, "the agent to listen")


FLOOD = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end, sent = time.monotonic() + 300, 0
while time.monotonic() < end:
    for _ in range(1000):
        s.sendto(b"junkjunk", ("127.0.0.1", 7410))
"""


def heard_under_a_flood(tries: int = 200) -> Row:
    """How many of single valid messages are heard while a flood of junk goes on."""
    heard = {AGENT: 0, C_AGENT: 0}
    with hosts() as (survivor, peer), speaker(peer) as sock:
        command = ["nice", sys.executable, "-IS", "-c", FLOOD]
        with running(*command, host=survivor):
            for program, number in ((C_AGENT, tries // 10), (AGENT, tries)):
                for _ in range(number):
                    heard[program] += _hears_one(program, survivor, sock)
    theirs = heard[C_AGENT] / (tries // 10) * tries
    ours = heard[AGENT]
    return Row(f"heard under a flood of junk, of {tries}", "", theirs, ours, at_least=tries)


def _hears_one(program: str, survivor: Host, sock: socket.socket) -> bool:
    with running(program, "-n", "10.0.0.2", "-t", "2", host=survivor) as process:
        _until_listening(process, program)
        sock.sendto(MESSAGE, ("10.0.0.1", PORT))
        return process.wait() == 0


def agents_at_once(number: int = 64) -> Row:
    """How many of so many agents on one host hear their own node."""

    def measure(program: str) -> int:
        with hosts() as (survivor, peer), contextlib.ExitStack() as stack:
            nodes = [f"10.0.0.{n}" for n in range(100, 100 + number)]
            address(peer, *(f"{node}/24" for node in nodes))
            agents = []
            for node in nodes:
                agent = stack.enter_context(running(program, "-n", node, "-t", "20", host=survivor))
                if program == AGENT:
                    _until_listening(agent, program)
                agents.append(agent)
            time.sleep(0.5)  # time for the C agents to find the port in use
            for node in nodes:
                with speaker(peer) as sock:
                    sock.bind((node, 0))
                    sock.sendto(MESSAGE, ("10.0.0.1", PORT))
            end = time.monotonic() + 10
            while any(a.poll() is None for a in agents) and time.monotonic() < end:
                time.sleep(0.01)
            return sum(agent.poll() == 0 for agent in agents)

    theirs, ours = measure(C_AGENT), measure(AGENT)
    return Row(f"agents at once on one host, of {number}", "", theirs, ours, at_least=number)


def thousand_targets() -> Row:
    """First to last datagram of one round to 1,000 addresses."""
    targets = [f"10.1.{high}.{low}" for high in range(4) for low in range(1, 251)]
    with hosts() as (survivor, peer):
        survivor.ip("route add local 10.1.0.0/16 dev lo")
        peer.ip("route add 10.1.0.0/16 via 10.0.0.1")
        with listener(survivor, "0.0.0.0") as sock:  # noqa: S104

            def measure(program: str) -> float:
                with running(program, "-c", "1", *targets, host=peer):
                    sock.recv(64)
                    start = time.perf_counter()
                    for _ in range(len(targets) - 1):
                        sock.recv(64)
                    return (time.perf_counter() - start) * 1000

            theirs, ours = alternately(measure, C_SENDER, SENDER)
    return Row("one round to 1,000 addresses", "ms", theirs, ours, at_most=15)


ROWS: tuple[Callable[[], Row], ...] = (
    exec_to_first_packet,
    first_packet_beside_python,
    route_to_message,
    memory_while_sending,
    image_growth,
    message_to_exit,
    exec_to_listening,
    heard_under_a_flood,
    agents_at_once,
    thousand_targets,
)


def main() -> int:
    """Print the table, a row as soon as it is there, and save it."""
    assert os.environ.get("FENCE_KDUMP_SANDBOX"), "start it with tools/sandbox"
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # the package's example has a node whose name nobody can look up, so 10.0.0.2 may be that node
    with contextlib.suppress(FileNotFoundError):
        os.truncate("/etc/corosync/corosync.conf", 0)
    measure_all("bench", ROWS)
    return 0


if __name__ == "__main__":
    sys.exit(main())

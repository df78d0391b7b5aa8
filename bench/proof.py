"""The proof of identity in figures; part of `make bench`.

Beside ours stands what the C programs do in its place, without any proof, or 0: they cannot. The
table is saved as build/bench/proof.json.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, part) for part in ("tests", "protocol")]

from bench import MESSAGE, PORT, RUNS, listener, running, speaker  # noqa: E402  the path comes first
from fence_kdump_protocol.dialogue import encode_response  # noqa: E402
from fence_kdump_protocol.keys import node_key  # noqa: E402
from lab.flood import flood  # noqa: E402
from lab.hosts import Host  # noqa: E402
from lab.node import COROSYNC, MASTER, Node, write_key  # noqa: E402
from lab.packets import IP, UDP, Packet, Raw  # noqa: E402
from lab.pair import pair  # noqa: E402
from lab.programs import C_AGENT, C_SENDER, SENDER, listening_agent  # noqa: E402
from table import Row, measure_all  # noqa: E402

KEY = node_key(MASTER, b"node2")
REQUIRED = ("-n", "node2", "--plug", "node2", "-t", "30", "--auth", "required")


@contextlib.contextmanager
def nodes() -> Iterator[tuple[Host, Host, tuple[str, ...]]]:
    """A survivor that knows the cluster and has its key, node2, and the sender's options there."""
    survivor, peer = pair(etc={"corosync/corosync.conf": COROSYNC, "hosts": "10.0.0.2 node2\n"})
    write_key(f"/etc/netns/{survivor.name}/corosync/authkey")
    with tempfile.TemporaryDirectory() as folder:
        key = write_key(f"{folder}/node.key", KEY.hex().encode())
        yield survivor, peer, ("--key", key, "--node", "node2")
    survivor.close()
    peer.close()


def message_to_exit() -> Row:
    """A message arrives -> the agent has asked, was answered, and has exited."""
    with nodes() as (survivor, peer, _), speaker(peer) as sock:

        def with_proof() -> float:
            with listening_agent(*REQUIRED, host=survivor) as agent, Node(peer) as node:
                node.challenge()  # the first, that nobody answered
                return _until_exit(agent.pid, lambda: _prove(node))

        def without() -> float:
            options = ("-n", "10.0.0.2", "-t", "30")
            with listening_agent(*options, agent=C_AGENT, host=survivor) as agent:
                return _until_exit(agent.pid, lambda: sock.sendto(MESSAGE, ("10.0.0.1", PORT)))

        figures = [(without(), with_proof()) for _ in range(RUNS)]
        theirs, ours = (statistics.median(column) for column in zip(*figures))
    return Row("message to exit, with a proof; C: without", "ms", theirs, ours, at_most=10)


def _prove(node: Node) -> None:
    node.send(MESSAGE, ("10.0.0.1", PORT))
    challenge = node.challenge()
    node.send(encode_response(challenge.nonce, b"node2", KEY), challenge.peer)


def _until_exit(pid: int, act: Callable[[], object]) -> float:
    fd = os.pidfd_open(pid)
    start = time.perf_counter()
    act()
    select.select([fd], [], [])
    took = (time.perf_counter() - start) * 1000
    os.close(fd)
    return took


def agents_at_once(number: int = 64) -> Row:
    """How many of so many agents on one host get a proof of the same node."""
    with nodes() as (survivor, peer, proof), contextlib.ExitStack() as stack:
        agents = [
            stack.enter_context(listening_agent(*REQUIRED, host=survivor)) for _ in range(number)
        ]
        stack.enter_context(running(SENDER, *proof, "10.0.0.1", "fd00::1", host=peer))
        ours = sum(agent.result().status == 0 for agent in agents)
    return Row(f"agents that get a proof at once, of {number}", "", 0, ours, at_least=number)


def proven_under_a_flood(tries: int = 50) -> Row:
    """How many runs succeed while messages are forged in the node's name at full rate, which would
    end any run without a proof."""
    forged = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=1, dport=PORT, chksum=0) / Raw(MESSAGE)
    ours = 0
    with nodes() as (survivor, peer, proof), flood(peer, forged, survivor.mac()):
        for _ in range(tries):
            with (
                listening_agent(*REQUIRED, host=survivor) as agent,
                running(SENDER, *proof, "10.0.0.1", host=peer),
            ):
                ours += agent.result().status == 0
    return Row(f"proven under forged messages, of {tries}", "", 0, ours, at_least=tries)


def rounds_under_a_flood(rounds: int = 50) -> Row:
    """The longest time between two messages 100 ms apart, under a flood of challenges."""
    challenge = Raw(b"FKX1\x01\0" + bytes(314))
    with nodes() as (survivor, peer, proof), listener(survivor) as sock:
        forged: Packet = IP(src="10.0.0.1", dst="10.0.0.2")
        forged = forged / UDP(sport=1, dport=PORT, chksum=0) / challenge

        def measure(*command: str) -> float:
            times: list[float] = []
            with running(*command, "10.0.0.1", host=peer):
                while len(times) < rounds:
                    if sock.recv(1024) == MESSAGE:
                        times.append(time.perf_counter())
            return max(later - before for before, later in zip(times, times[1:])) * 1000

        alone = measure(SENDER, "-i", "0.1")
        with flood(survivor, forged, peer.mac()):
            ours = measure(SENDER, *proof, "-i", "0.1")
    return Row("longest gap of 100 ms; beside: no flood", "ms", alone, ours, at_most=200)


def memory() -> Row:
    """Anonymous memory of a sender with a key, once it has proven itself."""
    with nodes() as (survivor, peer, proof), listener(survivor) as sock:

        def measure(*command: str) -> float:
            with running(*command, "10.0.0.1", "fd00::1", host=peer) as process:
                sock.recv(64)
                if proof[0] in command:
                    with listening_agent(*REQUIRED, host=survivor) as agent:
                        assert agent.result().status == 0
                with open(f"/proc/{process.pid}/smaps_rollup") as file:
                    fields = dict(line.split(":", 1) for line in file.readlines()[1:])
                return int(fields["Anonymous"].split()[0]) / 1024

        theirs, ours = measure(C_SENDER), measure(SENDER, *proof)
    return Row("sender with a key: anonymous memory", "MiB", theirs, ours, at_most=3.5)


ROWS = (message_to_exit, agents_at_once, proven_under_a_flood, rounds_under_a_flood, memory)


def main() -> int:
    """Print the table, a row as soon as it is there, and save it."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    measure_all("proof", ROWS)
    return 0


if __name__ == "__main__":
    sys.exit(main())

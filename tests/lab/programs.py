"""The programs under test, and the C programs, as processes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence

from lab.hosts import Host

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

AGENT = os.path.join(ROOT, "agent/bin/fence_kdump")
# FENCE_KDUMP_SENDER: the folder of another frozen sender
SENDER = os.path.join(
    os.environ.get("FENCE_KDUMP_SENDER") or f"{ROOT}/dist/fence_kdump_send", "fence_kdump_send"
)
ONEFILE = os.path.join(ROOT, "dist/onefile/fence_kdump_send")
ADMIN = os.path.join(ROOT, "admin/bin/fence-kdump")
C_AGENT = "/usr/sbin/fence_kdump"
C_SENDER = "/usr/libexec/fence-agents/fence_kdump_send"

# Before a command line: it runs without root. It may read what it is to run, because a checkout
# may lie below a folder that only root may enter.
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NOBODY += [f"--{kind}-caps=-all,+dac_read_search" for kind in ("inh", "ambient")]

# Nothing here takes that long; whatever does is stuck.
DEADLINE = 60.0


class Result:
    """How a process ended: its exit status and what it wrote."""

    def __init__(self, status: int, stdout: str, stderr: str) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self) -> str:
        return f"<status {self.status}>\n{self.stdout}{self.stderr}"


def run(
    argv: Sequence[str], stdin: str | None = None, host: Host | None = None, **keys: object
) -> Result:
    """Run a program to its end; stdin is empty unless given."""
    command = host.command(*argv) if host else list(argv)
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        **keys,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class Program:
    """A process that runs while a test goes on."""

    def __init__(self, argv: Sequence[str], stdin: str, host: Host | None) -> None:
        self.argv = argv
        self.process = subprocess.Popen(
            host.command(*argv) if host else list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._read = {"stdout": b"", "stderr": b""}
        assert self.process.stdin
        self.process.stdin.write(stdin.encode())
        self.process.stdin.close()
        self.process.stdin = None

    @property
    def pid(self) -> int:
        """`ip netns exec` becomes the program: it is the program's process id."""
        return self.process.pid

    def line(self, stream: str = "stdout") -> str:
        """Wait for the next line."""
        pipe = getattr(self.process, stream)
        while b"\n" not in self._read[stream]:
            ready, _, _ = select.select([pipe], [], [], DEADLINE)
            assert ready, f"{self.argv[0]} says nothing"
            data = os.read(pipe.fileno(), 65536)
            assert data, f"{self.argv[0]} ended: {self.result()}"
            self._read[stream] += data
        line, _, self._read[stream] = self._read[stream].partition(b"\n")
        return line.decode() + "\n"

    def result(self) -> Result:
        """Wait for the end."""
        stdout, stderr = self.process.communicate(timeout=DEADLINE)
        stdout, stderr = self._read["stdout"] + stdout, self._read["stderr"] + stderr
        return Result(self.process.returncode, stdout.decode(), stderr.decode())

    def stop(self) -> Result:
        """End it with SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.result()

    def is_listening(self, sockets: int = 1) -> bool:
        """Whether it has that many UDP or raw sockets with a port or protocol."""
        return len(self._inodes() & _bound_inodes(self.pid)) >= sockets

    def _inodes(self) -> set[str]:
        folder = f"/proc/{self.pid}/fd"
        links = []
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                links.append(os.readlink(f"{folder}/{fd}"))
        return {link[8:-1] for link in links if link.startswith("socket:[")}


def _bound_inodes(pid: int) -> set[str]:
    found = set()
    for kind in ("udp", "udp6", "raw", "raw6"):
        with open(f"/proc/{pid}/net/{kind}") as file:
            found |= {line.split()[9] for line in file.readlines()[1:]}
    return found


def until(
    condition: Callable[[], object],
    what: str | Callable[[], object],
    seconds: float = DEADLINE,
    pause: float = 0.002,
) -> None:
    """Wait until condition() is true; there is no event for it.

    what -- is waited for; or a function that tells what came instead
    seconds -- how long to wait at most
    pause -- seconds from one look to the next
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what() if callable(what) else what}"
        time.sleep(pause)


@contextlib.contextmanager
def started(*argv: str, stdin: str = "", host: Host | None = None) -> Iterator[Program]:
    """A program that is ended, if need be, when the block is left."""
    program = Program(argv, stdin, host)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
        program.process.communicate()


def one_node(agent: str, *addresses: str) -> tuple[str, str]:
    """The options that give an agent several addresses of one node: ours takes none for granted."""
    return ("--plug" if agent == AGENT else "-n", ",".join(addresses))


@contextlib.contextmanager
def listening_agent(
    *options: str, agent: str = AGENT, stdin: str = "", host: Host | None = None
) -> Iterator[Program]:
    """An agent that listens. Ours says so; of the C agent the kernel knows."""
    verbose = (["-v"] if options else []) if agent == AGENT else []
    stdin += "verbose=1\n" if stdin and agent == AGENT else ""
    with started(agent, *verbose, *options, stdin=stdin, host=host) as program:
        if agent == AGENT:
            line = program.line()
            assert "waiting" in line, f"{line!r} {program.result()}"
        else:
            until(program.is_listening, "the agent to listen")
        yield program

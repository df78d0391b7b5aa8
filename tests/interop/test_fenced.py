"""Pacemaker's own fencer calls the agent: pacemaker-fenced, stand-alone, in a host of its own."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator

import pytest

from lab.hosts import Host
from lab.programs import AGENT, SENDER, Program, Result, run, started, until

(FENCED,) = glob.glob("/usr/lib*/pacemaker/pacemaker-fenced") + glob.glob(
    "/usr/libexec/pacemaker/pacemaker-fenced"
)
LOG = "/run/fenced.log"

# The fencer looks for agents in /usr/sbin: ours lies over the C one, in this mount namespace only.
SCRIPT = f"""
mount -t tmpfs tmpfs /mnt
mkdir /mnt/sbin /mnt/work
ln -s {AGENT} /mnt/sbin/fence_kdump
mount -t overlay -o lowerdir=/usr/sbin,upperdir=/mnt/sbin,workdir=/mnt/work overlay /usr/sbin
mount -t tmpfs tmpfs /var/lib/pacemaker
mkdir -p /var/lib/pacemaker/cores /var/lib/pacemaker/cib
mount -t tmpfs tmpfs /dev/shm
echo ready
exec {FENCED} --stand-alone -l {LOG}
"""


class Fencer:
    """pacemaker-fenced, and stonith_admin to talk to it."""

    def __init__(self, program: Program, host: Host) -> None:
        self.program = program
        self.host = host

    def enter(self, *argv: str) -> list[str]:
        """The command that runs argv where the fencer runs."""
        return ["nsenter", "-t", str(self.program.pid), "-m", "-n", "-i", "-r", *argv]

    def admin(self, *options: str) -> Result:
        """Run stonith_admin."""
        return run(self.enter("stonith_admin", *options))

    def device(self, name: str, *options: str) -> None:
        """Register a fence_kdump device."""
        pairs = [word for option in options for word in ("-o", option)]
        result = self.admin("-R", name, "-a", "fence_kdump", *pairs)
        assert result.status == 0, result


@pytest.fixture
def fencer() -> Iterator[Fencer]:
    host = Host("fencer")
    host.ip("address add 127.0.1.2/8 dev lo")
    command = ["unshare", "--mount", "--ipc", "sh", "-euc", SCRIPT]
    if os.path.exists(LOG):
        os.unlink(LOG)
    with started(*command, host=host) as program:
        program.line()
        fencer = Fencer(program, host)
        until(lambda: fencer.admin("-L").status == 0, "pacemaker-fenced to answer")
        yield fencer
        program.stop()
    host.close()


def fence(fencer: Fencer, node: str) -> contextlib.AbstractContextManager[Program]:
    return started(*fencer.enter("stonith_admin", "-F", node, "-t", "15"))


def listeners(fencer: Fencer) -> int:
    """How many agents listen: they hold the port, or a raw socket of UDP."""
    with fencer.host.entered():
        lines = []
        for kind in ("udp", "raw"):
            with open(f"/proc/thread-self/net/{kind}") as file:
                lines += [line.split()[1] for line in file.readlines()[1:]]
    bound = sum(line.endswith(":1CF2") for line in lines)
    raw = sum(line.endswith(":0011") for line in lines)
    return bound + raw


def log() -> str:
    with open(LOG, encoding="utf-8", errors="replace") as file:
        return file.read()


def test_success(fencer: Fencer) -> None:
    fencer.device("kd", "nodename=127.0.0.1", "pcmk_host_list=nodeA", "timeout=10")
    sender = started(SENDER, "-i", "0.1", "127.0.0.1", host=fencer.host)
    with fence(fencer, "nodeA") as fencing, sender:
        result = fencing.result()
    assert result.status == 0, (result, log())
    assert "targeting nodeA using kd returned 0" in log()


def test_a_time_out_is_told_in_the_log(fencer: Fencer) -> None:
    options = ["nodename=127.0.0.1", "pcmk_host_list=nodeA", "timeout=1", "pcmk_off_retries=1"]
    fencer.device("kd", *options)
    with fence(fencer, "nodeA") as fencing:
        result = fencing.result()
    assert result.status != 0
    assert "timed out after 1 s waiting for a message from 127.0.0.1" in log()


def test_two_nodes_at_once(fencer: Fencer) -> None:
    for number in (1, 2):
        options = [f"nodename=127.0.0.{number}", f"pcmk_host_list=node{number}", "timeout=12"]
        fencer.device(f"kd{number}", *options)
    # The messages of the second node: what goes to 127.0.0.3 comes from 127.0.0.2.
    fencer.host.ip("route replace local 127.0.0.3 dev lo src 127.0.0.2 table local")
    with fence(fencer, "node1") as one, fence(fencer, "node2") as two:
        # each agent: one socket to listen, one to look out
        until(lambda: listeners(fencer) >= 4, "two agents to listen")
        with started(SENDER, "-i", "0.1", "127.0.0.3", host=fencer.host):
            assert two.result().status == 0, log()
        assert one.process.poll() is None, "the other node's message fenced it"
        with started(SENDER, "-i", "0.1", "127.0.0.1", host=fencer.host):
            assert one.result().status == 0, log()


def test_validation_and_metadata(fencer: Fencer) -> None:
    ours = fencer.enter("stonith_admin", "-a", "fence_kdump")
    assert run([*ours, "--validate", "-o", "nodename=127.0.0.1"]).status == 0
    assert run([*ours, "--validate", "-o", "ipport=70000"]).status != 0
    shown = run([*ours, "-M"])
    assert shown.status == 0
    assert 'name="plug"' in shown.stdout

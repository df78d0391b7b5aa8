"""The hooks for images without systemd, as dracut's init sources them.

The links and the sender are stand-ins that write down what happens to them; /proc has the one file
that makes a crash kernel.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab.programs import ROOT, until

MODULE = f"{ROOT}/dracut-module/99zz-fence-kdump"
LINKS = """#!/bin/sh
echo "links begin $$" >>/run/log
sleep 100
"""
WATCHDOGS = """#!/bin/sh
echo "watchdogs begin $$" >>/run/log
"""
SENDER = """#!/bin/sh
echo "sender begin $$" >>/run/log
[ ! -e /run/fail ] || { rm /run/fail; exit 1; }
[ ! -e /run/done ] || exit 0
exec sleep 100
"""


class Init:
    """A shell that does what init does: sources hooks, one line of our input at a time."""

    def __init__(self, where: pathlib.Path, shell: str) -> None:
        self.run = where / "run"
        for folder in ("run", "sbin"):
            (where / folder).mkdir()
        scripts = {"links": LINKS, "sender": SENDER, "watchdogs": WATCHDOGS}
        with open(f"{MODULE}/fence-kdump-keep.sh") as file:
            scripts["keep"] = file.read()
        for name, text in scripts.items():
            (where / "sbin" / f"fence-kdump-{name}").write_text(text)
            (where / "sbin" / f"fence-kdump-{name}").chmod(0o755)
        (self.run / "log").touch()
        setup = (
            f"mount -t overlay -o lowerdir={where}/sbin:/usr/sbin overlay /usr/sbin; "
            f"mount --bind {self.run} /run; mount -t tmpfs none /dev; : >/dev/null; "
            "mount -t tmpfs none /proc; "
        )
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        self._shell = subprocess.Popen(
            [*enter, "sh", "-ec", f"{setup} exec {shell}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, command: str) -> str:
        """Run a command in init's own shell; wait for it; what it printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{command}\necho done\n")
        self._shell.stdin.flush()
        said = ""
        while (line := self._shell.stdout.readline()) != "done\n":
            assert line, "the shell is gone"
            said += line
        return said

    def log(self) -> list[str]:
        """What happened so far."""
        return (self.run / "log").read_text().splitlines()

    def started(self, what: str) -> list[str]:
        """Process ids of all links or senders that were started, in that order."""
        return [line.split()[2] for line in self.log() if line.startswith(f"{what} begin ")]

    def senders(self) -> list[str]:
        """Process ids of all senders that were started, in that order."""
        return self.started("sender")

    def left(self) -> list[str]:
        """Names of the processes besides init that still run."""
        space = os.readlink(f"/proc/{self._shell.pid}/ns/pid_for_children")
        names = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it ended meanwhile
                if os.readlink(f"/proc/{pid}/ns/pid") != space:
                    continue
                with open(f"/proc/{pid}/status") as file:
                    status = dict(line.split(":", 1) for line in file)
                if status["NSpid"].split()[-1] != "1" and "Z" not in status["State"]:
                    names.append(status["Name"].strip())
        return names

    def wait_for(self, so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        until(so, self.log)

    def close(self) -> None:
        """End it, and with it every process that it started."""
        self._shell.kill()
        self._shell.communicate()


@pytest.fixture(params=["dash", "bash"])
def init(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Init]:
    made = Init(tmp_path, request.param)
    yield made
    made.close()


START = f". {MODULE}/fence-kdump-start.sh"
STOP = f". {MODULE}/fence-kdump-stop.sh"


def test_nothing_is_started_outside_a_crash_kernel(init: Init) -> None:
    init.do(START)
    assert not (init.run / "fence-kdump.pid").exists()
    assert init.left() == []
    init.do(STOP)


def test_keep_does_nothing_outside_a_crash_kernel(init: Init) -> None:
    init.do(": >/run/done; timeout 10 /usr/sbin/fence-kdump-keep")
    assert init.log() == []


def test_everything_ends_before_a_switch_of_root(init: Init) -> None:
    init.do(": >/proc/vmcore")
    init.do(START)
    init.wait_for(lambda: len(init.log()) == 3)
    init.do("wait")  # must not wait for ours
    assert len(init.left()) > 2
    init.do(STOP)
    assert init.left() == []
    assert not (init.run / "fence-kdump.pid").exists()


def test_stop_right_after_the_start(init: Init) -> None:
    init.do(": >/proc/vmcore")
    for _ in range(20):  # each time it has come to another place
        init.do(f"{START}; {STOP}")
        assert init.left() == []


def test_killed_sender_comes_back(init: Init) -> None:
    init.do(": >/proc/vmcore")
    init.do(START)
    init.wait_for(lambda: len(init.senders()) == 1)
    init.do(f"kill -9 {init.senders()[0]}")
    init.wait_for(lambda: len(init.senders()) == 2)
    assert len(init.started("links")) == 1
    init.do(STOP)
    assert init.left() == []


def test_failing_sender_is_started_again(init: Init) -> None:
    init.do(": >/proc/vmcore; : >/run/fail")
    init.do(START)
    init.wait_for(lambda: len(init.senders()) == 2)


def test_stop_while_the_sender_is_about_to_be_started_again(init: Init) -> None:
    init.do(": >/proc/vmcore; : >/run/fail")
    init.do(START)
    init.wait_for(lambda: len(init.senders()) == 1 and not (init.run / "fail").exists())
    init.do(STOP)
    assert init.left() == []


def test_sender_that_is_done_stays_ended(init: Init) -> None:
    init.do(": >/proc/vmcore; : >/run/done")
    init.do(START)
    init.wait_for(lambda: len(init.senders()) == 1)
    time.sleep(1.2)  # more than its pause; nothing announces that nothing happens
    assert len(init.senders()) == 1
    init.do(f"kill -9 {init.started('links')[0]}")
    init.wait_for(lambda: init.left() == ["sleep"])  # of the links
    init.wait_for(lambda: not (init.run / "fence-kdump.pid").exists())

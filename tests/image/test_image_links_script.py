"""The script that sets up links in the crash kernel, run as it is.

Its surroundings are made: a /proc and a /sys of a few plain files, and an ip and a modprobe that
write down how they were called and fail where told to. A veth is no hardware to a real /sys. That
the same script works in a crash kernel is what tests/panic shows.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab.programs import DEADLINE, ROOT, until

SCRIPT = f"{ROOT}/dracut-module/99zz-fence-kdump/fence-kdump-links.sh"
ONE, TWO = "52:54:00:00:00:01", "52:54:00:00:00:02"
PLAN = f"""\
modprobe bonding max_bonds=0
link add name bond0 type bond
link set dev bond0 up
nic {ONE} virtio_net - virtio_pci virtio_net
link set dev @ down
link set dev @ master bond0
nic {TWO} e1000 - e1000
no-ra @
address replace 10.0.0.2/24 dev @
"""
TOOL = """#!/bin/sh
call() {
    echo "${0##*/} $*" >>"$LOG"
    case "$*" in
        "link property add dev $TAKEN "*) echo 99 >"/sys/class/net/$TAKEN/ifindex" ;;
        $FAIL) echo "RTNETLINK answers: Nope"; echo "second line"; return 2 ;;
    esac
}
if [ "$1" = -batch ]; then
    number=0
    while read -r line; do
        number=$((number + 1))
        call $line || { echo "Command failed -:$number"; exit 1; }
    done
else
    call "$@"
fi
"""


class Crash:
    """The surroundings of the script, and the script once started.

    where -- a folder, over which everything is made
    """

    def __init__(self, where: pathlib.Path, shell: str) -> None:
        self.where = where
        self._shell = shell
        self._process: subprocess.Popen[str] | None = None
        for folder in ("proc/sys/net/ipv6/conf", "sys/class/net", "run", "bin", "etc/fence-kdump"):
            (where / folder).mkdir(parents=True)
        (where / "proc/vmcore").touch()
        (where / "log").touch()
        for name in ("ip", "modprobe"):
            (where / "bin" / name).write_text(TOOL)
            (where / "bin" / name).chmod(0o755)

    def nic(self, name: str, mac: str, driver: str, index: int) -> None:
        """A NIC appears."""
        device = self.where / "sys/devices" / name
        (device / "hw").mkdir(parents=True)
        (self.where / "sys/drivers" / driver).mkdir(parents=True, exist_ok=True)
        (device / "hw/driver").symlink_to(f"/sys/drivers/{driver}")
        (device / "address").write_text(f"{mac}\n")
        (device / "ifindex").write_text(f"{index}\n")
        (device / "device").symlink_to("hw")
        conf = self.where / "proc/sys/net/ipv6/conf" / name
        conf.mkdir()
        (conf / "accept_ra").write_text("1\n")
        (conf / "autoconf").write_text("1\n")
        (self.where / "sys/class/net" / name).symlink_to(f"/sys/devices/{name}")

    def start(self, plan: str = PLAN, fail: str = "nothing", taken: str = "none") -> None:
        """Start the script; another device gets the name `taken` at its first use."""
        (self.where / "etc/fence-kdump/links").write_text(plan)
        mounts = "".join(
            f"mount --bind {self.where}/{folder} /{folder}; " for folder in ("etc", "run", "sys")
        )
        mounts += "mount -t tmpfs none /dev; touch /dev/null; "  # and no console
        mounts += f"mount --bind {self.where}/proc /proc; "  # the last: mount(8) needs /proc
        self._process = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec", f"{mounts}exec {self._shell} {SCRIPT}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={
                "PATH": f"{self.where}/bin:{os.environ['PATH']}",
                "LOG": f"{self.where}/log",
                "FAIL": fail,
                "TAKEN": taken,
            },
        )

    def calls(self) -> list[str]:
        """How ip and modprobe were called so far."""
        return (self.where / "log").read_text().splitlines()

    def ip_calls(self) -> list[str]:
        """How ip was called so far; modprobe runs beside it."""
        return [call for call in self.calls() if call.startswith("ip ")]

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something is so."""
        until(done, self.calls)

    def end(self) -> str:
        """Wait for its end; what it said."""
        assert self._process
        return self._process.communicate(timeout=DEADLINE)[0]

    def stop(self) -> str:
        """End it as systemd does, with all it started; what it said."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        return self.end()


@pytest.fixture(params=["dash", "bash"])
def crash(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Crash]:
    made = Crash(tmp_path, request.param)
    yield made
    if made._process and made._process.poll() is None:
        made.stop()


def test_everything_is_set_up_by_a_name_that_stays(crash: Crash) -> None:
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    said = crash.end()
    calls = crash.ip_calls()
    assert calls[:2] == ["ip link add name bond0 type bond", "ip link set dev bond0 up"]
    assert sorted(calls[2:]) == [
        "ip address replace 10.0.0.2/24 dev fence-kdump3",
        "ip link property add dev eth0 altname fence-kdump2",
        "ip link property add dev eth1 altname fence-kdump3",
        "ip link set dev fence-kdump2 down",
        "ip link set dev fence-kdump2 master bond0",
    ]
    assert calls.index("ip link set dev fence-kdump2 down") < calls.index(
        "ip link set dev fence-kdump2 master bond0"
    )
    assert [call for call in crash.calls() if "bonding" in call] == ["modprobe bonding max_bonds=0"]
    assert {"modprobe -a virtio_pci virtio_net", "modprobe -a e1000"} <= {*crash.calls()}
    assert sorted(said.splitlines()) == [
        f"fence-kdump: links up: eth0 ({ONE})",
        f"fence-kdump: links up: eth1 ({TWO})",
    ]
    conf = crash.where / "proc/sys/net/ipv6/conf"
    assert (conf / "eth0/accept_ra").read_text() == "1\n"
    assert (conf / "eth1/accept_ra").read_text() == "0\n"
    assert (conf / "eth1/autoconf").read_text() == "0\n"


def test_by_index_where_no_name_can_be_given(crash: Crash) -> None:
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start(f"nic {TWO} e1000 - e1000\nlink set dev @ up\n", fail="link property add *")
    assert crash.end() == f"fence-kdump: links up: eth1 ({TWO})\n"
    assert crash.ip_calls()[-1] == "ip link set dev if3 up"


def test_by_index_when_another_one_got_the_name_meanwhile(crash: Crash) -> None:
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start(f"nic {TWO} e1000 - e1000\nlink set dev @ up\n", taken="eth1")
    assert crash.end() == f"fence-kdump: links up: eth1 ({TWO})\n"
    assert crash.ip_calls()[-2:] == [
        "ip link property del dev fence-kdump3 altname fence-kdump3",
        "ip link set dev if3 up",
    ]


def test_missing_nic_delays_no_other(crash: Crash) -> None:
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    crash.wait_for(lambda: "ip address replace 10.0.0.2/24 dev fence-kdump3" in crash.calls())
    assert "ip link set dev fence-kdump2 down" not in crash.calls()
    crash.nic("late0", ONE, "virtio_net", 2)
    crash.wait_for(lambda: "ip link set dev fence-kdump2 master bond0" in crash.calls())
    assert f"links up: late0 ({ONE})" in crash.end()


def test_it_can_be_ended_while_it_waits(crash: Crash) -> None:
    crash.start()
    crash.wait_for(lambda: "ip link set dev bond0 up" in crash.calls())
    assert crash.stop() == ""
    before = crash.calls()
    crash.nic("eth0", ONE, "virtio_net", 2)
    time.sleep(0.5)  # nothing announces that nothing happens
    assert crash.calls() == before


@pytest.mark.parametrize(
    ("name", "mac", "driver"),
    [("eth5", "52:54:00:00:00:09", "virtio_net"), ("vf0", ONE, "mlx5_core")],
)
def test_other_nics_are_left_alone(crash: Crash, name: str, mac: str, driver: str) -> None:
    crash.nic(name, mac, driver, 7)
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    crash.end()
    assert "if7" not in " ".join(crash.calls())
    assert "ip link set dev fence-kdump2 master bond0" in crash.calls()


def test_two_matches_are_none(crash: Crash) -> None:
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth9", ONE, "virtio_net", 9)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    said = crash.end()
    assert "fence-kdump2" not in " ".join(crash.calls())
    assert "if9" not in " ".join(crash.calls())
    assert f"fence-kdump: failed: 2 NICs have the MAC address {ONE}" in said
    assert f"links up: eth1 ({TWO})" in said


def test_slave_of_somebody_else_is_left_alone(crash: Crash) -> None:
    crash.nic("eth0", ONE, "virtio_net", 2)
    (crash.where / "sys/devices/eth0/master").symlink_to("/sys/devices/eth0")
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    crash.wait_for(lambda: "ip address replace 10.0.0.2/24 dev fence-kdump3" in crash.calls())
    assert "links up: eth0" not in crash.stop()


def test_udev_first_where_told_so(crash: Crash) -> None:
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start(f"nic {TWO} e1000 udev e1000\nlink set dev @ up\n")
    crash.wait_for(lambda: "modprobe -a e1000" in crash.calls())
    assert "ip link set dev fence-kdump3 up" not in crash.calls()
    (crash.where / "run/udev/data").mkdir(parents=True)
    (crash.where / "run/udev/data/n3").touch()
    assert f"links up: eth1 ({TWO})" in crash.end()
    assert "ip link set dev fence-kdump3 up" in crash.calls()


def test_failure_is_one_line_and_the_rest_is_done(crash: Crash) -> None:
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start(fail="link set dev fence-kdump2 down")
    said = crash.end().splitlines()
    failed = "fence-kdump: failed: ip link set dev fence-kdump2 down"
    assert f"{failed}: RTNETLINK answers: Nope second line" in said
    assert f"fence-kdump: links incomplete: eth0 ({ONE})" in said
    assert f"fence-kdump: links up: eth1 ({TWO})" in said
    assert len(said) == 3
    assert "ip link set dev fence-kdump2 master bond0" in crash.calls()


def test_nothing_happens_outside_a_crash_kernel(crash: Crash) -> None:
    (crash.where / "proc/vmcore").unlink()
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    assert crash.end() == ""
    assert crash.calls() == []

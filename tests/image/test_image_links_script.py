"""The script that sets up links in the crash kernel, run as it is.

Its surroundings are made: a /proc and a /sys of a few plain files, and an ip and a modprobe that
write down how they were called and fail where told to. A veth is no hardware to a real /sys. That
the same script works in a crash kernel is what tests/panic shows.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import time
import tty
from collections.abc import Callable, Iterator

import pytest

from lab.programs import DEADLINE, ROOT, until

SCRIPTS = f"{ROOT}/dracut-module/99zz-fence-kdump"
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
set -f
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
        program, *applet = shell.split()
        self._shell = " ".join([shutil.which(program) or program, *applet])
        self._process: subprocess.Popen[str] | None = None
        for folder in ("proc/sys/net/ipv6/conf", "sys/class/net", "run", "bin", "etc/fence-kdump"):
            (where / folder).mkdir(parents=True)
        (where / "proc/vmcore").touch()
        (where / "log").touch()
        for name in ("ip", "modprobe"):
            self.program(name, TOOL)
        self._log, self._log_end = os.openpty()  # any device that takes lines serves
        tty.setraw(self._log_end)

    def program(self, name: str, text: str) -> None:
        """Put a program in place of the image's."""
        (self.where / "bin" / name).write_text(text)
        (self.where / "bin" / name).chmod(0o755)

    def kernel_log(self) -> list[str]:
        """What was written to /dev/kmsg so far."""
        mark = b"so far\n"  # what was written before comes before it
        os.write(self._log_end, mark)
        text = b""
        while not text.endswith(mark):
            text += os.read(self._log, 65536)
        return text.removesuffix(mark).decode().splitlines()

    def close(self) -> None:
        """End it if it still runs."""
        if self._process and self._process.poll() is None:
            self.stop()
        os.close(self._log)
        os.close(self._log_end)

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

    def start(
        self,
        plan: str = PLAN,
        fail: str = "nothing",
        taken: str = "none",
        log: bool = True,
        script: str = "links",
        path: str = os.environ["PATH"],
    ) -> None:
        """Start the script.

        fail -- what ip and modprobe fail at
        taken -- the name that another device gets at its first use
        log -- whether there is a /dev/kmsg
        script -- "links", or "watchdogs"
        path -- PATH, after the folder of ip and modprobe
        """
        (self.where / "etc/fence-kdump" / script).write_text(plan)
        mounts = "".join(
            f"mount --bind {self.where}/{folder} /{folder}; " for folder in ("etc", "run", "sys")
        )
        kmsg = f"/proc/{os.getpid()}/fd/{self._log_end}" if log else "/dev/null"
        mounts += f"touch {self.where}/kmsg; mount --bind {kmsg} {self.where}/kmsg; "
        mounts += "mount -t tmpfs none /dev; touch /dev/null; "  # and no console
        mounts += f"touch /dev/kmsg; mount --move {self.where}/kmsg /dev/kmsg; " if log else ""
        mounts += f"mount --bind {self.where}/proc /proc; "  # the last: mount(8) needs /proc
        self._process = subprocess.Popen(
            [
                "unshare",
                "-m",
                "sh",
                "-ec",
                f"{mounts}PATH={self.where}/bin:{path}; "
                f"exec {self._shell} {SCRIPTS}/fence-kdump-{script}.sh",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            cwd=self.where,
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


@pytest.fixture(params=["dash", "bash", "busybox sh"])
def crash(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Crash]:
    made = Crash(tmp_path, request.param)
    yield made
    made.close()


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


def test_a_program_that_is_missing_is_one_line(crash: Crash) -> None:
    """BusyBox as the shell has one of its own in its place."""
    (crash.where / "bin/modprobe").unlink()
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.start(f"modprobe -a virtio_net\nnic {ONE} virtio_net - virtio_net\n", path="/nowhere")
    said = [line for line in crash.end().splitlines() if "modprobe" in line]
    assert said
    assert all(line.startswith("fence-kdump: failed: modprobe -a virtio_net:") for line in said)


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


LATE = """#!/bin/sh
echo "$*" >>"$LOG.late"
if [ "$1" = -batch ]; then
    cat >/dev/null
    echo "Command failed -:2"
    exit 1
fi
# the kernel takes it up between the first two
case "$*:$(grep -c "fk1 down" "$LOG.late")" in
    "link set dev fk1 master fk2:0") echo "Error: Device can not be enslaved while up."; exit 2 ;;
esac
"""


def test_a_vlan_that_the_kernel_takes_up_late_is_taken_down_again(crash: Crash) -> None:
    """Seen once, with Linux 7.2. A bond takes no link that is up."""
    crash.program("ip", LATE)
    lines = ["link set dev fk1 down", "link set dev fk1 master fk2", "link set dev fk1 up"]
    crash.start("".join(f"{line}\n" for line in lines))
    assert crash.end() == ""
    assert (crash.where / "log.late").read_text().splitlines() == ["-batch -", *lines]


def test_words_of_the_plan_are_no_patterns(crash: Crash) -> None:
    (crash.where / "bond0").touch()  # what "b*" would become here
    crash.nic("eth0", ONE, "virtio_net", 2)
    plan = f"link set dev b* up\nmodprobe b?nd0\nnic {ONE} virtio_net - [a-z]*\n"
    crash.start(f"{plan}link set dev [a-z]* up\n", fail="link set dev b[*] up")
    said = crash.end().splitlines()
    assert "fence-kdump: failed: ip link set dev b* up: RTNETLINK answers: Nope second line" in said
    assert crash.calls()[0] == "ip link set dev b* up"
    assert {
        "modprobe b?nd0",
        "modprobe -a [a-z]*",
        "ip link set dev [a-z]* up",
    } <= {*crash.calls()}


def test_every_line_is_in_the_kernel_log_too(crash: Crash) -> None:
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start(fail="link set dev fence-kdump2 down")
    said = crash.end().splitlines()
    assert len(said) == 3
    assert sorted(crash.kernel_log()) == sorted(f"<4>{line}" for line in said)


def test_no_kernel_log(crash: Crash) -> None:
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start(f"nic {TWO} e1000 - e1000\nlink set dev @ up\n", log=False)
    assert crash.end() == f"fence-kdump: links up: eth1 ({TWO})\n"


@pytest.mark.parametrize("wait", ["-", "udev"])
def test_after_half_a_minute_it_looks_less_often(crash: Crash, wait: str) -> None:
    """The seconds that it sleeps are written down instead."""
    crash.program("sleep", '#!/bin/sh\necho "$1" >>"$LOG"\n')
    crash.nic("eth1", TWO, "e1000", 3)
    there = TWO if wait == "udev" else ONE  # there, but udev is not done with it; or not there
    crash.start(f"nic {there} e1000 {wait} e1000\nlink set dev @ up\n")
    crash.wait_for(lambda: "1" in crash.calls())
    if wait == "udev":
        assert f"links up: eth1 ({TWO})" in crash.end()  # a minute is enough
    else:
        crash.wait_for(lambda: crash.calls().count("1") > 100)
        crash.stop()
    slept = [call for call in crash.calls() if call in ("0.1", "1")]
    assert slept == ["0.1"] * 300 + ["1"] * (len(slept) - 300)
    assert wait == "-" or len(slept) == 330
    assert len([line for line in crash.kernel_log() if "still waiting" in line]) == 1


WATCHDOGS = "lpc_ich\niTCO_wdt pretimeout=0\n"


def test_drivers_of_watchdogs_are_loaded_in_their_order(crash: Crash) -> None:
    crash.start(WATCHDOGS, script="watchdogs")
    said = crash.end().splitlines()
    assert said == [
        "fence-kdump: watchdog: loaded lpc_ich",
        "fence-kdump: watchdog: loaded iTCO_wdt pretimeout=0",
    ]
    assert crash.calls() == ["modprobe lpc_ich", "modprobe iTCO_wdt pretimeout=0"]
    assert crash.kernel_log() == [f"<4>{line}" for line in said]


def test_a_driver_of_a_watchdog_that_does_not_load_keeps_no_other_from_it(crash: Crash) -> None:
    crash.start(WATCHDOGS, fail="lpc_ich", script="watchdogs")
    said = crash.end().splitlines()
    assert said[0] == "fence-kdump: failed: modprobe lpc_ich: RTNETLINK answers: Nope second line"
    assert said[1] == "fence-kdump: watchdog: loaded iTCO_wdt pretimeout=0"


def test_no_watchdog_is_touched_outside_a_crash_kernel(crash: Crash) -> None:
    (crash.where / "proc/vmcore").unlink()
    crash.start(WATCHDOGS, script="watchdogs")
    assert crash.end() == ""
    assert crash.calls() == []


def test_nothing_happens_outside_a_crash_kernel(crash: Crash) -> None:
    (crash.where / "proc/vmcore").unlink()
    crash.nic("eth0", ONE, "virtio_net", 2)
    crash.nic("eth1", TWO, "e1000", 3)
    crash.start()
    assert crash.end() == ""
    assert crash.calls() == []

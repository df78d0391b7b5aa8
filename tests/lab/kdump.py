"""A node with a crash image, and stand-ins for the tools that build and load it.

kdumpctl, mkdumprd and load.sh cannot run here, as there is no kdump to control. What stands in for
them builds with dracut, writes down what it was asked for, and loads as the kernel would: it sets
kexec_crash_loaded, and an image that does not fit into memory leaves none loaded. Where the real
ones have a way of their own, so have these; it is told beside.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess

from lab.images import HELPER, SENDER, SMALL, Workshop
from lab.programs import AGENT, run

__all__ = ["Node", "read"]

DEADLINE = 250  # seconds, for one refresh

# What a test can ask of them, by files in {folder}. These are scripts:
#   before-build, meanwhile, before-load  run once, when it is time for it
#   broken-build  runs in place of dracut, which has failed then
# this is an image:
#   prepared      is what a build makes, in no time
# and these are empty:
#   tight         no other image than the first fits into memory
#   unloadable    not even that does
COMMON = """\
cd {folder}
once() {{
    [ ! -e "$1" ] || {{ mv "$1" once && sh once; }}
}}
build() {{
    once before-build
    if [ -e broken-build ]; then
        sh broken-build
        return 1
    fi
    if [ -e prepared ]; then
        cp prepared {image}
    else
        {build} >build.log 2>&1 || return 1
    fi
    once meanwhile
}}
load() {{ # the kernel lets go of the old one before it takes the new one
    echo 0 >{root}/sys/kernel/kexec_crash_loaded
    once before-load
    if [ -e unloadable ] || {{ [ -e tight ] && ! cmp -s {image} first; }}; then
        echo "no room for it"
        return 1
    fi
    cp {image} loaded
    readlink {kernel} >loaded-kernel
    echo 1 >{root}/sys/kernel/kexec_crash_loaded
}}
"""

# It holds its lock on a descriptor that its children inherit.
KDUMPCTL = """\
exec 9>{root}/run/kdump.lock
flock 9
echo "$1" >>log
case $1 in
    rebuild) build ;;
    reload) load ;;
esac
"""

# It ends with 0 where it does not build: here, in a "transactional" update. Without -f, it builds
# if the configuration is newer than the image. An empty KDUMP_KERNELVER is the boot loader's
# default.
MKDUMPRD = """\
echo "mkdumprd${{1:+ $1}}" >>log
[ "$1" = -f ] || [ {root}/etc/sysconfig/kdump -nt {image} ] || exit 0
if [ -e transactional ]; then
    echo "Cannot update initrd within a transactional update."
    exit 0
fi
build || exit
ln -sf "$(cat default-kernel)" {kernel}
cat default-kernel >{kernel}-version
"""

LOAD_SH = """\
echo "load.sh${{1:+ $1}}" >>log
if [ "$1" = --update ]; then
    mkdumprd || exit 1
fi
[ -e {image} ] && [ -L {kernel} ] || exit 6
load
"""

SYSTEMCTL = """\
[ "$*" = "restart kdump.service" ] || exit 1
exec {root}/usr/lib/kdump/load.sh --update
"""

OLD_KERNEL, NEW_KERNEL = "/boot/vmlinuz-6.4.0-1", "/boot/vmlinuz-6.4.0-2"


class Node(Workshop):
    """A node whose crash image is built and loaded: RHEL's, or SUSE's from `become_suse` on.

    image -- path of the image that kdump loads
    kernel -- path of SUSE's link to the kernel that it is loaded with
    """

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.folder = f"{where}/kdump"
        self.sender = f"{where}/sender"
        self.failed = f"{self.root}/var/lib/fence-kdump/refresh-failed"
        self.image, self.kernel = self._places(suse=False)
        self.first = f"{self.folder}/first"
        self.loaded = f"{self.root}/sys/kernel/kexec_crash_loaded"
        os.mkdir(self.folder)
        shutil.copytree(SENDER, self.sender, symlinks=True)
        os.makedirs(f"{self.root}/boot")
        self.nodes("node1")
        subprocess.run(self._build(self.first), check=True, capture_output=True)

    def _places(self, suse: bool) -> tuple[str, str]:
        rhel = f"{self.root}/boot/initramfs-{os.uname().release}kdump.img"
        folder = f"{self.root}/var/lib/kdump"
        return f"{folder}/initrd" if suse else rhel, f"{folder}/kernel"

    def _build(self, image: str) -> list[str]:
        return self.command(image, SMALL, {"FENCE_KDUMP_SENDER": self.sender})

    def _stand_in(self, path: str, text: str) -> None:
        text = f"#!/bin/sh\n{COMMON}{text}".format(
            folder=self.folder, root=self.root, image=self.image, kernel=self.kernel,
            build=shlex.join(self._build(self.image)),
        )  # fmt: skip
        os.chmod(self.file(path, text), 0o700)

    def reset(self, suse: bool = False) -> None:
        """As it was at first."""
        for name in os.listdir(self.folder):
            if name != "first":
                os.unlink(f"{self.folder}/{name}")
        for name in ("kdumpctl", "mkdumprd", "systemctl"):
            if os.path.exists(f"{self.where}/bin/{name}"):
                os.unlink(f"{self.where}/bin/{name}")
        for name in ("boot", "etc", "lib", "run", "sys/kernel", "usr", "var"):
            shutil.rmtree(f"{self.root}/{name}", ignore_errors=True)
        for name in ("boot", "run", "sys/kernel", "var/lib/kdump"):
            os.makedirs(f"{self.root}/{name}")
        self.image, self.kernel = self._places(suse)
        shutil.copy2(self.first, self.image)
        shutil.copy(self.first, f"{self.folder}/loaded")
        shutil.rmtree(self.sender)
        shutil.copytree(SENDER, self.sender, symlinks=True)
        self.host.ip("link set eth0 up")
        self.host.ip("address replace 10.0.0.2/24 dev eth0")
        self.file(self.loaded, "1\n")
        self.nodes("node1")
        if suse:
            os.symlink(OLD_KERNEL, self.kernel)
            self.file(f"{self.kernel}-version", OLD_KERNEL)
            self.file(f"{self.folder}/default-kernel", OLD_KERNEL)
            self.file(f"{self.folder}/loaded-kernel", f"{OLD_KERNEL}\n")
            self.file(f"{self.root}/etc/sysconfig/kdump", 'KDUMP_KERNELVER=""\n')
            os.utime(f"{self.root}/etc/sysconfig/kdump", (0, 0))
            self._stand_in(f"{self.where}/bin/mkdumprd", MKDUMPRD)
            self._stand_in(f"{self.where}/bin/systemctl", SYSTEMCTL)
            self._stand_in(f"{self.root}/usr/lib/kdump/load.sh", LOAD_SH)
        else:
            self._stand_in(f"{self.where}/bin/kdumpctl", KDUMPCTL)

    def nodes(self, *others: str) -> None:
        """Write corosync.conf: this node and others, node N at 10.0.0.N (this one is 2)."""
        text = "".join(
            f"node {{\nname: {name}\nring0_addr: 10.0.0.{name[4:]}\n}}\n" for name in others
        )
        self.file(
            f"{self.root}/etc/corosync/corosync.conf",
            f"nodelist {{\n{text}node {{\nname: me\nring0_addr: 10.0.0.2\n}}\n}}\n",
        )

    def say(self, name: str, script: str = "") -> None:
        """Ask something of the stand-ins: one of the files that COMMON tells of."""
        self.file(f"{self.folder}/{name}", script)

    def forget(self, name: str) -> None:
        """Ask it no more."""
        os.unlink(f"{self.folder}/{name}")

    def argv(self, command: str, *arguments: str) -> list[str]:
        """The helper's command line on this node."""
        path = f"PATH={self.where}/bin:{os.environ['PATH']}"
        fixed = ["--root", self.root, "--node", "me", "--sender", self.sender]
        return self.host.command("env", path, HELPER, command, *fixed, *arguments)

    def check(self, *arguments: str) -> tuple[int, str]:
        """Exit status and words of a check."""
        result = run(self.argv("check", *arguments))
        return result.status, result.stdout + result.stderr

    def refresh(self, status: int = 0, *arguments: str) -> str:
        """What a refresh says."""
        done = subprocess.run(
            self.argv("refresh", *arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == status, done
        return done.stderr

    def tool(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of the stand-ins by hand, as an administrator does."""
        path = f"PATH={self.where}/bin:{os.environ['PATH']}"
        return subprocess.run(
            self.host.command("env", path, *command),
            capture_output=True, text=True, check=True, timeout=DEADLINE,
        )  # fmt: skip

    def cut_off(
        self, when: str, half: str = ":", number: signal.Signals = signal.SIGKILL
    ) -> subprocess.CompletedProcess[str]:
        """Begin a refresh and end it in the midst.

        when -- "before-build" or "before-load"
        half -- script that does what has been done by then
        number -- the signal for the refresh; if it is SIGKILL, the tool is killed, too
        """
        run(["mkfifo", f"{self.folder}/begun"])
        self.say(when, f"{half}\necho $$ >pid\necho begun >begun\nexec sleep 1000\n")
        with subprocess.Popen(self.argv("refresh"), stderr=subprocess.PIPE, text=True) as refresh:
            with open(f"{self.folder}/begun") as begun:
                assert begun.read() == "begun\n"
            refresh.send_signal(number)
            status = refresh.wait(DEADLINE)
            if number == signal.SIGKILL:
                os.killpg(os.getpgid(int(read(f"{self.folder}/pid"))), number)
            assert refresh.stderr
            said = refresh.stderr.read()
        return subprocess.CompletedProcess(refresh.args, status, "", said)

    def is_tool_gone(self) -> bool:
        """Whether nothing is left of the tool that a `cut_off` or a test let hang."""
        return not os.path.exists(f"/proc/{read(f'{self.folder}/pid').strip()}")

    def asked(self) -> list[str]:
        """What the tools were asked for."""
        path = f"{self.folder}/log"
        return read(path).splitlines() if os.path.exists(path) else []

    def state(self) -> str:
        """What is recorded of the image."""
        return read(f"{self.root}/var/lib/fence-kdump/image-state").partition("\n")[0]

    def monitor(self) -> str:
        """What the agent says of the image, where /var/lib is that of the node."""
        script = f"mount --bind {self.root}/var/lib /var/lib && exec {AGENT} -o monitor"
        lines = run(["unshare", "--mount", "sh", "-c", script]).stderr.splitlines()
        return "".join(line for line in lines if "crash image" in line)

    def is_first_image_loaded(self) -> bool:
        """The image that was there at first is there, loaded, and nothing lies about."""
        first = read(self.first)
        return (
            read(self.image) == first
            and os.stat(self.image).st_mtime_ns == os.stat(self.first).st_mtime_ns
            and read(f"{self.folder}/loaded") == first
            and self._is_tidy()
        )

    def is_new_image_loaded(self) -> bool:
        """The image is another than at first, loaded, and nothing lies about."""
        image = read(self.image)
        return image not in (read(self.first), "") and (
            image == read(f"{self.folder}/loaded") and self._is_tidy()
        )

    def _is_tidy(self) -> bool:
        beside = {os.path.basename(self.image), "kernel", "kernel-version"}
        return read(self.loaded) == "1\n" and beside >= set(os.listdir(os.path.dirname(self.image)))


def read(path: str) -> str:
    """The text of a file, or its bytes as such."""
    with open(path, encoding="latin-1") as file:
        return file.read()

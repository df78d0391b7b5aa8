"""Is the crash image fresh, and is a stale one rebuilt without ever losing kdump?

The images are dracut's. kdumpctl and mkdumprd cannot run here, as there is no kdump to control:
stand-ins build with dracut, write down what they were asked, and load as the kernel would, by
setting kexec_crash_loaded.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from lab.images import HELPER, RHEL, SENDER, SMALL, Workshop, squashers
from lab.programs import AGENT, run
from lab.rpms import REPO_ROOT, build, package

pytestmark = pytest.mark.timeout(300)  # some tests build several images
HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 250  # seconds, for one refresh

RHEL_TOOL = """\
cd {folder}
echo "$1" >>log
case $1 in
    rebuild)
        if [ -e broken-build ]; then
            echo half an image >{image}
            sh broken-build
            exit 1
        fi
        {build} >build.log 2>&1 || exit 1
        [ ! -e meanwhile ] || {{ mv meanwhile once && sh once; }}
        ;;
    reload)
        echo 0 >{root}/sys/kernel/kexec_crash_loaded
        if [ -e tight ] && ! cmp -s {image} first; then
            echo "no room for it"
            exit 1
        fi
        echo 1 >{root}/sys/kernel/kexec_crash_loaded
        cp {image} loaded
        ;;
esac
"""


class Node(Workshop):
    """A node whose crash image is built and loaded.

    image -- path of the image that kdump loads
    """

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.image = f"{self.root}/boot/initramfs-{os.uname().release}kdump.img"
        self.folder = f"{where}/kdump"
        self.sender = f"{where}/sender"
        shutil.copytree(SENDER, self.sender, symlinks=True)
        for name in ("boot", "run", "sys/kernel", "var/lib"):
            os.makedirs(f"{self.root}/{name}")
        os.mkdir(self.folder)
        self.nodes("node1")
        build = self.command(self.image, SMALL, {"FENCE_KDUMP_SENDER": self.sender})
        subprocess.run(build, check=True, capture_output=True)
        tool = RHEL_TOOL.format(
            folder=self.folder, image=self.image, root=self.root, build=shlex.join(build)
        )
        self.tool = self.script("kdumpctl", tool)
        shutil.copy(self.image, f"{self.folder}/first")
        shutil.copy(self.image, f"{self.folder}/loaded")
        self.loaded = self.file(f"{self.root}/sys/kernel/kexec_crash_loaded", "1\n")

    def reset(self) -> None:
        """As it was at first."""
        for name in ("log", "broken-build", "tight", "meanwhile", "once", "go"):
            if os.path.exists(f"{self.folder}/{name}"):
                os.unlink(f"{self.folder}/{name}")
        for name in ("var/lib", "etc", "sys/kernel", "run"):
            shutil.rmtree(f"{self.root}/{name}", ignore_errors=True)
        for name in ("run", "sys/kernel"):
            os.makedirs(f"{self.root}/{name}")
        for name in os.listdir(f"{self.root}/boot"):
            os.unlink(f"{self.root}/boot/{name}")
        shutil.copy(f"{self.folder}/first", self.image)
        shutil.copy(f"{self.folder}/first", f"{self.folder}/loaded")
        shutil.rmtree(self.sender)
        shutil.copytree(SENDER, self.sender, symlinks=True)
        self.host.ip("link set eth0 up")
        self.host.ip("address replace 10.0.0.2/24 dev eth0")
        self.file(self.loaded, "1\n")
        self.nodes("node1")
        if not os.path.exists(self.tool):
            os.rename(f"{self.tool}.away", self.tool)

    def nodes(self, *others: str) -> None:
        """Write corosync.conf: this node and others, node N at 10.0.0.N (this one is 2)."""
        text = "".join(
            f"node {{\nname: {name}\nring0_addr: 10.0.0.{name[4:]}\n}}\n" for name in others
        )
        self.file(
            f"{self.root}/etc/corosync/corosync.conf",
            f"nodelist {{\n{text}node {{\nname: me\nring0_addr: 10.0.0.2\n}}\n}}\n",
        )

    def argv(self, command: str, *arguments: str) -> list[str]:
        """The helper's command line on this node."""
        path = f"PATH={self.where}/bin:{os.environ['PATH']}"
        fixed = ["--root", self.root, "--node", "me", "--sender", self.sender]
        return self.host.command("env", path, HELPER, command, *fixed, *arguments)

    def check(self, *arguments: str) -> tuple[int, str]:
        """Exit status and words of a check."""
        result = run(self.argv("check", *arguments))
        return result.status, result.stdout + result.stderr

    def refresh(self, status: int = 0) -> str:
        """What a refresh says."""
        done = subprocess.run(
            self.argv("refresh"), capture_output=True, text=True, check=False, timeout=DEADLINE
        )
        assert done.returncode == status, done
        return done.stderr

    def asked(self) -> list[str]:
        """What the tool was asked for."""
        path = f"{self.folder}/log"
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return file.read().split()

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
        first = read(f"{self.folder}/first")
        return (
            read(self.image) == first
            and read(f"{self.folder}/loaded") == first
            and read(self.loaded) == "1\n"
            and os.listdir(f"{self.root}/boot") == [os.path.basename(self.image)]
        )

    def is_new_image_loaded(self) -> bool:
        """The image is another than at first, loaded, and nothing lies about."""
        image = read(self.image)
        return (
            image != read(f"{self.folder}/first")
            and image == read(f"{self.folder}/loaded")
            and read(self.loaded) == "1\n"
            and os.listdir(f"{self.root}/boot") == [os.path.basename(self.image)]
        )


def read(path: str) -> str:
    with open(path, encoding="latin-1") as file:
        return file.read()


@pytest.fixture(scope="module")
def built_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    made = Node(str(tmp_path_factory.mktemp("node")))
    yield made
    made.close()
    shutil.rmtree(made.where)  # the sandbox keeps it in memory


@pytest.fixture
def node(built_node: Node) -> Node:
    built_node.reset()
    return built_node


def test_fresh(node: Node) -> None:
    """No cluster runs here: corosync.conf is enough."""
    status, text = node.check()
    assert (status, text) == (0, f"fresh {node.image}\n")
    assert node.state() == f"fresh {node.image}"
    assert node.refresh() == ""
    assert node.asked() == []


def test_monitor_reads_what_check_records(node: Node) -> None:
    assert node.check()[0] == 0
    assert node.monitor() == ""
    node.nodes("node1", "node3")
    assert node.check()[0] == 1
    assert "the crash image is stale (node3 is not told; " in node.monitor()


def test_monitor_says_nothing_of_an_image_that_nobody_checked(node: Node) -> None:
    """One that was rebuilt by hand, as monitor had asked for."""
    node.file(f"{node.root}/etc/kdump.conf", "force_no_rebuild 1\n")
    node.nodes("node1", "node3")
    node.refresh()
    assert "the crash image is stale (node3 is not told; " in node.monitor()
    for what in ("rebuild", "reload"):
        assert run([node.tool, what]).status == 0
    assert node.monitor() == ""
    assert node.check()[0] == 0
    node.nodes("node1", "node4")
    node.check()
    assert "the crash image is stale (node4 is not told; " in node.monitor()
    os.unlink(node.image)
    assert node.monitor() == ""  # which kdump says by itself


def test_a_node_was_added(node: Node) -> None:
    node.nodes("node1", "node3")
    status, text = node.check()
    assert status == 1
    assert text.splitlines()[0] == "stale: node3 is not told"
    assert any("10.0.0.3" in line and "replays no" in line for line in text.splitlines())
    assert node.state().startswith("stale node3 is not told; ")
    assert "stale: node3 is not told" in node.refresh()
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.state() == f"fresh {node.image}"
    assert node.check()[0] == 0


@pytest.mark.parametrize("comment", ["# nothing new\n", "\n"])
def test_a_change_without_a_difference(node: Node, comment: str) -> None:
    with open(f"{node.root}/etc/corosync/corosync.conf", "a") as file:
        file.write(comment)
    assert node.check()[0] == 0


def test_options_changed(node: Node) -> None:
    node.file(f"{node.root}/etc/sysconfig/fence_kdump", 'FENCE_KDUMP_OPTS="-i 3"\n')
    assert node.check() == (1, "stale: the sender's options are none, to be --interval 3\n")


def test_opted_out(node: Node) -> None:
    node.file(f"{node.root}/etc/sysconfig/fence_kdump", "FENCE_KDUMP=no\n")
    status, text = node.check()
    assert status == 1
    assert "FENCE_KDUMP=no" in text
    node.refresh()
    assert node.asked() == ["rebuild", "reload"]
    assert node.check()[0] == 0  # it has nothing of ours, and is to have nothing


def test_sender_was_upgraded(node: Node) -> None:
    with open(f"{node.sender}/fence_kdump_send", "ab") as file:
        file.write(b"\0")
    assert node.check() == (1, "stale: its sender is not the one that is installed\n")
    node.refresh()
    assert node.check()[0] == 0


def test_sender_is_gone(node: Node) -> None:
    os.unlink(f"{node.sender}/fence_kdump_send")
    shutil.rmtree(node.sender)
    assert node.check() == (2, "unknown: the sender is not installed\n")
    os.mkdir(node.sender)


@pytest.mark.parametrize("squash", squashers())
def test_squashed_image(node: Node, squash: str) -> None:
    """As on RHEL and Fedora: all but some files of dracut's is in a file system of its own."""
    image = node.build([*RHEL, "--add", squash], {"FENCE_KDUMP_SENDER": node.sender})
    assert re.search(r" (squash|squashfs|erofs)-root\.img\n", image.listing())
    assert node.check(image.path) == (0, f"fresh {image.path}\n")


def test_kdump_tools_of_debian_is_not_supported_yet(node: Node) -> None:
    """An image of dracut counts; without one, both commands say what is the matter, and fail."""
    node.file(f"{node.root}/usr/sbin/kdump-config", "")
    try:
        assert node.check()[0] == 0
        os.unlink(node.image)
        status, said = node.check()
        assert (status, said.split()[:2]) == (2, ["unknown:", "kdump-tools"])
        assert "kdump-tools (Debian, Ubuntu) builds" in node.refresh(status=2)
        assert node.asked() == []
    finally:
        os.unlink(f"{node.root}/usr/sbin/kdump-config")


def test_links_are_down_today(node: Node) -> None:
    """The image knows more than can be known now: that is no reason to rebuild."""
    node.host.ip("link set eth0 down")
    status, text = node.check()
    assert (status, node.state()[:8]) == (2, "unknown ")
    assert "10.0.0.1" in text
    node.refresh()
    assert node.asked() == []


def test_host_name_and_address_are_missing_today(node: Node) -> None:
    """Without either, this node takes itself for another one."""
    node.host.ip("address flush dev eth0")
    argv = [word if word != "me" else "localhost" for word in node.argv("check")]
    result = run(argv)
    assert result.status == 2, result
    assert "does not name this node (localhost)" in result.stdout


def test_image_without_us(node: Node) -> None:
    plain = node.build(SMALL, {"FENCE_KDUMP_IMAGE": "/bin/false"})
    status, text = node.check(plain.path)
    assert status == 1
    assert "built without fence-kdump" in text
    assert not os.path.exists(f"{node.root}/var/lib/fence-kdump")  # it is not the image in use


@pytest.mark.parametrize("content", ["", "no image at all\n"])
def test_no_image(node: Node, content: str) -> None:
    if content:
        node.file(node.image, content)
    else:
        os.unlink(node.image)
    status, text = node.check()
    assert status == 2
    assert ("lsinitrd finds no files" if content else "no crash image of kernel") in text
    assert max(map(len, text.splitlines())) < 200 + len(node.root)
    assert node.state().startswith("unknown ")
    node.refresh()
    assert node.asked() == []


def test_image_that_is_not_there(node: Node) -> None:
    assert node.check("/nowhere/image") == (2, "unknown: /nowhere/image: there is no such file\n")


@pytest.mark.parametrize("command", ["check", "refresh"])
def test_without_the_right_to(node: Node, command: str) -> None:
    """Without capabilities, and in folders that even their owner may not write to."""
    os.makedirs(f"{node.root}/var/lib/fence-kdump")
    for name in ("run", "var/lib/fence-kdump"):
        os.chmod(f"{node.root}/{name}", 0o500)
    result = run(["unshare", "--user", *node.argv(command)[4:]])
    assert result.status == 2, result
    assert result.stderr.count("\n") == 1
    assert "Permission denied: '" in result.stderr
    assert result.stderr.endswith("': run it as root\n")


def test_new_image_does_not_load(node: Node) -> None:
    node.nodes("node1", "node3")
    node.file(f"{node.folder}/tight", "")
    text = node.refresh(status=1)
    assert "the new image does not load: the old one is put back" in text
    assert node.asked() == ["rebuild", "reload", "reload"]
    assert node.is_first_image_loaded()
    assert node.state().startswith("stale ")
    # not again for the same
    assert "has failed before" in node.refresh(status=1)
    assert node.asked() == ["rebuild", "reload", "reload"]
    # but for something else
    os.unlink(f"{node.folder}/tight")
    node.nodes("node1", "node4")
    node.refresh()
    assert node.is_new_image_loaded()
    assert not os.path.exists(f"{node.root}/var/lib/fence-kdump/refresh-failed")


def test_image_cannot_be_built(node: Node) -> None:
    node.nodes("node1", "node3")
    node.file(f"{node.folder}/broken-build", "")
    text = node.refresh(status=1)
    assert "kdumpctl rebuild failed with status 1" in text
    assert node.asked() == ["rebuild"]
    assert node.is_first_image_loaded()


def test_rebuild_was_cut_off(node: Node) -> None:
    """The machine went down while an image was built: the one of before is beside it."""
    folder, name = os.path.split(node.image)
    os.rename(node.image, f"{folder}/.{name}.fence-kdump-old")
    node.file(node.image, "half an image\n")
    node.file(node.loaded, "0\n")
    assert "cut off" in node.refresh()
    assert node.asked() == ["reload"]
    assert node.is_first_image_loaded()


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("etc/kdump.conf", "force_no_rebuild 1\n", "force_no_rebuild"),
        ("sys/kernel/fadump/enabled", "1\n", "fadump"),
        ("sys/kernel/fadump_enabled", "1\n", "fadump"),
        ("run/ostree-booted", "", "ostree"),
        ("sys/kernel/kexec_crash_loaded", "0\n", "no crash kernel is loaded"),
    ],
)
def test_left_to_the_administrator(node: Node, path: str, text: str, reason: str) -> None:
    node.nodes("node1", "node3")
    node.file(f"{node.root}/{path}", text)
    assert reason in node.refresh()
    assert node.asked() == []
    assert node.state().startswith("stale ")


@pytest.mark.parametrize("unit", ["fence-kdump-refresh.service", "fence-kdump-refresh.path"])
def test_units_run_on_ostree_systems(unit: str) -> None:
    """Who else would tell that the image is stale? By the real systemd's word."""
    conditions = re.findall(r"^Condition.*$", read(f"{REPO_ROOT}/rpm/{unit}"), re.MULTILINE)
    script = 'mount -t tmpfs tmpfs /run; : >/run/ostree-booted; exec systemd-analyze condition "$@"'
    analyze = run(["unshare", "--mount", "sh", "-ec", script, "sh", *conditions, "ConditionHost=*"])
    assert analyze.status == 0, analyze


def test_rebuild_is_allowed_where_it_says_so(node: Node) -> None:
    node.nodes("node1", "node3")
    node.file(f"{node.root}/etc/kdump.conf", "force_no_rebuild 0\n")
    node.refresh()
    assert node.asked() == ["rebuild", "reload"]


def test_change_while_an_image_is_built(node: Node) -> None:
    node.nodes("node1", "node3")
    conf = f"{node.root}/etc/corosync/corosync.conf"
    later = read(conf).replace("node3", "node4")
    node.file(f"{node.folder}/later", later)
    node.file(f"{node.folder}/meanwhile", f"cp later {conf}\n")
    node.refresh()
    assert node.asked() == ["rebuild", "reload", "rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0


def test_change_while_the_image_is_looked_at(node: Node) -> None:
    """systemd does not watch a file while the service runs that its change would start."""
    conf = f"{node.root}/etc/corosync/corosync.conf"
    node.file(f"{node.folder}/later", read(conf).replace("node1", "node3"))
    ip = node.script(
        "ip",
        # the configuration is read by then
        f"[ ! -e {node.folder}/later ] || mv {node.folder}/later {conf}\n"
        f'exec {shutil.which("ip")} "$@"',
    )
    try:
        node.refresh()
    finally:
        os.unlink(ip)
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0


def test_change_while_a_build_fails(node: Node) -> None:
    node.nodes("node1", "node3")
    conf = f"{node.root}/etc/corosync/corosync.conf"
    node.file(f"{node.folder}/later", read(conf).replace("node3", "node4"))
    node.file(f"{node.folder}/broken-build", f"mv later {conf}\nrm broken-build\n")
    assert "no new image: the old one is put back" in node.refresh()
    assert node.asked() == ["rebuild", "rebuild", "reload"]
    assert node.is_new_image_loaded()
    assert not os.path.exists(f"{node.root}/var/lib/fence-kdump/refresh-failed")


def test_changes_without_end(node: Node) -> None:
    ip = node.script(
        "ip",
        f"echo '#' >>{node.root}/etc/hosts\nexec {shutil.which('ip')} \"$@\"",
    )
    try:
        text = node.refresh(status=1)
    finally:
        os.unlink(ip)
    assert "changes faster" in text
    assert node.asked() == []


def test_packages_are_being_installed(node: Node, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A transaction of the real rpm, which waits in a scriptlet: one of many packages is long."""
    where = str(tmp_path_factory.mktemp("slow"))
    folder = build(where, "-bb", f"{HERE}/slow.spec")
    database = ["--root", node.root, "--dbpath", "/var/lib/rpm"]
    database += ["--define", "_rpmlock_path /var/lib/rpm/.rpm.lock"]
    run(["mkfifo", f"{node.root}/begun", f"{node.root}/go"])
    node.nodes("node1", "node3")
    argv = ["rpm", *database, "-i", package(folder, "slow")]
    with subprocess.Popen(argv, env={**os.environ, "HOME": "/root"}) as rpm:
        with open(f"{node.root}/begun") as begun:
            assert begun.read() == "begun\n"
        with subprocess.Popen(node.argv("refresh"), stderr=subprocess.PIPE, text=True) as refresh:
            assert refresh.stderr
            line = refresh.stderr.readline()
            asked = node.asked()
            with open(f"{node.root}/go", "w") as go:
                go.write("go\n")
            refresh.stderr.read()
        assert rpm.wait(DEADLINE) == 0
    assert "packages are being installed: waiting" in line
    assert (asked, node.asked()) == ([], ["rebuild", "reload"])
    assert refresh.returncode == 0
    assert node.is_new_image_loaded()


def test_ten_changes_in_a_second(node: Node) -> None:
    """Ten refreshes at once, each after a change: one at a time, and the last word counts."""
    # the first image is not done before the last change
    node.file(f"{node.folder}/meanwhile", "while [ ! -e go ]; do sleep 0.1; done\nrm go\n")
    running = []
    for number in range(3, 13):
        node.nodes("node1", f"node{number}")
        running.append(subprocess.Popen(node.argv("refresh"), stderr=subprocess.DEVNULL))
    node.file(f"{node.folder}/go", "")
    assert [process.wait(DEADLINE) for process in running] == [0] * 10
    asked = node.asked()
    assert asked == ["rebuild", "reload"] * (len(asked) // 2)
    assert 0 < len(asked) // 2 <= 2
    assert node.is_new_image_loaded()
    assert node.check()[0] == 0


def test_suse(node: Node) -> None:
    """mkdumprd builds and loads nothing; kdump.service loads."""
    os.rename(node.tool, f"{node.tool}.away")
    call = f"sh {node.tool}.away"
    mkdumprd = node.script("mkdumprd", f'[ "$*" = -f ] && {call} rebuild')
    systemctl = node.script("systemctl", f'[ "$*" = "restart kdump.service" ] && {call} reload')
    node.nodes("node1", "node3")
    node.refresh()
    for path in (mkdumprd, systemctl):
        os.unlink(path)
    assert node.asked() == ["rebuild", "reload"]
    assert node.is_new_image_loaded()

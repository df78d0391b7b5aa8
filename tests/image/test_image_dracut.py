"""What dracut builds with our module in it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import socket
import stat

import pytest

from lab.images import MODULE, RHEL, SENDER, SMALL, Image, Workshop
from lab.programs import run
from lab.sysfs import Sysfs
from rig.host import kernel_release

SEND = "/usr/lib/fence-kdump/fence_kdump_send"


@pytest.fixture(params=["rhel", "suse", "without_systemd"])
def image(request: pytest.FixtureRequest) -> Image:
    made: Image = request.getfixturevalue(request.param)
    return made


def test_module_and_drivers_are_in_it(image: Image) -> None:
    listing = image.listing()
    assert "zz-fence-kdump\n" in listing
    modules = f"usr/lib/modules/{kernel_release()}"
    with open(f"/{modules}/modules.builtin") as file:
        built_in = file.read()
    for name in ("net/virtio_net.ko", "virtio/virtio_pci.ko"):
        path = f"kernel/drivers/{name}"
        assert f"{modules}/{path}" in listing or path in built_in
    assert "fence-kdump: " not in image.log
    assert "fence-kdump-image: " not in image.log


def test_sender_runs_in_it(image: Image) -> None:
    run = image.run(SEND, "--version")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("fence_kdump_send ")


def test_programs_are_the_machine_s_where_busybox_has_links_for_them(images: Workshop) -> None:
    """dracut's busybox module has one for all that BusyBox does, earlier than any other module."""
    modules = "bash busybox base kdumpbase zz-fence-kdump"
    image = images.build(["--no-hostonly", "--no-kernel", "--modules", modules])
    for program, said in (("ip", "iproute2"), ("modprobe", "kmod"), ("sleep", "coreutils")):
        # env looks at PATH, as our scripts do; BusyBox as the shell does not
        result = image.run("/usr/bin/env", program, "-V" if program == "ip" else "--version")
        assert said in result.stdout, (program, result)


def test_a_link_of_busybox_stays_where_no_program_can_be_installed(tmp_path: pathlib.Path) -> None:
    """kdump needs something of that name. dracut's inst_multiple is a stand-in: it fails here."""
    (tmp_path / "usr/sbin").mkdir(parents=True)
    for name in ("ip", "modprobe"):
        (tmp_path / "usr/sbin" / name).symlink_to("../bin/busybox")
    script = (
        f"initdir={tmp_path}; inst_multiple() {{ [[ $1 == ip ]]; }}; . {MODULE}/module-setup.sh;"
        " _fence_kdump_programs ip modprobe"
    )
    result = run(["bash", "-c", script])
    assert (result.status, result.stderr) == (1, "")
    assert os.listdir(tmp_path / "usr/sbin") == ["modprobe"]


def test_no_library_of_the_sender_is_in_it_twice(image: Image) -> None:
    """dracut looks for the libraries of its files, and finds the system's."""
    private = f"{image.root()}/usr/lib/fence-kdump/_internal"
    names = {name for name in os.listdir(private) if ".so" in name}
    assert names
    for place, _, files in os.walk(image.root()):
        if place != private:
            assert not names & {*files}, place


def test_sender_in_it_sends(image: Image) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        port = str(listener.getsockname()[1])
        run = image.run(SEND, "-p", port, "-c", "1", "127.0.0.1")
        assert run.returncode == 0
        assert listener.recv(64)[:4] in (b"\x40\x2a\x30\x1b", b"\x1b\x30\x2a\x40")


def test_programs_of_the_scripts_are_in_it(image: Image) -> None:
    for name in ("ip", "modprobe", "sleep", "sh"):
        run = image.run("sh", "-c", f"command -v {name}")
        assert run.returncode == 0, name
    assert image.run("ip", "-V").returncode == 0


def test_scripts_do_nothing_outside_a_crash_kernel(image: Image) -> None:
    for name in ("fence-kdump-links", "fence-kdump-sender"):
        run = image.run(f"/usr/sbin/{name}")
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_what_it_will_do(image: Image) -> None:
    assert image.read("etc/fence-kdump/args").split() == [
        *("--crash-only", "--fast-start", "60", "--", "10.0.0.1")
    ]
    links = image.read("etc/fence-kdump/links").splitlines()
    assert links[0].startswith("nic 52:54:00:aa:bb:01 virtio_net ")
    assert "route replace 10.0.0.1/32 dev @ src 10.0.0.2" in links
    manifest = json.loads(image.read("usr/lib/dracut/fence-kdump.json"))
    assert manifest["node"] == "me"
    assert [target["address"] for target in manifest["targets"]] == ["10.0.0.1"]
    assert manifest["links"] == links
    assert len(manifest["sources"]["/etc/corosync/corosync.conf"]) == 64
    assert manifest["sources"]["/etc/kdump.conf"] is None
    assert len(manifest["sender"]) == 64


def test_it_still_has_what_dumps(image: Image) -> None:
    assert image.has("etc/kdump-stand-in")


@pytest.mark.parametrize(
    "unit",
    ["fence-kdump-links.service", "fence-kdump-sender.service", "fence-kdump-watchdogs.service"],
)
def test_units(rhel: Image, unit: str) -> None:
    wants = f"{rhel.root()}/etc/systemd/system/sysinit.target.wants/{unit}"
    assert os.path.lexists(wants)
    settings = rhel.read(f"usr/lib/systemd/system/{unit}").splitlines()
    assert {
        "DefaultDependencies=no",
        "ConditionPathExists=/proc/vmcore",
        "IgnoreOnIsolate=yes",
        "Conflicts=initrd-switch-root.target",
        "Before=initrd-switch-root.target",
    } <= {*settings}
    assert not rhel.has("usr/sbin/fence-kdump-keep")


def test_a_sender_ended_by_any_signal_is_started_again(rhel: Image) -> None:
    settings = rhel.read("usr/lib/systemd/system/fence-kdump-sender.service").splitlines()
    assert "Restart=on-failure" in settings
    # systemd.service(5), Restart=: these four are a clean end to it
    assert "RestartForceExitStatus=SIGHUP SIGINT SIGPIPE SIGTERM" in settings


def test_hooks(without_systemd: Image) -> None:
    # in /usr/lib, with newer dracuts in /var/lib, and with some in both by a link
    hooks = pathlib.Path(without_systemd.root()).glob("*/lib/dracut/hooks/*/*fence-kdump*")
    assert {f"{path.parent.name}/{path.name}" for path in hooks} == {
        "cleanup/01-fence-kdump-stop.sh",
        "cmdline/01-fence-kdump-start.sh",
    }
    keep = os.stat(f"{without_systemd.root()}/usr/sbin/fence-kdump-keep")
    assert stat.S_IMODE(keep.st_mode) == 0o755
    assert not without_systemd.has("usr/lib/systemd/system/fence-kdump-sender.service")


def test_a_driver_that_is_left_out_on_purpose_is_told_by_name(images: Workshop) -> None:
    image = images.build([*RHEL, "--omit-drivers", "virtio_net"])
    assert "fence-kdump-image: this crash image has no kernel module virtio_net" in image.log
    assert image.read("etc/fence-kdump/args")
    checked = images.checked(image)
    assert checked.returncode == 1
    assert checked.stdout == "stale: it was built without kernel module virtio_net\n"


def test_a_watchdog_that_was_armed_since(workshop: Workshop, rhel: Image) -> None:
    assert workshop.checked(rhel).returncode == 0
    sysfs = Sysfs(pathlib.Path(workshop.root, "sys"))
    device = sysfs.device("pci0000:00/0000:00:0a.0", "i6300esb", "i6300esb")
    sysfs.watchdog("watchdog0", "active", "i6300ESB timer", device)
    try:
        checked = workshop.checked(rhel)
    finally:
        shutil.rmtree(sysfs.where / "class/watchdog")
    assert checked.returncode == 1
    assert checked.stdout == "stale: it does not load 'i6300esb' for an armed watchdog\n"


def test_an_image_is_proved_to_have_all_of_it(rhel: Image) -> None:
    manifest = json.loads(rhel.read("usr/lib/dracut/fence-kdump.json"))
    assert manifest["modules"] == ["virtio_pci", "virtio_net"]
    assert manifest["lacking"] == []


def test_normal_initramfs_has_nothing_of_us(images: Workshop) -> None:
    image = images.build(["--no-hostonly", "--no-kernel"], {"IN_KDUMP": ""})
    assert "fence-kdump" not in image.listing()
    assert "fence-kdump" not in image.log


def test_nobody_to_tell(images: Workshop) -> None:
    file = images.file(f"{images.root}/etc/sysconfig/fence_kdump", "FENCE_KDUMP=no\n")
    small = ["--no-kernel", "--no-hostonly", "--add", "kdumpbase"]
    try:
        image = images.build(small)
    finally:
        os.unlink(file)
    assert image.has("etc/kdump-stand-in")
    assert not image.has("etc/fence-kdump")
    assert "fence-kdump: no node to notify" in image.log


def test_name_left_to_the_crash_kernel(images: Workshop) -> None:
    text = "fence_kdump_nodes 10.0.0.1 gone.invalid\n"
    file = images.file(f"{images.root}/etc/kdump.conf", text)
    try:
        image = images.build([*SMALL, "--no-kernel"])
    finally:
        os.unlink(file)
    assert image.read("etc/fence-kdump/args").split()[-2:] == ["10.0.0.1", "gone.invalid"]
    assert "gone.invalid does not resolve" in image.log
    for path in ("etc/hosts", "etc/nsswitch.conf", "etc/resolv.conf"):
        assert image.has(path), path
    # the image's own resolver: a name in its hosts file
    with open(f"{image.root()}/etc/hosts", "a") as hosts:
        hosts.write("127.0.0.1 gone.invalid\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        port = str(listener.getsockname()[1])
        assert image.run(SEND, "-p", port, "-c", "1", "gone.invalid").returncode == 0
        assert listener.recv(64)


SUSE_PATH = "usr/lib/fence_kdump_send"
SUSE_CALL = ("-c", "3", "-i", "1", "10.0.0.1", "gone.invalid")
CALLS = {
    "KDUMP_PRESCRIPT": f"/{SUSE_PATH} {' '.join(SUSE_CALL)}",
    "KDUMP_TRANSFER": "/usr/libexec/fence-kdump/fence_kdump_send 10.0.0.4",
    "KDUMP_POSTSCRIPT": "sleep 1; fence_kdump_send -c 3 10.0.0.5",
}
CALLED = (SUSE_PATH, "usr/libexec/fence-kdump/fence_kdump_send", "usr/sbin/fence_kdump_send")


def test_what_suse_s_scripts_call_ends_at_once(images: Workshop) -> None:
    """kdump-save waits for each; a KDUMP_PRESCRIPT that fails even stops the dump. Here is no way
    to any of the nodes."""
    text = "".join(f'{name}="{command}"\n' for name, command in CALLS.items())
    file = images.file(f"{images.root}/etc/sysconfig/kdump", text)
    # the program itself, as a KDUMP_REQUIRED_PROGRAMS may bring it: whole, or without its folder
    files = f"{images.where}/programs"
    for path in (*CALLED, "usr/libexec/fence-kdump"):
        os.makedirs(os.path.dirname(f"{files}/{path}"), exist_ok=True)
    shutil.copy(f"{SENDER}/fence_kdump_send", f"{files}/{CALLED[1]}")
    os.symlink("../libexec/fence-kdump/fence_kdump_send", f"{files}/{CALLED[0]}")
    os.symlink("../libexec/fence-kdump/nowhere", f"{files}/{CALLED[2]}")
    small = [*SMALL, "--no-kernel"]
    try:
        built = [images.build(small), images.build(small, {"KDUMP_STAND_IN_FILES": files})]
    finally:
        os.unlink(file)
    for image in built:
        for path in CALLED:
            run = image.run(f"/{path}", *SUSE_CALL)
            assert (run.returncode, run.stdout.count("\n"), run.stderr) == (0, 1, ""), path
        args = image.read("etc/fence-kdump/args").split()
        assert args[:6] == ["--crash-only", "--fast-start", "60", "--interval", "1", "--"]
        assert {*args[6:]} == {"10.0.0.1", "gone.invalid", "10.0.0.4", "10.0.0.5"}
        assert image.run(SEND, "--version").returncode == 0


def test_c_program_in_suse_s_script_stays(
    images: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = str(tmp_path_factory.mktemp("files"))
    images.file(f"{files}/{SUSE_PATH}", "the C program\n")
    file = images.file(f"{images.root}/etc/sysconfig/kdump", f"KDUMP_POSTSCRIPT=/{SUSE_PATH}\\ x\n")
    try:
        image = images.build([*SMALL, "--no-kernel"], {"KDUMP_STAND_IN_FILES": files})
    finally:
        os.unlink(file)
    assert image.read(SUSE_PATH) == "the C program\n"


@pytest.mark.parametrize(
    ("path", "text", "owner"),
    [
        (
            "etc/NetworkManager/system-connections/eth0.nmconnection",
            "[connection]\ntype=ethernet\ninterface-name=eth0\n",
            "NetworkManager",
        ),
        ("etc/cmdline.d/45-net.conf", "ip=10.0.0.2::10.0.0.254:255.255.255.0::eth0:none", "dracut"),
    ],
)
def test_nic_that_the_image_configures_is_left_alone(
    images: Workshop, tmp_path_factory: pytest.TempPathFactory, path: str, text: str, owner: str
) -> None:
    files = str(tmp_path_factory.mktemp("files"))
    images.file(f"{files}/{path}", text)
    for program in ("usr/sbin/NetworkManager", "usr/sbin/ifup"):
        images.file(f"{files}/{program}", "stand-in\n")
    image = images.build([*SMALL, "--no-kernel"], {"KDUMP_STAND_IN_FILES": files})
    assert image.read("etc/fence-kdump/links") == ""
    manifest = json.loads(image.read("usr/lib/dracut/fence-kdump.json"))
    assert [nic["owner"] for nic in manifest["nics"]] == [owner]
    assert path in manifest["nics"][0]["why"]


@pytest.mark.parametrize("number", ["00", "74"])
def test_it_comes_after_kdump_s_module_whatever_the_number_of_that(
    images: Workshop, tmp_path_factory: pytest.TempPathFactory, number: str
) -> None:
    """Newer dracuts number their modules anew. What kdump's configures must be there to be seen."""
    files = str(tmp_path_factory.mktemp("files"))
    images.file(f"{files}/etc/cmdline.d/45-net.conf", "ip=10.0.0.2::10.0.0.254:24::eth0:none")
    images.file(f"{files}/usr/sbin/ifup", "stand-in\n")
    modules = f"{images.where}/base/modules.d"
    os.rename(f"{modules}/99kdumpbase", f"{modules}/{number}kdumpbase")
    try:
        image = images.build([*SMALL, "--no-kernel"], {"KDUMP_STAND_IN_FILES": files})
    finally:
        os.rename(f"{modules}/{number}kdumpbase", f"{modules}/99kdumpbase")
    assert image.read("etc/kdump-stand-in") == f"{number}kdumpbase\n"
    assert image.read("etc/fence-kdump/links") == ""


MAC = "52:54:00:aa:bb:01"


def test_networkmanager_in_the_image_leaves_our_nic_alone(
    images: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = str(tmp_path_factory.mktemp("files"))
    images.file(f"{files}/usr/sbin/NetworkManager", "stand-in\n")
    image = images.build([*SMALL, "--no-kernel"], {"KDUMP_STAND_IN_FILES": files})
    assert " virtio_net udev " in image.read("etc/fence-kdump/links")
    unmanaged = image.read("etc/NetworkManager/conf.d/90-fence-kdump.conf")
    assert f"match-device=mac:{MAC},interface-name:fk*\nmanaged=0\n" in unmanaged


def test_networkd_in_the_image_leaves_our_nic_alone(images: Workshop) -> None:
    image = images.build(
        ["--no-hostonly", "--no-kernel", "--add", "kdumpbase systemd-networkd"],
        {"IN_KDUMP": ""},
    )
    assert image.has("usr/lib/systemd/network/80-wifi-adhoc.network")
    assert " virtio_net udev " in image.read("etc/fence-kdump/links")
    first, second, *_ = sorted(os.listdir(f"{image.root()}/etc/systemd/network"))
    for name, match in ((first, "Name=fk*"), (second, f"PermanentMACAddress={MAC}")):
        text = image.read(f"etc/systemd/network/{name}")
        assert text == f"[Match]\n{match}\n\n[Link]\nUnmanaged=yes\n"


def test_command_line_that_changes_makes_the_image_stale(images: Workshop) -> None:
    """An `ip=` of the running kernel's own is a claim only if a program in the image acts on it."""
    line = images.file(f"{images.root}/proc/cmdline", "ro ip=eth0:dhcp rd.neednet=1 quiet\n")
    try:
        image = images.build([*SMALL, "--no-kernel"])
        assert image.read("etc/fence-kdump/links").startswith(f"nic {MAC} ")
        assert images.checked(image).returncode == 0
        images.file(line, "ro ip=eth0:dhcp\n")
        checked = images.checked(image)
    finally:
        os.unlink(line)
    assert checked.returncode == 1
    assert checked.stdout == (
        "stale: the crash kernel's command line no longer has 'rd.neednet=1'\n"
    )


def test_command_line_that_kdump_appends(
    images: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = str(tmp_path_factory.mktemp("files"))
    images.file(f"{files}/usr/sbin/NetworkManager", "stand-in\n")
    text = 'KDUMP_COMMANDLINE_APPEND="ip=10.0.0.2:::24::eth0:none rd.neednet=1"\n'
    file = images.file(f"{images.root}/etc/sysconfig/kdump", text)
    try:
        image = images.build([*SMALL, "--no-kernel"], {"KDUMP_STAND_IN_FILES": files})
        assert images.checked(image).returncode == 0
    finally:
        os.unlink(file)
    assert image.read("etc/fence-kdump/links") == ""
    assert not image.has("etc/NetworkManager")
    manifest = json.loads(image.read("usr/lib/dracut/fence-kdump.json"))
    assert [(nic["owner"], nic["why"]) for nic in manifest["nics"]] == [
        ("dracut", "the crash kernel's command line: ip=10.0.0.2:::24::eth0:none")
    ]
    checked = images.checked(image)
    assert checked.returncode == 1
    assert "no longer has 'rd.neednet=1'" in checked.stdout


def break_helper(images: Workshop, body: str) -> dict[str, str]:
    return {"FENCE_KDUMP_IMAGE": images.script("broken", body)}


@pytest.mark.parametrize(
    "body",
    [
        "exit 0",
        "exit 1",
        "kill -9 $$",
        'case $1 in show) exit 0 ;; esac; echo "Traceback" >&2; exit 1',
        'case $1 in show) exit 0 ;; esac; printf "\\000\\377 garbage\\n"',
    ],
)
def test_broken_helper(images: Workshop, body: str) -> None:
    image = images.build(SMALL, break_helper(images, body))
    assert image.has("etc/kdump-stand-in")
    assert not image.has("usr/lib/fence-kdump")
    assert "fence-kdump: this crash image sends no messages" in image.log


def test_wishes_that_cannot_be_fulfilled(images: Workshop) -> None:
    wishes = ["module ../../x", "module none_such", "library /nowhere.so", "file /nowhere", "\\377"]
    text = "\\n".join(wishes)
    body = f'[ "$1" != install ] || printf "{text}\\n"; exec {images.helper} "$@"'
    image = images.build(SMALL, break_helper(images, body))
    assert image.has("etc/kdump-stand-in")
    assert image.run(SEND, "--version").returncode == 0
    assert image.has("usr/sbin/fence-kdump-keep")
    assert "fence-kdump: library /nowhere.so cannot" in image.log


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("exec sleep 1000", "124"),
        ("case $1 in show) exit 0 ;; esac; sleep 1000", "124"),
        ("trap '' TERM; while :; do sleep 1; done", "137"),
    ],
)
def test_hanging_helper(images: Workshop, body: str, status: str) -> None:
    small = ["--no-kernel", "--no-hostonly", "--add", "kdumpbase"]
    image = images.build(small, {**break_helper(images, body), "FENCE_KDUMP_PATIENCE": "1"})
    assert image.has("etc/kdump-stand-in")
    assert f"fence-kdump: the image helper failed (status {status})" in image.log


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("exec /nowhere/python3", "fence-kdump: the image helper failed (status 127)"),
        ("echo 'fence-kdump-image: No space' >&2; exit 2", "fence-kdump-image: No space; see"),
        ("echo 'ImportError: no such thing' >&2; exit 1", "ImportError: no such thing; see"),
    ],
)
def test_failing_helper_is_not_taken_for_nobody(images: Workshop, body: str, told: str) -> None:
    small = ["--no-kernel", "--no-hostonly", "--add", "kdumpbase"]
    image = images.build(small, break_helper(images, body))
    assert image.has("etc/kdump-stand-in")
    assert told in image.log
    assert "no node to notify" not in image.log


def test_missing_helper(images: Workshop) -> None:
    image = images.build([*SMALL, "--no-kernel"], {"FENCE_KDUMP_IMAGE": "/nowhere"})
    assert image.has("etc/kdump-stand-in")
    assert "fence-kdump: the image helper failed (status 127)" in image.log
    assert "fence-kdump: this crash image sends no messages" in image.log


@pytest.mark.parametrize("sender", ["/nowhere", "/etc/passwd"])
def test_missing_sender(images: Workshop, sender: str) -> None:
    image = images.build([*SMALL, "--no-kernel"], {"FENCE_KDUMP_SENDER": sender})
    assert image.has("etc/kdump-stand-in")
    assert not image.has("etc/fence-kdump")
    assert f"no sender in {sender}" in image.log


SYSTEMD = [
    "--no-hostonly",
    "--modules",
    "bash base systemd systemd-initrd kdumpbase zz-fence-kdump",
]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(
            (f"fence-kdump-{name}.sh", SMALL)
            for name in ("links", "sender", "keep", "start", "stop", "called")
        ),
        ("fence-kdump-links.service", SYSTEMD),
        ("fence-kdump-sender.service", SYSTEMD),
    ],
)
def test_missing_part_of_the_module(images: Workshop, name: str, arguments: list[str]) -> None:
    text = f"KDUMP_POSTSCRIPT='/{SUSE_PATH} 10.0.0.1'\n"
    file = images.file(f"{images.root}/etc/sysconfig/kdump", text)
    part = f"{images.module}/{name}"
    target = os.readlink(part)
    os.unlink(part)
    try:
        image = images.build([*arguments, "--no-kernel"])
        checked = images.checked(image)
    finally:
        os.symlink(target, part)
        os.unlink(file)
    assert image.has("etc/kdump-stand-in")
    assert "fence-kdump: this crash image sends no messages" in image.log
    assert checked.returncode == 1, checked
    assert checked.stdout.startswith("stale: it sends no messages, or not all of them")
    # a KDUMP_PRESCRIPT that fails stops the dump
    assert image.has(SUSE_PATH) == (name != "fence-kdump-called.sh")


def test_kernel_without_the_driver(images: Workshop) -> None:
    drivers = f"{images.root}/sys/bus/virtio/drivers/virtio_net/module"
    module = os.readlink(drivers)
    os.unlink(drivers)
    os.symlink("../../../../module/none_such", drivers)
    try:
        image = images.build(SMALL)
    finally:
        os.unlink(drivers)
        os.symlink(module, drivers)
    assert image.has("etc/kdump-stand-in")
    assert "fence-kdump-image: this crash image has no kernel module none_such" in image.log
    assert image.run(SEND, "--version").returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "nodelist {\n node {\n ring0_addr: \xff\xfe\n }\n",
        "nodelist {\n node {\n  name: *\n  ring0_addr: $(reboot)\n }\n}\n",
        "nodelist {\n node {\n  name: a b\n  ring0_addr: -p\n }\n}\n",
    ],
)
def test_garbage_in_the_configuration(images: Workshop, text: str) -> None:
    path = f"{images.root}/etc/corosync/corosync.conf"
    with open(path) as file:
        good = file.read()
    try:
        with open(path, "w", encoding="latin-1") as file:
            file.write(text)
        image = images.build([*SMALL, "--no-kernel"])
    finally:
        images.file(path, good)
    assert image.has("etc/kdump-stand-in")
    assert "fence-kdump" in image.log
    assert "Traceback" not in image.log


def test_stripped_by_elfutils(rhel: Image) -> None:
    assert "--aggressive-strip" in RHEL
    size = os.path.getsize(f"{rhel.root()}/{SEND}")
    assert size <= os.path.getsize(f"{SENDER}/fence_kdump_send")
    assert rhel.run(SEND, "--help").returncode == 0

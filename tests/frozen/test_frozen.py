"""The frozen sender in a bare root, as a crash image may treat it."""

from __future__ import annotations

import glob
import os
import re
import shutil
import signal
import stat
import subprocess

import pytest

from lab.hosts import Host
from lab.packets import UDP, Tap
from lab.programs import ONEFILE, SENDER, run
from lab.roots import NAME_SERVICE, install_libraries

LINK = "/fence_kdump_send"
PROGRAM = "/opt/sender/fence_kdump_send"


def in_root(root: str, host: Host, *argv: str, **keys: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        host.command("chroot", root, *argv), stderr=subprocess.PIPE, text=True, **keys
    )


def assert_sends(root: str, peer: Host, tap: Tap, program: str, *options: str) -> None:
    process = in_root(root, peer, program, *options, "-c", "1", "10.0.0.1")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert UDP in next(iter(tap))


@pytest.mark.parametrize("program", [PROGRAM, LINK])
def test_in_a_bare_root(root: str, peer: Host, tap: Tap, program: str) -> None:
    assert not {"proc", "dev", "tmp", "etc", "run"} & set(os.listdir(root))
    assert_sends(root, peer, tap, program)


def test_with_stdio_closed(root: str, peer: Host, tap: Tap) -> None:
    closed = '"$@" <&- >&- 2>&-'
    command = ["sh", "-c", closed, "sh", "chroot", root, LINK, "-v", "-c", "3", "-i", "0.01"]
    assert run([*command, "10.0.0.1"], host=peer).status == 0
    for _, packet in zip(range(3), tap):
        assert UDP in packet


def test_sigterm_ends_it_with_0(root: str, peer: Host, tap: Tap) -> None:
    process = in_root(root, peer, LINK, "10.0.0.1")
    assert UDP in next(iter(tap))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def strip(command: str, folder: str) -> list[str]:
    stripped = []
    for path in glob.glob(f"{folder}/**", recursive=True):
        if os.path.isfile(path) and os.stat(path).st_mode & stat.S_IXUSR:
            done = run([*command.split(), path])
            assert done.status == 0, done
            stripped.append(path)
    return stripped


@pytest.mark.parametrize("command", ["eu-strip -p", "strip -p", "strip"])
def test_stripped(root: str, peer: Host, tap: Tap, command: str) -> None:
    assert f"{root}{PROGRAM}" in strip(command, f"{root}/opt")
    assert_sends(root, peer, tap, LINK)


def test_resolves_a_name(root: str, peer: Host, tap: Tap) -> None:
    install_libraries(root, NAME_SERVICE)
    os.mkdir(f"{root}/etc")
    with open(f"{root}/etc/hosts", "w") as file:
        file.write("10.0.0.1 node1\n")
    with open(f"{root}/etc/nsswitch.conf", "w") as file:
        file.write("hosts: files\n")
    assert_sends(root, peer, tap, LINK, "-v")
    process = in_root(root, peer, LINK, "-v", "-c", "1", "node1")
    _, stderr = process.communicate(timeout=30)
    assert "node1 (10.0.0.1): message sent" in stderr


def test_bad_input_is_no_traceback(root: str, peer: Host) -> None:
    process = in_root(root, peer, LINK, "-p", "0", "10.0.0.1")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["true", "eu-strip -p", "strip -p", "strip"])
def test_one_file(root: str, peer: Host, tap: Tap, command: str) -> None:
    """The one-file build has to unpack itself somewhere; the rest is the same."""
    shutil.rmtree(f"{root}/opt")
    os.unlink(root + LINK)
    shutil.copy(ONEFILE, root + LINK)
    run([*command.split(), root + LINK])
    os.mkdir(f"{root}/tmp")
    assert_sends(root, peer, tap, LINK)
    assert os.listdir(f"{root}/tmp") == []


def test_one_file_without_a_tmp(root: str, peer: Host, tap: Tap) -> None:
    shutil.copy(ONEFILE, f"{root}/onefile")
    command = ["env", "TMPDIR=/opt", "chroot", root, "/onefile", "-c", "1", "10.0.0.1"]
    result = run(command, host=peer)
    assert result.status == 0, result
    assert UDP in next(iter(tap))


def test_it_is_lean() -> None:
    """Nothing in the bundle but the program, the interpreter, and what that needs to start."""
    folder = os.path.dirname(SENDER)
    names = {
        os.path.relpath(path, folder).split(".so")[0]
        for path in glob.glob(f"{folder}/**", recursive=True)
        if os.path.isfile(path)
    }
    names = {name for name in names if not name.startswith("_internal/libpython")}
    # a Python that is not Debian's has these in files of their own
    modules = {re.sub(r"_internal/python[\d.]+/lib-dynload/(\w+).*", r"\1", n) for n in names}
    names = modules - {"_socket", "select", "_sha256", "_sha2"}
    assert names <= {"fence_kdump_send", "_internal/base_library.zip", "_internal/libexpat"}

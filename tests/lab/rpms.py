"""RPMs, repositories and roots in which the real dnf installs them."""

from __future__ import annotations

import glob
import os
import platform
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence

__all__ = [
    "DIST",
    "MACHINE",
    "REPO_ROOT",
    "Root",
    "build",
    "package",
    "query",
    "repository",
]

REPO_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIST = f"{REPO_ROOT}/dist/rpm"
MACHINE = platform.machine()


def run(argv: Sequence[str], **keys: object) -> str:
    """Run a program that must succeed; all that it says."""
    done = subprocess.run(  # type: ignore[call-overload]
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **keys
    )
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}"
    text: str = done.stdout
    return text


def package(folder: str, name: str) -> str:
    """The one RPM of that name in a folder: "fence-kdump-send", or "src" for the source RPM."""
    pattern = "fence-kdump-[0-9]*.src.rpm" if name == "src" else f"{name}-[0-9]*.rpm"
    (found,) = (
        p for p in glob.glob(f"{folder}/{pattern}") if p.endswith(".src.rpm") == (name == "src")
    )
    return found


def query(path: str, *arguments: str) -> list[str]:
    """`rpm -qp` of a file, as lines."""
    return run(["rpm", "-qp", *arguments, path]).splitlines()


def build(where: str, *arguments: str) -> str:
    """Run rpmbuild with a tree of its own; the folder with its binary RPMs in it.

    --nodeps, as the rpm database of a machine that dpkg rules knows of no package.
    """
    run(["rpmbuild", "--quiet", "--nodeps", "--define", f"_topdir {where}/tree", *arguments])
    os.makedirs(f"{where}/rpms", exist_ok=True)
    for path in glob.glob(f"{where}/tree/RPMS/*/*.rpm"):
        os.rename(path, f"{where}/rpms/{os.path.basename(path)}")
    return f"{where}/rpms"


def repository(folder: str, *rpms: str) -> str:
    """A folder with these RPMs and what dnf needs to know of them."""
    os.makedirs(folder)
    for path in rpms:
        shutil.copy(path, folder)
    run(["createrepo_c", "--quiet", folder])
    return folder


# what is on the machine that tests, to be seen in a root: the C library and Python
_BORROWED = (
    "/usr/lib64",
    f"/usr/lib/{MACHINE}-linux-gnu",
    os.path.realpath(sysconfig.get_path("stdlib")),
    "/usr/bin/python3",
    "/dev/null",
)


class Root:
    """A root in which dnf installs; it begins with the stub of a base system.

    path -- where it is
    """

    def __init__(self, where: str, base: str) -> None:
        self.path = f"{where}/root"
        self._where = where
        os.makedirs(f"{self.path}/etc")
        for name in ("vars", "repos", "plugins"):
            os.mkdir(f"{where}/{name}")
        with open(f"{where}/dnf.conf", "w") as file:
            file.write(
                "[main]\ngpgcheck=0\nplugins=0\nmetadata_expire=0\nbest=True\n"
                "cachedir=/var/cache/dnf\nlogdir=/var/log/dnf\npersistdir=/var/lib/dnf\n"
                f"varsdir={where}/vars\nreposdir={where}/repos\npluginpath={where}/plugins\n"
            )
        self.base = base
        self.dnf("install", "stub-base")

    def dnf(
        self, *arguments: str, repos: Sequence[str] = (), fails: bool = False, says: str = ""
    ) -> str:
        """Run dnf with the base repository and these; what it says.

        dnf ends with 0 even where a scriptlet failed, so its words are looked at, too: of warnings
        there may be only those that have `says` in them.
        """
        given: list[str] = []
        for number, repo in enumerate((self.base, *repos)):
            given += [f"--repofrompath=r{number},file://{repo}", f"--repo=r{number}"]
        argv = [
            "dnf", "-y", f"--config={self._where}/dnf.conf", f"--installroot={self.path}",
            "--releasever=1", *given, *arguments,
        ]  # fmt: skip
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": "/root"},
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stdout
        if not fails:
            bad = re.compile(r"Error in|scriptlet failed|warning:|error:")
            # rpm 4.20 says so of every installroot
            usual = "warning: private mounts in chroot not implemented"
            said = [line for line in done.stdout.splitlines() if line != usual]
            lines = [line for line in said if bad.search(line)]
            assert [line for line in lines if not (says and says in line)] == [], done.stdout
            assert lines or not says, done.stdout
        return done.stdout

    def installed(self) -> set[str]:
        """Names of the packages of ours, and of the C one, that are in it."""
        text = run(
            ["rpm", "--root", self.path, "-qa", "--qf", "%{NAME}\\n"],
            env={**os.environ, "HOME": "/root"},
        )
        return set(re.findall(r"^fence-\S+$", text, re.MULTILINE))

    def tree(self) -> dict[str, str]:
        """Path -> content, link target or "folder" of all in it but what rpm and dnf keep."""
        found = {}
        for place, folders, files in os.walk(self.path):
            folders[:] = [f for f in folders if f not in (".rpmdb", "rpm", "dnf")]
            for name in (*folders, *files):
                path = os.path.join(place, name)
                if os.path.islink(path):
                    what = os.readlink(path)
                elif os.path.isdir(path):
                    what = "folder"
                else:
                    with open(path, "rb") as file:
                        what = file.read().hex()
                found[os.path.relpath(path, self.path)] = what
        return found

    def file(self, path: str, text: str, mode: int = 0o644) -> str:
        """Write a file in it; its path outside."""
        outside = self.path + path
        os.makedirs(os.path.dirname(outside), exist_ok=True)
        with open(outside, "w") as file:
            file.write(text)
        os.chmod(outside, mode)
        return outside

    def chroot(self, *argv: str, status: int = 0) -> str:
        """Run a program inside, with this machine's C library and Python; what it says."""
        binds = ""
        for path in _BORROWED:
            if os.path.exists(path):
                place = path if os.path.isdir(path) else os.path.dirname(path)
                touch = "" if os.path.isdir(path) else f': >"$0{path}"; '
                binds += f'mkdir -p "$0{place}"; {touch}mount --bind {path} "$0{path}"\n'
        # a mount namespace of its own: nothing of it is left in the root but empty mount points
        script = f'set -e\n{binds}exec chroot "$0" "$@"'
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, self.path, *argv],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == status, done.stdout
        return done.stdout

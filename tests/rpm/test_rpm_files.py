"""What is in the packages, and what they say of themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.rpms import DIST, MACHINE, REPO_ROOT, package, query, run

pytestmark = pytest.mark.timeout(900)  # the source RPM's own check runs the unit tests

NAMES = ["fence-kdump-send", "fence-kdump-agent"]
SPEC = f"{REPO_ROOT}/build/rpm/SPECS/fence-kdump.spec"  # as `make rpm` made it, with its changelog


def files(name: str) -> dict[str, str]:
    """Path -> "MODE FLAGS OWNER GROUP" of a package's files."""
    columns = ("FILEMODES:octal", "FILEFLAGS:fflags", "FILEUSERNAME", "FILEGROUPNAME")
    form = "[%{FILENAMES}\\t" + " ".join(f"%{{{column}}}" for column in columns) + "\\n]"
    lines = query(package(DIST, name), "--qf", form)
    return dict(line.split("\t") for line in lines if line)


def unpacked(name: str, folder: os.PathLike[str]) -> str:
    run(["sh", "-c", f"rpm2cpio {package(DIST, name)} | cpio -idm --quiet"], cwd=folder)
    return str(folder)


def test_rpmlint_has_nothing_to_say() -> None:
    rpms = [package(DIST, name) for name in ("src", *NAMES)]
    config = f"{REPO_ROOT}/rpm/rpmlint.toml"
    text = run(["rpmlint", "--config", config, SPEC, *rpms])
    assert "0 errors, 0 warnings" in text, text


def test_every_filter_of_rpmlint_filters() -> None:
    version = run(["rpmlint", "--version"]).strip()
    with open(f"{REPO_ROOT}/rpm/rpmlint.toml") as file:
        rows = re.findall(r"^    # (.+)\n((?:    '.+',\n)+)", file.read(), re.MULTILINE)
    rpms = [package(DIST, name) for name in ("src", *NAMES)]
    said = subprocess.run(
        ["rpmlint", SPEC, *rpms],
        stdout=subprocess.PIPE, text=True, check=False,
    ).stdout  # fmt: skip
    assert rows
    for reason, lines in rows:
        alone = re.match(r"rpmlint (\S+) alone", reason)
        if alone and not version.startswith(alone[1]):
            continue
        for needed in re.findall(r"'(.+)',", lines):
            assert re.search(needed, said), f"{needed} matches nothing"


def test_version_is_the_projects() -> None:
    with open(f"{REPO_ROOT}/pyproject.toml") as file:
        version = re.search(r'^version = "(.*)"', file.read(), re.MULTILINE)
    assert version
    for name in ("src", *NAMES):
        assert query(package(DIST, name), "--qf", "%{VERSION}\\n") == [version[1]]


def test_the_changelog_is_the_projects() -> None:
    """Every release of CHANGELOG.md, and every item, none of it expanded as a macro."""
    with open(f"{REPO_ROOT}/CHANGELOG.md") as file:
        releases = re.findall(r"^## \[(\d.*)\] - ", text := file.read(), re.MULTILINE)
    names = query(package(DIST, "fence-kdump-agent"), "--qf", "[%{CHANGELOGNAME}\\n]")
    assert names == [f"fence-kdump - {version}-1" for version in releases]
    said = query(package(DIST, "fence-kdump-agent"), "--changelog")
    assert len([line for line in said if line.startswith("- ")]) == len(
        re.findall("^- ", text, re.MULTILINE)
    )


def test_agent_takes_the_c_packages_name() -> None:
    path = package(DIST, "fence-kdump-agent")
    (full,) = query(path, "--qf", "%{VERSION}-%{RELEASE}\\n")
    assert set(query(path, "--provides")) == {
        f"fence-agents-kdump = 1:{full}",
        f"fence-kdump-agent = {full}",
    }
    assert query(path, "--conflicts") == ["fence-agents-kdump"]
    assert query(path, "--obsoletes") == []
    assert query(path, "--recommends") == ["fence-kdump-send"]
    assert query(path, "--qf", "%{ARCH}\\n") == ["noarch"]
    needs = {need for need in query(path, "--requires") if not need.startswith("rpmlib(")}
    assert needs == {"/bin/sh", "/usr/bin/python3", "python3 >= 3.9"}


def test_nothing_of_the_bundle_leaks() -> None:
    path = package(DIST, "fence-kdump-send")
    provides = {line.split(" ")[0] for line in query(path, "--provides")}
    assert {p for p in provides if not p.startswith("bundled(")} == {
        "config(fence-kdump-send)",
        "fence-kdump-send",
        f"fence-kdump-send({MACHINE.replace('_', '-')})",
    }
    assert {"bundled(python3)", "bundled(pyinstaller-bootloader)"} <= provides
    assert not [n for n in query(path, "--requires") if re.match("libpython|libexpat", n)]


def test_what_is_bundled_is_listed(tmp_path: os.PathLike[str]) -> None:
    """Every library in the bundle has its Provides: bundled(...), and there is a licence."""
    root = unpacked("fence-kdump-send", tmp_path)
    provides = "\n".join(query(package(DIST, "fence-kdump-send"), "--provides"))
    licences = {
        os.path.basename(path) for path in files("fence-kdump-send") if "/licenses/" in path
    }
    assert {"LICENSE", "COPYING.pyinstaller"} <= licences
    for name in os.listdir(f"{root}/usr/libexec/fence-kdump/_internal"):
        if name.startswith("libexpat"):
            assert "bundled(expat) = " in provides
            assert "COPYING.expat" in licences
        else:  # the interpreter, its extension modules in a folder, its library
            assert re.match(r"libpython3|python3\.|base_library\.zip$", name)
            assert "bundled(python3) = " in provides
            assert "LICENSE.python" in licences
    with open(f"{REPO_ROOT}/rpm/wheels.txt") as file:
        pinned = re.search(r"^pyinstaller==(\S+)", file.read(), re.MULTILINE)
    assert pinned
    assert f"bundled(pyinstaller-bootloader) = {pinned[1]}\n" in provides


def test_the_c_library_it_needs_is_required(tmp_path: os.PathLike[str]) -> None:
    root = unpacked("fence-kdump-send", tmp_path)
    wanted = set()
    for place, _, names in os.walk(f"{root}/usr/libexec/fence-kdump"):
        for name in names:
            if not name.endswith(".zip"):
                text = run(["objdump", "-T", os.path.join(place, name)])
                wanted |= set(re.findall(r"\bGLIBC_([0-9.]+)", text))
    required = "\n".join(query(package(DIST, "fence-kdump-send"), "--requires"))

    def newest(versions: list[str]) -> str:
        return max(versions, key=lambda v: [int(n) for n in v.split(".")])

    assert wanted
    assert newest(re.findall(r"GLIBC_([0-9.]+)", required)) == newest([*wanted])


def test_no_file_that_another_package_may_have() -> None:
    for name in NAMES:
        paths = files(name)
        assert not [p for p in paths if "build-id" in p or "/debug" in p]
        assert "/usr/libexec/fence_kdump_send" not in paths
    shared = {*files(NAMES[0])} & {*files(NAMES[1])}
    assert shared == set()


def test_modes_and_owners() -> None:
    for name in NAMES:
        for path, what in files(name).items():
            mode, rest = what.split(" ", 1)
            assert rest.endswith("root root"), path
            executable = re.search(r"/bin/[^/]+$|\.sh$|/fence_kdump_send$", path)
            if "/_internal/lib" in path and mode.lstrip("0") == "100755":
                continue  # newer rpmbuilds leave a library's mode as PyInstaller makes it
            kind = mode.lstrip("0")[:-4]
            expected = {"4": "40755", "12": "120777"}.get(
                kind, "100755" if executable else "100644"
            )
            assert mode.lstrip("0") == expected, path


def test_configuration_is_kept() -> None:
    found = {
        path: what for path, what in files("fence-kdump-send").items() if path.startswith("/etc")
    }
    assert list(found) == ["/etc/sysconfig/fence_kdump"]
    assert found["/etc/sysconfig/fence_kdump"].split(" ")[1] == "cn"  # config(noreplace)


def test_every_program_has_a_man_page() -> None:
    for name in NAMES:
        paths = files(name)
        programs = [os.path.basename(p) for p in paths if p.startswith("/usr/sbin/")]
        assert programs
        assert [p for p in programs if f"/usr/share/man/man8/{p}.8.gz" not in paths] == []


def test_units(tmp_path: os.PathLike[str]) -> None:
    root = unpacked("fence-kdump-send", tmp_path)
    refresh = [f"fence-kdump-refresh.{kind}" for kind in ("service", "path", "timer")]
    units = [*refresh, "fence-kdump-announce.service"]
    shutil.copytree(
        "/usr/lib/systemd/system",
        f"{root}/usr/lib/systemd/system",
        symlinks=True,
        dirs_exist_ok=True,
    )
    text = run(["systemd-analyze", "verify", f"--root={root}", "--man=no", *units])
    assert "fence-kdump" not in text


def test_wheels_of_both_architectures_are_in_the_source() -> None:
    listing = run(
        [
            "sh",
            "-c",
            f"rpm2cpio {package(DIST, 'src')} | cpio -i --quiet --to-stdout '*wheels.tar' | tar -t",
        ]
    )
    for machine in ("x86_64", "aarch64"):
        assert re.search(rf"wheels/pyinstaller-[0-9.]+-py3-none-\S*{machine}\.whl", listing)


def test_wheels_are_checked_by_digest(tmp_path: os.PathLike[str]) -> None:
    """A wheel of the right name with another content is refused."""
    script = (
        f"rpm2cpio {package(DIST, 'src')} | cpio -i --quiet && tar -xf fence-kdump-wheels.tar"
        " && printf x | tee -a wheels/altgraph-*.whl && tar -xzf fence-kdump-*.tar.gz"
        " && cd fence-kdump-*/ && make WHEELS=../wheels build/venv/ready"
    )
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_rebuilt_without_a_network(rebuilt: str, name: str) -> None:
    """The sandbox has none. The same files come out, and the same dependencies."""
    again, first = package(rebuilt, name), package(DIST, name)
    assert query(again, "-l") == query(first, "-l")
    assert [r for r in query(again, "--requires") if " = " not in r] == [
        r for r in query(first, "--requires") if " = " not in r
    ]


def test_firewalld_service_is_for_our_port(tmp_path: os.PathLike[str]) -> None:
    root = unpacked("fence-kdump-agent", tmp_path)
    service = f"{root}/usr/lib/firewalld/services/fence-kdump.xml"
    text = run(["xmllint", "--xpath", "//port", service])
    assert text.split() == ["<port", 'protocol="udp"', 'port="7410"/>']


def test_agents_bytecode_is_never_stale(tmp_path: os.PathLike[str]) -> None:
    """Bytecode is there, and checked by its source's content, whatever its age."""
    root = unpacked("fence-kdump-agent", tmp_path)
    found = 0
    for place, _, names in os.walk(f"{root}/usr/libexec/fence-kdump-agent"):
        for name in names:
            if name.endswith(".pyc"):
                with open(os.path.join(place, name), "rb") as file:
                    assert file.read(8)[4] == 0b11  # PEP 552: hash-based, check the source
                found += 1
    assert found


# what bash calls for a completion: the command, the word at hand and the one before it
COMPLETE = """
source "$1"
shift
function=$(complete -p fence-kdump | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$function fence-kdump "${!#}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["d"], ["doctor"]),
        (["probe", "--l"], ["--listen"]),
        (["last", "--js"], ["--json"]),
        (["show", "--no"], ["--node"]),
        (["x"], [""]),
    ],
)
def test_bash_completes(tmp_path: Path, words: list[str], completed: list[str]) -> None:
    folder = unpacked("fence-kdump-send", tmp_path)
    file = f"{folder}/usr/share/bash-completion/completions/fence-kdump"
    said = run(["bash", "-c", COMPLETE, "bash", file, "fence-kdump", *words])
    assert said.splitlines() == completed

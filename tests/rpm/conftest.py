"""Packages that are built once, and repositories of them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence

import pytest

from lab.kdump import Node
from lab.rpms import DIST, Root, build, package, query, repository, run

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """What `make rpm` left."""
    assert os.path.exists(f"{DIST}/built"), "no packages in dist/rpm: make rpm"


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with what the source RPM makes of itself where there is no network: release 1.1."""
    where = str(tmp_path_factory.mktemp("rebuilt"))
    return build(where, "--define", "dist .1", "--rebuild", package(DIST, "src"))


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with release 1.2, whose configuration file has a line more."""
    where = str(tmp_path_factory.mktemp("newer"))
    run(["rpm", "-i", "--define", f"_topdir {where}/tree", package(DIST, "src")])
    spec = f"{where}/tree/SPECS/fence-kdump.spec"
    with open(spec) as file:
        text = file.read()
    more = "echo '# one more' >>%{buildroot}/etc/sysconfig/fence_kdump\n"
    with open(spec, "w") as file:
        file.write(re.sub(r"^(%\{ours\} install .*\n)", rf"\1{more}", text, flags=re.MULTILINE))
    return build(where, "--define", "dist .2", "-bb", "--nocheck", spec)


def _binaries(folder: str) -> list[str]:
    return [package(folder, "fence-kdump-send"), package(folder, "fence-kdump-agent")]


@pytest.fixture(scope="session")
def repo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The repository that an administrator adds."""
    return repository(str(tmp_path_factory.mktemp("repos") / "ours"), *_binaries(DIST))


@pytest.fixture(scope="session")
def newer_repo(tmp_path_factory: pytest.TempPathFactory, newer: str) -> str:
    """The same, some time later."""
    return repository(str(tmp_path_factory.mktemp("repos") / "newer"), *_binaries(newer))


@pytest.fixture(scope="session")
def older_repo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, some time before: a sender 0.1.0."""
    return _made(str(tmp_path_factory.mktemp("older")), "older", ["fence-kdump-send"])


C_SIDE = [f"fence-agents-{name}" for name in ("kdump", "ipmilan", "all")]


@pytest.fixture(scope="session")
def c_repo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The distribution's repository, with the C agent."""
    return _made(str(tmp_path_factory.mktemp("c")), "c-agent", C_SIDE)


@pytest.fixture(scope="session")
def late_repo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A repository with a package that dnf installs after ours."""
    return _late(str(tmp_path_factory.mktemp("late")), 1)


@pytest.fixture(scope="session")
def newer_late_repo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, some time later."""
    return _late(str(tmp_path_factory.mktemp("late")), 2)


def _late(where: str, version: int) -> str:
    return _made(where, "late", ["late"], of=str(version))


def _made(where: str, spec: str, names: Sequence[str], **macros: str) -> str:
    """A repository with the packages of these names that a spec of this folder makes."""
    defined = [word for macro in macros.items() for word in ("--define", " ".join(macro))]
    folder = build(where, *defined, "-bb", f"{HERE}/{spec}.spec")
    return repository(f"{where}/repo", *(package(folder, name) for name in names))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The distribution's repository, with a stub of a base system."""
    where = str(tmp_path_factory.mktemp("base"))
    busybox = shutil.which("busybox")
    assert busybox, "no busybox: tools/setup repo"
    needs = query(package(DIST, "fence-kdump-send"), "--requires")
    with open(f"{where}/provided", "w") as file:
        file.writelines(f"{need}\n" for need in needs if re.match(r"(lib|ld-)\S*\.so|rtld", need))
    return _made(where, "stub-base", ["stub-base"], provided=f"{where}/provided", busybox=busybox)


@pytest.fixture
def root(tmp_path: os.PathLike[str], base: str) -> Root:
    """A root with the base system and a configured kdump in it."""
    made = Root(str(tmp_path), base)
    made.file("/etc/kdump.conf", "path /var/crash\n")
    os.utime(f"{made.path}/etc/kdump.conf", (0, 0))
    return made


@pytest.fixture(scope="session")
def built_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    made = Node(str(tmp_path_factory.mktemp("node")))
    yield made
    made.close()
    shutil.rmtree(made.where)  # the sandbox keeps it in memory


@pytest.fixture
def node(built_node: Node) -> Node:
    """A node of RHEL's whose crash image is fresh and loaded."""
    built_node.reset()
    return built_node


@pytest.fixture
def suse(built_node: Node) -> Node:
    """The same of SUSE's."""
    built_node.reset(suse=True)
    return built_node

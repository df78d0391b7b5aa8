"""What the documents say of options, files and versions is so."""

from __future__ import annotations

import glob
import os
import re
import subprocess

import pytest

import fence_kdump
import fence_kdump_send
from fence_kdump.arguments import usage
from fence_kdump.options import PARAMETERS
from fence_kdump_send.options import OPTIONS, Options

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text(name: str) -> str:
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def rows(program: str) -> list[list[str]]:
    """The option table that follows the line with the program's synopsis."""
    part = text("README.md").partition(f"`{program} [OPTION]...")[2]
    table = re.findall(r"^\| (`-.*) \|$", part.partition("\n`")[0].partition("\nWhom")[0], re.M)
    return [[cell.strip() for cell in row.split("|")] for row in table]


def flags(letter: str, name: str) -> str:
    return f"`-{letter}`, `--{name}`" if letter else f"`--{name}`"


def test_the_sender_s_options() -> None:
    table = rows("fence_kdump_send")
    assert [row[0] for row in table] == [flags(o.letter, o.name) for o in OPTIONS]
    defaults = {row[0].split("--")[1].rstrip("`"): row[2] for row in table}
    options = Options()
    assert defaults["ipport"] == str(options.port)
    assert defaults["family"] == options.family
    assert defaults["count"] == str(options.count)
    assert defaults["interval"] == f"{options.interval:g}"
    assert defaults["fast-start"] == f"{options.fast_start:g}"


def test_the_agent_s_options() -> None:
    table = rows("fence_kdump")
    assert [row[0] for row in table] == [flags(p.letter, p.option) for p in PARAMETERS]
    assert [row[3] for row in table] == [p.default for p in PARAMETERS]


def test_the_agent_s_help_gives_no_value_to_those_that_take_none() -> None:
    for parameter in PARAMETERS:
        if not parameter.value:
            assert f"  -{parameter.letter}, --{parameter.option}  " in usage()


HELPER, ADMIN = "dracut-module/bin/fence-kdump-image", "admin/bin/fence-kdump"
COMMANDS = ("show", "check", "refresh", "announce", "install", "prove", "key")


@pytest.mark.parametrize(
    ("program", "command"),
    [
        *((HELPER, command) for command in COMMANDS),
        *((ADMIN, command) for command in ("doctor", "probe", "last")),
    ],
)
def test_the_man_page_has_every_option(program: str, command: str) -> None:
    said = subprocess.run(
        [os.path.join(ROOT, program), command, "--help"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    options = {*re.findall(r"--[a-z]+", said)} - {"--help"}
    # roff's fonts and escapes
    page = re.sub(r"\\f.|\\", "", text(f"docs/{os.path.basename(program)}.h2m"))
    part = page.partition(f".TP\n{command} ")[2].partition(".TP")[0]
    assert options
    assert {*re.findall(r"--[a-z]+", part.splitlines()[0])} == options
    for operand in ("IMAGE", "NODE", "FILE"):
        assert (operand in part.splitlines()[0]) == (operand in said)
    flags = re.findall(r"^\.TP\n(?:-\w, )?(--[a-z]+)", page, re.M)
    assert options <= set(flags)


def test_the_man_page_has_the_name_of_every_check() -> None:
    sources = glob.glob(f"{ROOT}/admin/fence_kdump_admin/**/*.py", recursive=True)
    made = {
        name
        for path in sources
        for name in re.findall(r'\b(?:ok|bad|unknown)\(\s*"([a-z-]+)"', text(path))
    }
    page = text("docs/fence-kdump.h2m").partition("[names of checks]")[2].partition("[")[0]
    lines = re.findall(r"^\.B (.*)", page.replace("\\-", "-"), re.M)
    assert {name for line in lines for name in line.split(", ")} == made


@pytest.mark.parametrize("package", [fence_kdump, fence_kdump_send])
def test_one_version(package: object) -> None:
    found = re.search(r'^version = "(.*)"$', text("pyproject.toml"), re.M)
    assert found
    assert package.__version__ == found.group(1)  # type: ignore[attr-defined]


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    version = re.search(r'^version = "(.*)"$', text("pyproject.toml"), re.M)
    newest = re.search(r"^## \[(\d.*)\] - \d{4}-\d\d-\d\d$", text("CHANGELOG.md"), re.M)
    assert version
    assert newest
    assert newest[1] == version[1]
    assert f"\nVersion:        {version[1]}\n" in text("rpm/fence-kdump.spec")


DOCUMENTS = [
    os.path.relpath(path, ROOT)
    for path in sorted(glob.glob(f"{ROOT}/*.md") + glob.glob(f"{ROOT}/docs/*.md"))
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(name: str) -> None:
    """Links and sources: a claim whose test is gone has no source any more."""
    page = text(name)
    links = [link.partition("#") for link in re.findall(r"\]\((?!http)([^)]+)\)", page)]
    for path, _, anchor in links:
        there = os.path.join(os.path.dirname(name), path) if path else name
        assert os.path.exists(os.path.join(ROOT, there)), path
        if anchor:
            assert anchor in anchors(text(there)), f"{path}#{anchor}"
    for path in re.findall(r"`((?:tests|bench|docs|tools|rpm|protocol)/[\w./*-]+)`", page):
        assert glob.glob(os.path.join(ROOT, path)), path


def anchors(page: str) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

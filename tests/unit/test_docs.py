"""What README.md says of options is what the programs have; one version everywhere."""

from __future__ import annotations

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


@pytest.mark.parametrize("command", ["show", "check", "refresh", "install"])
def test_the_image_helper_s_man_page_has_every_option(command: str) -> None:
    helper = os.path.join(ROOT, "dracut-module/bin/fence-kdump-image")
    said = subprocess.run(
        [helper, command, "--help"], stdout=subprocess.PIPE, text=True, check=True
    )
    options = {*re.findall(r"--[a-z]+", said.stdout)} - {"--help"}
    page = re.sub(r"\\f.|\\", "", text("docs/fence-kdump-image.h2m"))  # roff's fonts and escapes
    part = page.partition(f".TP\n{command} ")[2].partition(".TP")[0]
    assert options
    assert {*re.findall(r"--[a-z]+", part.splitlines()[0])} == options
    assert ("IMAGE" in part.splitlines()[0]) == ("IMAGE" in said.stdout)
    assert all(f".TP\n{option}" in page for option in options)


@pytest.mark.parametrize("package", [fence_kdump, fence_kdump_send])
def test_one_version(package: object) -> None:
    found = re.search(r'^version = "(.*)"$', text("pyproject.toml"), re.M)
    assert found
    assert package.__version__ == found.group(1)  # type: ignore[attr-defined]

"""Files of shell assignments below /etc/sysconfig. They are parsed, but never run.

They are configuration, and a crash image is built by root, so nothing in them is expanded.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FENCE_KDUMP", "KDUMP", "Settings", "parse", "sender_calls"]

FENCE_KDUMP = "/etc/sysconfig/fence_kdump"
KDUMP = "/etc/sysconfig/kdump"  # SUSE's, sysconfig.kdump(5)

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.DOTALL)
_END_OF_COMMAND = frozenset((";", "&", "&&", "|", "||"))
_REDIRECTION = re.compile(r"\d*[<>]+(.*)")
_DUPLICATION = re.compile(r"\d*[<>]&\d*")  # 2>&1
_NO_QUOTES = dict.fromkeys(map(ord, "\"'"))


@dataclass(frozen=True)
class Settings:
    """The assignments of one file.

    values -- the last value of every variable, without quotes
    problems -- one-line texts, one for every line that is not a plain assignment
    """

    values: Mapping[str, str]
    problems: tuple[str, ...]


def parse(text: str) -> Settings:
    """Read assignments ``NAME=value`` with shell quotes; a quoted value may span lines."""
    values: dict[str, str] = {}
    problems: list[str] = []
    pending, first = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        if not pending:
            if not raw.strip() or raw.lstrip().startswith("#"):
                continue
            first = number
        line = f"{pending}\n{raw}" if pending else raw
        match = _ASSIGNMENT.fullmatch(line)
        if not match:
            problems.append(f"line {first}: {raw.strip()!r} is not NAME=value and is ignored")
            continue
        try:
            words = shlex.split(match.group(2), comments=True)
        except ValueError:
            pending = line
            continue
        pending = ""
        values[match.group(1)] = words[0] if words else ""
        if len(words) > 1:
            problems.append(f"line {first}: {words[1]!r} is outside the quotes and is ignored")
        if words and ("$" in words[0] or "`" in words[0]):
            problems.append(
                f"line {first}: {match.group(1)} is used as it stands, without expansion"
            )
    if pending:
        problems.append(f"line {first}: a quote is not closed, and the rest of the file is ignored")
    return Settings(values, tuple(problems))


def sender_calls(command: str) -> list[tuple[str, ...]]:
    """The words of each call of a fence_kdump_send inside a shell command, its path first.

    command -- such as SUSE's KDUMP_POSTSCRIPT: "/usr/lib/fence_kdump_send -i 5 node1 node2"
    """
    command = _DUPLICATION.sub(" ", command)
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # a quote that is not closed
        words = command.translate(_NO_QUOTES).split()
    calls: list[list[str]] = []
    rest = iter(words)
    inside = False
    for word in rest:
        redirection = _REDIRECTION.fullmatch(word)
        if word in _END_OF_COMMAND:
            inside = False
        elif redirection and not redirection.group(1):
            next(rest, "")
        elif word.rpartition("/")[2] == "fence_kdump_send":
            calls.append([word])
            inside = True
        elif inside and not redirection:
            calls[-1].append(word)
    return list(map(tuple, calls))

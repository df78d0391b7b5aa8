"""tools/completion.py: bash's completion of fence-kdump, made of the program's own parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import shtab

from fence_kdump_admin.arguments import parser

_FILES = {"FILE": shtab.FILE, "IMAGE": shtab.FILE, "DIR": shtab.DIRECTORY}


def actions(top: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All options and arguments, those of the commands too."""
    for action in top._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from actions(command)


if __name__ == "__main__":
    command = parser()
    for action in actions(command):
        if isinstance(action.metavar, str) and action.metavar in _FILES:
            action.complete = _FILES[action.metavar]  # type: ignore[attr-defined]  # shtab's way
    print(shtab.complete(command, "bash"))  # noqa: T201  its output

"""Options given as arguments.

They are not in options.py because Pacemaker never gives any and argparse takes long to import.
"""

from __future__ import annotations

import argparse

from fence_kdump.options import PARAMETERS, UsageError

__all__ = ["parse", "usage"]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]  # argparse would exit with 2
        raise UsageError(message)


def parse(argv: list[str]) -> dict[str, str]:
    """The values of a command line, by the parameters' names; "1" for an option without value.

    Raises UsageError.
    """
    words = [text for word in argv for text in _without_level(word)]
    values = vars(_parser().parse_args(words))
    return {name: text for name, text in values.items() if text and name != "operands"}


def usage() -> str:
    """The help text."""
    return _parser().format_help().replace("usage:", "Usage:", 1)


def _without_level(word: str) -> list[str]:
    """The C programs accept a level, such as -v2. Here it only matters whether the level is 0."""
    for flag in ("-v", "--verbose="):
        level = word[len(flag) :]
        if word.startswith(flag) and level.isascii() and level.isdigit():
            return ["-v"] if int(level) else []
    return [word]


def _parser() -> _Parser:
    parser = _Parser(
        prog="fence_kdump",
        usage="fence_kdump [OPTION]...",
        description="Wait for a message from the target node that says that it runs its crash"
        " kernel. The node then counts as fenced and can finish its kernel dump. Without arguments,"
        " the agent reads its options as key=value lines from standard input.",
        epilog="Exit status: 0 if the node is fenced or the other action succeeded, otherwise 1.",
        add_help=False,
        formatter_class=lambda prog: argparse.RawTextHelpFormatter(prog, max_help_position=36),
    )
    group = parser.add_argument_group("Options")
    for parameter in PARAMETERS:
        flags = [f"--{parameter.option}"]
        if parameter.letter:
            flags.insert(0, f"-{parameter.letter}")
        if parameter.name == "plug":
            flags.append("--port")
        text = parameter.help + (f" (default: {parameter.default})" if parameter.default else "")
        if parameter.value:
            group.add_argument(*flags, dest=parameter.name, metavar=parameter.value, help=text)
        else:
            group.add_argument(
                *flags, dest=parameter.name, action="store_const", const="1", help=text
            )
    parser.add_argument("operands", nargs="*", help=argparse.SUPPRESS)  # ignored, as in C
    return parser

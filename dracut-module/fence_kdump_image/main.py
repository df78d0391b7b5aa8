"""The command fence-kdump-image: look at what a crash image would get, or put it in."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence

from fence_kdump_image import install, network, plan, show

__all__ = ["main"]

NAME = "fence-kdump-image"


def main(argv: Sequence[str]) -> int:
    """Run the command.

    argv -- the arguments without the program's name

    Returns the exit status: 0, or 1 if there is nobody to tell or the image cannot be written.
    """
    arguments = _arguments(argv)
    if isinstance(
        sys.stdout, io.TextIOWrapper
    ):  # bytes of a file that are no text go out as they came
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        texts = plan.read_sources(arguments.root)
        kernel = network.Kernel(f"{arguments.root}/sys")
        wanted = plan.make(texts, kernel, arguments.node, initdir=arguments.initdir)
        if arguments.command == "show":
            text = json.dumps(show.as_data(wanted), indent=2) + "\n"
            sys.stdout.write(text if arguments.json else show.as_text(wanted))
            return 1 if wanted.refusal else 0
        for warning in wanted.warnings:
            _say(warning)
        if wanted.refusal:
            _say(f"nobody to tell: {wanted.refusal}")
            return 1
        install.write(wanted, texts, arguments.initdir, arguments.sender)
        sys.stdout.writelines(f"{line}\n" for line in install.requests(wanted, arguments.sender))
        sys.stdout.flush()
    except BrokenPipeError:
        return 1
    except OSError as error:
        _say(str(error))
        return 1
    except Exception as error:  # a build log is no place for a traceback
        _say(f"fault of this program, please report it: {error!r}")
        return 1
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=NAME, description="What the crash image needs to tell the cluster of a crash."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("show", help="print whom an image built now would tell, and how")
    one.add_argument("--json", action="store_true", help="print it as JSON")
    two = commands.add_parser("install", help="write it into an image; for module-setup.sh")
    two.add_argument("--sender", required=True, metavar="DIR", help="the sender's folder")
    for command in (one, two):
        command.add_argument(
            "--initdir", default="", required=command is two, metavar="DIR",
            help="root of the image under construction, to see what it configures by itself",
        )  # fmt: skip
        command.add_argument(
            "--root", default="", metavar="DIR", help="read /etc and /sys below this folder"
        )
        command.add_argument(
            "--node", default="", metavar="NAME", help="this node's name (default: the host name)"
        )
    return parser.parse_args(argv)


def _say(text: str) -> None:
    sys.stderr.write(f"{NAME}: {text}\n")

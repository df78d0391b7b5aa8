"""The arguments of the command.

The man page and the completion for the shell are made from this parser.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from fence_kdump_image.arguments import SENDER, add_commands

__all__ = ["Arguments", "parse", "parser"]


class Arguments(argparse.Namespace):
    """The arguments; those of the other commands have their defaults.

    command -- "probe"...
    names -- nodes
    sender -- folder of the sender that an image would get
    root -- folder that all paths are below
    node -- this node's name, "" for the host name
    ipport -- UDP port, 0 for the one in the configuration
    seconds -- how long to listen
    path -- of a crash kernel's log
    """

    command: str
    json: bool = False
    listen: bool = False
    names: Sequence[str] = ()
    sender: str = ""
    root: str = ""
    node: str = ""
    ipport: int = 0
    seconds: float = 60.0
    path: str = ""


def parse(argv: Sequence[str]) -> Arguments:
    """Read the arguments. As argparse does, end the program for --help and for a wrong argument."""
    return parser().parse_args(argv, Arguments())


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    top = argparse.ArgumentParser(
        prog="fence-kdump",
        description="Check before a crash that the cluster will be told of it, and see afterwards"
        " what happened. doctor, probe, last and show change nothing.",
        epilog="Exit status: 0 if all is well, 1 if something is wrong, 2 if something could not be"
        " checked.",
    )
    commands = top.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    doctor = commands.add_parser(
        "doctor", help="check this node and the cluster's configuration, and say what to do"
    )
    doctor.add_argument(
        "--sender", default=SENDER, metavar="DIR",
        help="folder of the sender that an image would get (default: %(default)s)",
    )  # fmt: skip
    probe = commands.add_parser(
        "probe", help="send a harmless datagram to the other nodes, as the crash kernel would"
    )
    probe.add_argument(
        "names", nargs="*", metavar="NODE",
        help="name or address of a node (default: all that the crash kernel would tell)",
    )  # fmt: skip
    probe.add_argument(
        "--listen", action="store_true",
        help="print which probes of other nodes arrive, and which of them the firewall lets in",
    )  # fmt: skip
    probe.add_argument(
        "--seconds", type=_seconds, default=60.0, metavar="N",
        help="how long to listen (default: %(default)g)",
    )  # fmt: skip
    probe.add_argument(
        "-p", "--ipport", type=_port, default=0, metavar="PORT",
        help="UDP port of messages (default: the port that the sender uses)",
    )  # fmt: skip
    last = commands.add_parser(
        "last", help="print what happened in the last crash, and which timeout it calls for"
    )
    last.add_argument(
        "path", nargs="?", default="", metavar="FILE",
        help="a kexec-dmesg.log or its folder (default: the newest on this node)",
    )  # fmt: skip
    for command in (doctor, probe, last):
        command.add_argument("--json", action="store_true", help="print JSON, for programs")
        command.add_argument(
            "--root", default="", type=_folder, metavar="DIR",
            help="read files below this folder (the network is still the running kernel's)",
        )  # fmt: skip
        command.add_argument(
            "--node", default="", metavar="NAME", help="this node's name (default: the host name)"
        )
    add_commands(commands)
    return top


def _folder(path: str) -> str:
    if path and not os.path.isdir(path):
        raise argparse.ArgumentTypeError(f"{path} is not a folder")
    return path


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 65535")


def _seconds(text: str) -> float:
    number = text[:-1] if text.endswith("s") else text
    if number.isascii() and number.replace(".", "", 1).isdigit() and 0 < float(number) <= 86400:
        return float(number)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and up to 86400")

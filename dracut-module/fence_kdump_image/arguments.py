"""The arguments of the image helper's commands.

They are not in main, because the administrator's command offers most of these commands as well.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

__all__ = ["NAME", "SENDER", "add_commands", "parse"]

NAME = "fence-kdump-image"
BUILD_SECONDS = 1800.0  # kdumpctl took 270 s of processor time on a slow machine
SENDER = os.environ.get("FENCE_KDUMP_SENDER", "/usr/libexec/fence-kdump")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments. As argparse does, it ends the program for --help and for wrong arguments.

    argv -- without the program's name
    """
    parser = argparse.ArgumentParser(
        prog=NAME,
        description="Show and check what the crash image needs to notify the cluster of a crash.",
    )
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    add_commands(commands)
    _add_announce(commands)
    _add_install(commands)
    return parser.parse_args(argv)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands for administrators to a parser: show, check, refresh, key."""
    show = commands.add_parser("show", help="print which nodes a new image would notify, and how")
    show.add_argument("--json", action="store_true", help="print it as JSON")
    show.add_argument(
        "image", nargs="?", default="", metavar="IMAGE",
        help="print the content of this image (default: what a new image would get)",
    )  # fmt: skip
    show.set_defaults(kernel="", no_watchdog=False)
    _add_initdir(show, required=False)
    check = commands.add_parser(
        "check", help="check whether the crash image is up to date, and record the result"
    )
    check.add_argument(
        "image", nargs="?", default="", metavar="IMAGE",
        help="check this image and record nothing (default: the image that kdump loads)",
    )  # fmt: skip
    refresh = commands.add_parser("refresh", help="rebuild and load a stale crash image")
    refresh.add_argument(
        "--timeout", type=float, default=BUILD_SECONDS, metavar="SECONDS",
        help="stop a build or a load that takes longer (default: %(default)g)",
    )  # fmt: skip
    for command in (check, refresh):
        command.add_argument(
            "--sender",
            default=SENDER,
            metavar="DIR",
            help="directory of the sender (default: %(default)s)",
        )
    key = commands.add_parser(
        "key", help="print the key of a node, for its /etc/fence_kdump/node.key"
    )
    key.add_argument(
        "--master",
        default="",
        metavar="FILE",
        help="the cluster's key (default: /etc/fence_kdump/key, else /etc/corosync/authkey)",
    )
    key.add_argument("of", metavar="NODE", help="the node's name in the cluster")
    _add_root(key)
    for command in (show, check, refresh):
        _add_root(command)
        _add_node(command)


def _add_announce(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    announce = commands.add_parser(
        "announce", help="publish in the cluster which key the crash image has; for systemd"
    )
    announce.add_argument(
        "--timeout", type=float, default=0.0, metavar="SECONDS",
        help="how long to keep trying if Pacemaker does not accept it (default: %(default)g)",
    )  # fmt: skip
    _add_root(announce)


def _add_install(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    install = commands.add_parser(
        "install", help="write the files into an image; for module-setup.sh"
    )
    install.add_argument("--sender", required=True, metavar="DIR", help="directory of the sender")
    install.add_argument(
        "--module", required=True, type=_folder, metavar="DIR", help="dracut's module"
    )
    install.add_argument(
        "--manifest",
        required=True,
        metavar="FILE",
        help="where to write the list of what was put in",
    )
    install.add_argument(
        "--no-watchdog", action="store_true", help="include no driver of a watchdog"
    )
    prove = commands.add_parser(
        "prove", help="find what an image lacks, and record it there; for module-setup.sh"
    )
    for command in (install, prove):
        command.add_argument(
            "--kernel", required=True, metavar="RELEASE", help="the image's kernel"
        )
        _add_initdir(command, required=True)
        _add_root(command)
        _add_node(command)


def _add_initdir(command: argparse.ArgumentParser, required: bool) -> None:
    command.add_argument(
        "--initdir", default="", type=_folder, required=required, metavar="DIR",
        help="root of the image under construction, to read its own network configuration",
    )  # fmt: skip


def _add_root(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--root", default="", type=_folder, metavar="DIR",
        help="read /etc and /sys below this directory",
    )  # fmt: skip


def _add_node(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--node", default="", metavar="NAME", help="this node's name (default: the host name)"
    )


def _folder(path: str) -> str:
    if path and not os.path.isdir(path):
        raise argparse.ArgumentTypeError(f"{path} is not a directory")
    return path

"""The command fence-kdump-image: look at what a crash image would get, or put it in."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence

from fence_kdump_cluster import keyfiles
from fence_kdump_image.fresh import refresh
from fence_kdump_image.image import check, files, manifest, nodekey, plan, show
from fence_kdump_image.way import network, owners

__all__ = ["main"]

NAME = "fence-kdump-image"
FAILED = 2  # argparse's status, too
SENDER = os.environ.get("FENCE_KDUMP_SENDER", "/usr/libexec/fence-kdump")


def main(argv: Sequence[str]) -> int:
    """Run the command.

    argv -- the arguments without the program's name

    Returns the exit status: 0; 1 if the answer is a bad one, which is nobody to tell of show and
    install, a stale image of check, a failed rebuild of refresh; 2 if there is none.
    """
    arguments = _arguments(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # bytes of a file that are no text go out as they came
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        status = _COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        pass
    except OSError as error:
        _say(_reason(error))
    except keyfiles.BadKeyFile as error:
        _say(str(error))
    except Exception as error:  # a build log is no place for a traceback
        _say(f"fault of this program, please report it: {error!r}")
    return FAILED


def _plan(arguments: argparse.Namespace, texts: Mapping[str, str]) -> plan.Plan:
    kernel = network.Kernel(f"{arguments.root}/sys")
    around = owners.look(arguments.initdir) if arguments.initdir else plan.ALONE
    wanted = plan.make(texts, kernel, arguments.node, around=around)
    return plan.with_key(wanted, arguments.root)


def _show(arguments: argparse.Namespace) -> int:
    wanted = _plan(arguments, plan.read_sources(arguments.root))
    text = json.dumps(show.as_data(wanted), indent=2) + "\n"
    sys.stdout.write(text if arguments.json else show.as_text(wanted, arguments.root))
    return 1 if wanted.refusal else 0


def _install(arguments: argparse.Namespace) -> int:
    texts = plan.read_sources(arguments.root)
    wanted = _plan(arguments, texts)
    for warning in wanted.warnings:
        _say(warning)
    if wanted.refusal:
        _say(f"nobody to tell: {wanted.refusal}")
        return 1
    files.write(wanted, texts, arguments.initdir, arguments.sender, arguments.manifest)
    sys.stdout.writelines(
        f"{line}\n" for line in files.requests(wanted, arguments.initdir, arguments.sender)
    )
    return 0


def _refresh(arguments: argparse.Namespace) -> int:
    def read() -> Mapping[str, str | None]:
        return manifest.digests(plan.read_sources(arguments.root), plan.SOURCES)

    well, found = refresh.refresh(arguments.root, lambda: _look(arguments), read, _say)
    # Recorded is what came of it: stale only for a rebuild's time is nothing to alarm anybody with.
    _record(found, arguments.root)
    return 0 if well else 1


def _check(arguments: argparse.Namespace) -> int:
    found = _look(arguments, arguments.image)
    if not arguments.image:
        _record(found, arguments.root)
    sys.stdout.writelines(f"{found.state}: {reason}\n" for reason in found.reasons)
    if found.state == check.FRESH:
        sys.stdout.write(f"{found.as_line()}\n")
    return (check.FRESH, check.STALE, check.UNKNOWN).index(found.state)


def _look(arguments: argparse.Namespace, image: str = "") -> check.Outcome:
    kernel = network.Kernel(f"{arguments.root}/sys")
    return check.check(arguments.root, kernel, arguments.node, arguments.sender, image)


def _key(arguments: argparse.Namespace) -> int:
    path = arguments.master or arguments.root + keyfiles.master(arguments.root)
    sys.stdout.write(f"{nodekey.derive(path, arguments.of).hex()}\n")
    return 0


def _record(found: check.Outcome, root: str) -> None:
    try:
        check.record(found, root + check.STATE)
    except OSError as error:
        _say(f"not recorded: {_reason(error)}")


def _reason(error: OSError) -> str:
    if not error.strerror or error.filename is None:
        return str(error)
    remedy = ": run it as root" if isinstance(error, PermissionError) else ""
    return f"{error.strerror}: {error.filename!r}{remedy}"


def _folder(path: str) -> str:
    if path and not os.path.isdir(path):
        raise argparse.ArgumentTypeError(f"{path} is no folder")
    return path


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=NAME, description="What the crash image needs to tell the cluster of a crash."
    )
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    one = commands.add_parser("show", help="print whom an image built now would tell, and how")
    one.add_argument("--json", action="store_true", help="print it as JSON")
    two = commands.add_parser("install", help="write it into an image; for module-setup.sh")
    two.add_argument("--sender", required=True, metavar="DIR", help="the sender's folder")
    two.add_argument(
        "--manifest", required=True, metavar="FILE", help="where to write what was put in"
    )
    three = commands.add_parser(
        "check", help="tell whether the crash image is fresh, and record it"
    )
    three.add_argument(
        "image", nargs="?", default="", metavar="IMAGE",
        help="check this one, and record nothing (default: the image that kdump loads)",
    )  # fmt: skip
    four = commands.add_parser("refresh", help="have a stale crash image rebuilt and loaded")
    for command in (three, four):
        command.add_argument(
            "--sender",
            default=SENDER,
            metavar="DIR",
            help="the sender's folder (default: %(default)s)",
        )
    for command in (one, two):
        command.add_argument(
            "--initdir", default="", type=_folder, required=command is two, metavar="DIR",
            help="root of the image under construction, to see what it configures by itself",
        )  # fmt: skip
    five = commands.add_parser("key", help="print a node's key, for its /etc/fence_kdump/node.key")
    five.add_argument(
        "--master",
        default="",
        metavar="FILE",
        help="the cluster's key (default: /etc/fence_kdump/key, else /etc/corosync/authkey)",
    )
    five.add_argument("of", metavar="NODE", help="the node's name in the cluster")
    for command in (one, two, three, four, five):
        command.add_argument(
            "--root", default="", type=_folder, metavar="DIR",
            help="read /etc and /sys below this folder",
        )  # fmt: skip
    for command in (one, two, three, four):
        command.add_argument(
            "--node", default="", metavar="NAME", help="this node's name (default: the host name)"
        )
    return parser.parse_args(argv)


def _say(text: str) -> None:
    sys.stderr.write(f"{NAME}: {text}\n")


_COMMANDS = {
    "show": _show,
    "install": _install,
    "check": _check,
    "refresh": _refresh,
    "key": _key,
}

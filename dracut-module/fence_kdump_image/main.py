"""The command fence-kdump-image: shows, checks, or writes what a crash image gets."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fence_kdump_cluster import keyfiles
from fence_kdump_cluster.plain import plain
from fence_kdump_image import programs, textfiles
from fence_kdump_image.arguments import NAME, parse
from fence_kdump_image.fresh import announce, refresh
from fence_kdump_image.image import (
    check,
    files,
    finished,
    memory,
    nodekey,
    plan,
    proof,
    show,
    software,
    watchdog,
)
from fence_kdump_image.way import network
from fence_kdump_image.way.owners import look

__all__ = ["main", "run"]

FAILED = 2  # argparse's status, too


def main(argv: Sequence[str]) -> int:
    """Run the command.

    argv -- the arguments without the program's name

    Returns the exit status, as `run` does.
    """
    return run(parse(argv))


def run(arguments: argparse.Namespace) -> int:
    """Run one of the commands.

    arguments -- as `fence_kdump_image.arguments` reads them

    Returns the exit status. 0: success. 1: there is no node to notify (show, install), the image is
    stale or not loaded (check), or a rebuild failed (refresh). 2: there is no answer.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # bytes of a file that are not text are printed unchanged
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        status = _COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        pass
    except OSError as error:
        _say(textfiles.reason(error))
    except (keyfiles.BadKeyFile, finished.ImageError, programs.ProgramError) as error:
        _say(str(error))
    except Exception as error:  # a build log is no place for a traceback
        _say(f"internal error, please report it: {error!r}")
    return FAILED


def _plan(arguments: argparse.Namespace, texts: Mapping[str, str]) -> plan.Plan:
    kernel = network.Kernel(f"{arguments.root}/sys")
    around = look.look(arguments.initdir) if arguments.initdir else plan.ALONE
    wanted = plan.make(texts, kernel, arguments.node, around=around)
    faults = [f"{path}: {fault}" for path, fault in plan.unreadable(arguments.root).items()]
    wanted = replace(wanted, warnings=(*wanted.warnings, *faults))
    wanted = plan.with_key(wanted, arguments.root)
    armed = watchdog.look(arguments.root, arguments.kernel)
    return plan.with_watchdogs(wanted, watchdog.NONE if arguments.no_watchdog else armed)


def _show(arguments: argparse.Namespace) -> int:
    if arguments.image:
        data = show.held(arguments.image)
    else:
        data = show.as_data(_plan(arguments, plan.read_sources(arguments.root)))
    text = json.dumps(data, indent=2) + "\n"
    readable = show.as_text(data, arguments.root, arguments.image)
    sys.stdout.write(text if arguments.json else readable)
    return 1 if data["nobody_told"] else 0


def _install(arguments: argparse.Namespace) -> int:
    texts = plan.read_sources(arguments.root)
    wanted = _plan(arguments, texts)
    for warning in (*wanted.warnings, *memory.warnings(wanted.modules)):
        _say(warning)
    if wanted.refusal:
        _say(f"no node to notify: {wanted.refusal}")
        return 1
    initdir, sender = arguments.initdir, arguments.sender
    software.put(initdir, sender, arguments.module, wanted.senders)
    files.write(wanted, texts, initdir, sender, arguments.manifest)
    sys.stdout.writelines(f"{line}\n" for line in files.requests(wanted, sender))
    return 0


def _prove(arguments: argparse.Namespace) -> int:
    for what in proof.prove(arguments.initdir, arguments.kernel, arguments.root):
        _say(f"this crash image has no {what}")
    return 0


def _refresh(arguments: argparse.Namespace) -> int:
    def read() -> Mapping[str, str | None]:
        return check.configured(arguments.root)

    try:
        finished.find(arguments.root)
    except finished.UnsupportedError as error:
        _say(str(error))
        return FAILED
    except finished.ImageError:
        pass  # an image may be built while refresh waits
    well, found = refresh.refresh(
        arguments.root, lambda: _look(arguments), read, _say, arguments.timeout
    )
    # Only the result is recorded: an image that is stale during a rebuild is no reason for an
    # alarm.
    _record(found, arguments.root)
    # Pacemaker may be down; then fence-kdump-announce.service does this when it has started
    with contextlib.suppress(finished.ImageError, programs.ProgramError, OSError):
        announce.announce(arguments.root, announce.held(arguments.root))
    return 0 if well else 1


def _announce(arguments: argparse.Namespace) -> int:
    key = ""
    with contextlib.suppress(finished.ImageError):  # refresh tells when there is one
        key = announce.held(arguments.root)
    announce.announce(arguments.root, key, arguments.timeout)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    found = _look(arguments, arguments.image)
    if not arguments.image:
        _record(found, arguments.root)
    sys.stdout.writelines(f"{found.state}: {plain(reason)}\n" for reason in found.reasons)
    if found.state == check.FRESH:
        sys.stdout.write(f"{found.as_line()}\n")
    return {check.FRESH: 0, check.UNKNOWN: FAILED}.get(found.state, 1)


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
        _say(f"the result is not recorded: {textfiles.reason(error)}")


def _say(text: str) -> None:
    sys.stderr.write(f"{NAME}: {plain(text)}\n")


_COMMANDS = {
    "show": _show,
    "install": _install,
    "prove": _prove,
    "check": _check,
    "refresh": _refresh,
    "announce": _announce,
    "key": _key,
}

"""The command fence-kdump: its arguments, its output, its exit status."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from fence_kdump_admin import arguments, tell
from fence_kdump_admin.checks import Check, status
from fence_kdump_admin.doctor import run as doctor
from fence_kdump_admin.last import run as last
from fence_kdump_admin.probe import listen, run
from fence_kdump_admin.probe.goals import UnknownNodeError
from fence_kdump_cluster.plain import plain
from fence_kdump_image import main as image_helper
from fence_kdump_image import textfiles

__all__ = ["main"]

NAME = "fence-kdump"
WELL, WRONG, UNKNOWN = 0, 1, 2  # 2 is argparse's status, too


def main(argv: Sequence[str]) -> int:
    """Run the command.

    argv -- the arguments without the program's name

    Returns the exit status: 0 if all is well, 1 if something is wrong, 2 if something could not be
    checked.
    """
    chosen = arguments.parse(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # bytes of a file that are no text go out as they came
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        result = _COMMANDS.get(chosen.command, image_helper.run)(chosen)
        sys.stdout.flush()
        return result
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nor may the interpreter's end complain
    except KeyboardInterrupt:
        pass
    except (run.NothingToProbeError, UnknownNodeError, last.NoCrashError) as error:
        _say(str(error))
    except OSError as error:
        _say(textfiles.reason(error))
    except Exception as error:  # an administrator at night can do nothing with a traceback
        _say(f"fault of this program, please report it: {error!r}")
    return UNKNOWN


def _doctor(chosen: arguments.Arguments) -> int:
    paint = tell.painter(sys.stdout)
    found: dict[str, list[Check]] = {}
    for subject, checks in doctor.groups(chosen.root, chosen.node, chosen.sender):
        found[subject] = checks
        if not chosen.json:
            sys.stdout.write(tell.group(subject, checks, paint))
            sys.stdout.flush()
    every = [check for checks in found.values() for check in checks]
    sys.stdout.write(tell.checks(found) if chosen.json else tell.verdict(every))
    return status(every)


def _probe(chosen: arguments.Arguments) -> int:
    if chosen.listen:
        return _listen(chosen)
    port, results = run.probe(chosen.root, chosen.node, chosen.names, chosen.ipport)
    sys.stdout.write(tell.probed(results, port, chosen.json))
    return tell.probe_status(results)


def _listen(chosen: arguments.Arguments) -> int:
    passed = 0
    dropped = 0
    port = chosen.ipport or run.PORT
    try:
        ear = listen.Ear(port)
    except PermissionError:
        _say("probe --listen needs CAP_NET_RAW to look before the firewall: run it as root")
        return UNKNOWN
    with ear:
        sys.stdout.write(tell.listening(port, chosen.seconds, chosen.json))
        sys.stdout.flush()
        for arrival in ear.arrivals(chosen.seconds):
            passed += arrival.passed
            dropped += not arrival.passed
            sys.stdout.write(tell.arrived(arrival, port, chosen.json))
            sys.stdout.flush()
    if not passed and not dropped:
        _say(
            f"no probe arrived in {chosen.seconds:g} s: none was sent, or all were lost on the way"
        )
        return UNKNOWN
    return WRONG if dropped else WELL


def _last(chosen: arguments.Arguments) -> int:
    found = last.last(chosen.root, chosen.node, chosen.path)
    sys.stdout.write(tell.last(found, tell.painter(sys.stdout), chosen.json))
    return status(found.checks)


def _say(text: str) -> None:
    sys.stderr.write(f"{NAME}: {plain(text)}\n")


_COMMANDS = {"doctor": _doctor, "probe": _probe, "last": _last}

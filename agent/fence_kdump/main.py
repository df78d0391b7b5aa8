"""The entry point: parse, call, print."""

from __future__ import annotations

import sys
import time

from fence_kdump import __version__, keyring, report, sources
from fence_kdump.expect import MOST_LOOKED_UP, Question
from fence_kdump.inlet import CannotListen
from fence_kdump.options import ACTIONS, Options, UsageError, number_for_plug, read
from fence_kdump.outcome import CannotProve, Heard, NobodyToExpect, Stranger
from fence_kdump.stdin import read_stdin
from fence_kdump.tell import Tell
from fence_kdump.wait import PATIENCE, wait
from fence_kdump_cluster.resolve import Resolver

__all__ = ["main"]

HINT = "try 'fence_kdump --help'"
_INSTEAD = "add the name to /etc/hosts or use an address"


def main(argv: list[str]) -> int:
    """Run the agent.

    argv -- the arguments without the program's name; without any, options come from stdin

    Returns the exit status: 0 or 1.
    """
    started = time.monotonic()
    try:
        return _run(argv, started)
    except UsageError as error:
        report.error(f"{error}; {HINT}")
    except KeyboardInterrupt:
        report.error("interrupted")
    except Exception as error:  # whatever it is, the next fencing level must get its turn
        report.error(f"internal error, please report it: {type(error).__name__}: {error}")
    return 1


def _run(argv: list[str], started: float) -> int:
    if argv:
        from fence_kdump import arguments

        values = arguments.parse(argv)
        if values.get("usage"):
            _print(arguments.usage())
            return 0
        if values.get("version"):
            _print(f"fence_kdump {__version__}\n")
            return 0
    else:
        if sys.stdin is None:
            raise UsageError("no options: there are no arguments and standard input is closed")
        values = read_stdin(started)
    options = read(values)
    if options.action == "off":
        if argv and options.problems:  # the user can correct them at once
            return _fail(options.problems)
        return _off(options, started + options.timeout, typed=bool(argv))
    if options.action not in OTHER_ACTIONS:
        raise UsageError(f"unsupported action '{options.action}': use one of {', '.join(ACTIONS)}")
    return OTHER_ACTIONS[options.action](options)


class _Teller(Tell):
    def __init__(self, options: Options) -> None:
        self._options = options

    def warning(self, text: str) -> None:
        report.warning(text)

    def listening(self, expected: dict[bytes, str]) -> None:
        if self._options.verbose:
            options = self._options
            report.info(report.waiting(expected, options.ipport, options.timeout))

    def stranger(self, stranger: Stranger) -> None:
        report.info(report.stranger(stranger, self._options.ipport))


def _off(options: Options, end: float, typed: bool) -> int:
    for problem in (*options.problems, *number_for_plug(options)):
        report.warning(problem)  # it is better to use a default than to lose the dump
    if not options.nodename and not options.plug:
        raise UsageError("action 'off' requires nodename or plug")

    def ask() -> Question:
        question, warnings = sources.ask(options.nodename, options.plug)
        for warning in warnings:
            report.warning(warning)
        for problem in _too_many(question):
            # the user can correct the list; without plug, each of its names must be the target's
            if typed or not options.plug:
                raise UsageError(problem)
            report.warning(problem)
        return question.bounded()

    try:
        result = wait(ask, options, end, _Teller(options))
    except (NobodyToExpect, CannotListen, CannotProve) as error:
        names = ", ".join(dict.fromkeys([*options.nodename, *options.plug]))
        return _fail([f"{names}: {error}"])
    if isinstance(result, Heard):
        report.info(report.heard(result))
        return 0
    return _fail([report.timed_out(result, options.ipport, options.timeout)])


def _monitor(options: Options) -> int:
    from fence_kdump import monitor

    problems = [*options.problems, *monitor.problems(options.ipport, options.family)]
    return _tell(problems, options, "this node is ready to dump, and to listen for other nodes")


def _metadata(_options: Options) -> int:
    from fence_kdump.metadata import metadata

    _print(metadata())
    return 0


def _too_many(question: Question) -> list[str]:
    """What to say of names that are not looked up; [] if there are none."""
    unasked = len(question.unasked())
    if not unasked:
        return []
    return [
        f"nodename and plug list {MOST_LOOKED_UP + unasked} names that are not in corosync.conf or"
        f" the CIB, and only the first {MOST_LOOKED_UP} are looked up: list the names of one node"
    ]


def _validate(options: Options) -> int:
    # plug is not checked: Pacemaker validates with a dummy value.
    question, _ = sources.ask(options.nodename, ())
    unasked = set(question.unasked())
    resolver = Resolver(name for name in options.nodename if name not in unasked)
    resolver.settle(5 * PATIENCE)
    nobody = [name for name in options.nodename if resolver.known.get(name) == ()]
    unknown = resolver.unknown()
    for name in sources.strange_addresses(question):
        report.warning(
            f"nodename '{name}' is not an address of a node in corosync.conf or the CIB, so it does"
            f' not count: set pcmk_host_map="NODE:{name}" instead'
        )
    problems = [
        *options.problems,
        *number_for_plug(options),
        *_too_many(question),
        *keyring.faults(options),
        *(f"nodename '{name}' does not resolve: {_INSTEAD}" for name in nobody),
        *(
            f"nodename '{name}' could not be looked up ({unknown[name]}): {_INSTEAD}"
            for name in unknown
        ),
    ]
    return _tell(problems, options, "the options are valid")


def _tell(problems: list[str], options: Options, fine: str) -> int:
    if options.verbose and not problems:
        report.info(fine)
    return _fail(problems)


def _fail(problems: list[str] | tuple[str, ...]) -> int:
    for problem in problems:
        report.error(problem)
    return 1 if problems else 0


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


OTHER_ACTIONS = {"monitor": _monitor, "metadata": _metadata, "validate-all": _validate}

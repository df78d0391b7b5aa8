"""The entry point: parse the arguments, then send."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the C half of signal, which imports enum
import posix

from fence_kdump_send import __version__
from fence_kdump_send.console import NAME, in_crash_kernel, keep_stdio, say, tell
from fence_kdump_send.loop import run
from fence_kdump_send.options import HINT, UsageError, parse, usage

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Run the sender.

    argv -- the arguments without the program's name

    Returns the exit status. SIGTERM ends the process with status 0 at any time. In a crash image
    (--crash-only), the signal itself ends it, so that the service manager starts it again.
    """
    _signal.signal(_signal.SIGTERM, lambda *_: posix._exit(0))
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    keep_stdio()
    try:
        options = parse(argv)
    except UsageError as error:
        say(f"{error}; {HINT}")
        return 1
    if options.help:
        tell(usage())
        return 0
    if options.version:
        tell(f"{NAME} {__version__}\n")
        return 0
    if options.crash_only:
        _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
    elif not in_crash_kernel():
        say(
            "this is not a crash kernel: if this node is being fenced, the cluster takes it for"
            " dead while it is alive"
        )
    try:
        return run(options)
    except (OSError, MemoryError) as error:
        say(f"cannot continue: {error}")
        return 1

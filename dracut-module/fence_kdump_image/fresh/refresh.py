"""Checks the crash image and rebuilds a stale one, until it fits the configuration."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import Callable

from fence_kdump_image.fresh import hindrance, keeper, packages, rebuild, tools
from fence_kdump_image.image import finished
from fence_kdump_image.image.check import FRESH, STALE, Outcome

__all__ = ["FAILED", "refresh"]

FAILED = "/var/lib/fence-kdump/refresh-failed"  # digest of what the failed rebuild should build
_LOCK = "/run/fence-kdump-refresh.lock"
_LOOKS = 6  # checks in one go, if the configuration changes during each of them
Sources = Mapping[str, "str | None"]
Say = Callable[[str], None]


def refresh(
    root: str,
    look: Callable[[], Outcome],
    read: Callable[[], Sources],
    say: Say,
    seconds: float,
) -> tuple[bool, Outcome]:
    """Check, rebuild if necessary, and check again, until the image fits the configuration.

    Nothing else watches the configuration in the meantime: systemd.path(5) does not while the
    service that a change would start is running.

    root -- of the file system
    look -- checks the image
    read -- reads the present configuration, in the form of `Outcome.sources`
    say -- takes one-line texts for the administrator
    seconds -- for one build; then the distribution's tool is ended

    Returns whether all is well, and the result of the last check. If the administrator must do the
    rebuild, that counts as well. Raises OSError.
    """
    tool = tools.find(root, say, seconds)
    with open(root + _LOCK, "w") as lock, _ended_in_order():
        fcntl.flock(lock, fcntl.LOCK_EX)
        whole = packages.settle(root, say)
        ready = tool is None or _finish(tool)
        found = look()
        brought = ""  # digest of what the last rebuild should have built
        for _ in range(_LOOKS):
            _report(found, say)
            well, done = True, False
            if found.state == STALE and found.wanted == brought and _is_built_of_this(found):
                say(f"the image was rebuilt and is still stale: {'; '.join(found.reasons)}")
                well = False
                _remember(root, found)
            elif found.state == STALE:
                well, done = _mend(root, found, tool, hindrance.find(root, tool, whole), say)
                brought = found.wanted if done else ""
            if not done and read() == found.sources:
                return well and ready, found
            found = look()
        if found.state != STALE and read() == found.sources:
            return ready, found
        say("the configuration changes faster than the image can be checked: not rebuilt now")
        return False, found


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """If the program is asked to end, restore everything first."""

    def end(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finish(tool: tools.Tool) -> bool:
    """Finish what an earlier refresh left. Returns whether everything is as it was before."""
    ours = {os.path.realpath(path) for path in finished.places(tool.root)}
    folders = {os.path.dirname(path) for path in finished.places(tool.root, "*")}
    folders |= {os.path.dirname(path) for path in ours}
    well = True
    for image in keeper.found_in(folders, tool.beside):
        if image in ours:
            well = rebuild.finish(image, tool)
        else:
            rebuild.clear(image, tool.say)
    return well and (not tool.in_doubt() or rebuild.reload(tool))


def _mend(
    root: str, found: Outcome, tool: tools.Tool | None, hindered: str, say: Say
) -> tuple[bool, bool]:
    """Rebuild a stale image if allowed. Returns whether all is well, and whether it was rebuilt."""
    if hindered or tool is None:
        say(hindered)
        return True, False
    if found.wanted == _remembered(root):
        say(f"a rebuild for this configuration has failed before: delete {FAILED} to try again")
        return False, False
    result = rebuild.rebuild(os.path.realpath(found.image), found.stamp, tool)
    if result is rebuild.Result.DONE:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(root + FAILED)
    elif result is rebuild.Result.FAILED:
        _remember(root, found)
    done = result is rebuild.Result.DONE
    return done, done


def _is_built_of_this(found: Outcome) -> bool:
    """Whether the image was built from the present configuration, as far as that is known.

    The configuration may have been different for a moment, for example while a file was written.
    """
    return not found.built_of or found.built_of.items() <= found.sources.items()


def _remember(root: str, found: Outcome) -> None:
    """Record a failed rebuild, so that it is not tried again."""
    os.makedirs(os.path.dirname(root + FAILED), mode=0o755, exist_ok=True)
    with open(root + FAILED, "w") as file:
        file.write(found.wanted)


def _remembered(root: str) -> str:
    try:
        with open(root + FAILED) as file:
            return file.read().strip()
    except OSError:
        return ""


def _report(found: Outcome, say: Say) -> None:
    if found.state != FRESH:
        for reason in found.reasons:
            say(f"{found.state}: {reason}")

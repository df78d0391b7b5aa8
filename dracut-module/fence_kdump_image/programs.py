"""Other programs, each with an end: what hangs must hang neither a build nor a rebuild.

A program that is out of time is killed with all that it has started: a child that lives on could
still hold a lock, as those of kdumpctl do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

__all__ = ["ProgramError", "TooLongError", "find", "run"]

_GRACE = 5.0  # seconds to tidy up: dracut freezes the image's file system for a moment
_SEARCH = "/usr/sbin:/sbin"  # beside PATH, which may be a user's
_MOURNING = 5.0  # seconds for what was killed to go; what the kernel holds goes when it lets go


class ProgramError(Exception):
    """A program did not start or has failed; the text says which one, and why."""


class TooLongError(ProgramError):
    """A program was not done in time, and was killed."""


def find(name: str) -> str:
    """Path of a program of the system's, "" if it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SEARCH}") or ""


def run(
    command: Sequence[str],
    seconds: float,
    *,
    captured: bool = True,
    check: bool = True,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program in a process group of its own, with nothing to read.

    command -- its name or path, and its arguments
    seconds -- until it is killed, and its process group with it
    captured -- return what it writes; else it writes where we do, and "" is returned
    check -- an exit status other than 0 is an error
    environment -- all of its environment variables, by default ours

    Returns its standard output. Raises ProgramError if it cannot be started, or fails and check is
    set, and TooLongError if it, or what it left with its output open, was not done in time.
    """
    name = " ".join(command)
    pipe = subprocess.PIPE if captured else None
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            env=environment,
            close_fds=False,  # a lock that we were given is the program's too
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramError(f"{name}: {error.strerror}") from error
    try:
        written, complaint = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise TooLongError(f"{name} did not finish in {seconds:g} s and was ended") from error
    finally:
        if process.returncode is None:
            _kill(process)
    if check and process.returncode:
        said = (complaint or b"").decode("utf-8", "surrogateescape").split("\n")[0].strip()
        status = f"{name} failed with status {process.returncode}"
        raise ProgramError(f"{status}: {said}" if said else status)
    return (written or b"").decode("utf-8", "surrogateescape")


def _kill(process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _GRACE
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < end:
            process.poll()  # until it is reaped, the program itself counts as one of its group
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_MOURNING)
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()

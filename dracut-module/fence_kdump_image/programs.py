"""Runs other programs with a time limit, so that none of them hangs a build or a rebuild.

A program that exceeds its limit is killed with all its children. A child that lives on could still
hold a lock, as those of kdumpctl do.
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

_GRACE = 5.0  # seconds to clean up: dracut freezes the file system of the image for a moment
_SEARCH = "/usr/sbin:/sbin"  # in addition to PATH, which may be a user's
_MOURNING = 5.0  # seconds for killed programs to end; the kernel may hold one for longer


class ProgramError(Exception):
    """A program did not start or failed; the text says which one, and why."""


class TooLongError(ProgramError):
    """A program did not finish in time, and was killed."""


def find(name: str) -> str:
    """Path of a system program, "" if it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SEARCH}") or ""


def run(
    command: Sequence[str],
    seconds: float,
    *,
    captured: bool = True,
    check: bool = True,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program in its own process group, without standard input.

    command -- its name or path, and its arguments
    seconds -- after which it is killed with its process group
    captured -- return its output; if False, it writes to our output, and "" is returned
    check -- whether an exit status other than 0 is an error
    environment -- all its environment variables, by default ours

    Returns its standard output. Raises ProgramError if it cannot be started, or if it fails and
    check is set. Raises TooLongError if it, or a child that has its output open, did not finish in
    time.
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
            close_fds=False,  # the program inherits a lock that we inherited
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
            process.poll()  # until it is reaped, the program belongs to its group
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_MOURNING)
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()

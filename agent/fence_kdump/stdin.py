"""Options from standard input, with bounds for its length and for the time until it ends.

The options count only when the input has ended. Before that, the line with plug may be missing, and
the agent would wait for another node.
"""

from __future__ import annotations

import os
import select
import time

from fence_kdump.options import UsageError, from_lines, read

__all__ = ["read_stdin"]

STDIN = 0
MOST_BYTES = 1 << 20


def read_stdin(started: float) -> dict[str, str]:
    """The values of the key=value lines.

    started -- time.monotonic() at the start of the program; `timeout` counts from there. Until it
        has been read, the default counts

    Raises UsageError.
    """
    data = b""
    timeout = read({}).timeout
    while True:
        left = started + timeout - time.monotonic()
        if not select.select([STDIN], [], [], max(left, 0))[0]:
            raise UsageError(f"timed out after {timeout:g} s: standard input was not closed")
        chunk = os.read(STDIN, 1 << 16)
        data += chunk
        if len(data) > MOST_BYTES:
            raise UsageError(f"standard input is longer than {MOST_BYTES >> 10} KiB")
        if not chunk:
            return from_lines(data.decode("utf-8", "replace"))
        if b"\n" in chunk:
            lines = data[: data.rindex(b"\n")]
            timeout = read(from_lines(lines.decode("utf-8", "replace"))).timeout

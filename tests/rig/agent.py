"""A fence agent that waits on the survivor, ours or the C one: both take the same options."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence

from .network import Network
from .timeline import Timeline

__all__ = ["Agent"]

_TIMEOUT = 300  # seconds; longer than any boot, so that the machine's end decides


class Agent:
    """`fence_kdump -o off` for one node, from the start of the context on.

    returncode -- what it exited with; None while it waits, and when it had to be stopped
    output     -- what it printed, complete after the context
    """

    def __init__(
        self, network: Network, command: Sequence[str], node: str, timeline: Timeline
    ) -> None:
        options = ["-o", "off", "-n", node, "-t", str(_TIMEOUT), "-v"]
        self._argv = network.command(*command, *options)
        self._timeline = timeline
        self.returncode: int | None = None
        self.output = ""

    def __enter__(self) -> Agent:
        self._program = subprocess.Popen(
            self._argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._stopped = False
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = self.returncode is None
        if self._stopped:
            self._program.terminate()
        self._waiter.join()

    def _wait(self) -> None:
        self.output, _ = self._program.communicate()
        if not self._stopped:
            now = time.monotonic()
            self.returncode = self._program.returncode
            if self.returncode == 0:
                self._timeline.reach("agent_success", now)

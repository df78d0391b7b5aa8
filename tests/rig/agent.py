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

    options    -- more of its options
    then       -- options of another agent, which runs once this one has succeeded
    returncode -- what it exited with; None while it waits, and when it had to be stopped
    output     -- what it printed, complete after the context
    afterwards -- what the other one printed, and then its exit status
    """

    def __init__(
        self,
        network: Network,
        command: Sequence[str],
        timeline: Timeline,
        options: Sequence[str],
        then: Sequence[str] = (),
    ) -> None:
        off = ["-o", "off", "-v"]
        self._argv = network.command(*command, *off, "-t", str(_TIMEOUT), *options)
        self._then = network.command(*command, *off, *then) if then else []
        self._timeline = timeline
        self.returncode: int | None = None
        self.output = ""
        self.afterwards = ""

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
                self._run_the_other()

    def _run_the_other(self) -> None:
        if self._then:
            done = subprocess.run(
                self._then,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            self.afterwards = f"{done.stdout}exit status {done.returncode}\n"

"""The stages from a panic to a saved dump, as they are reached."""

from __future__ import annotations

import ipaddress
import re
import threading
from collections.abc import Callable, Mapping

__all__ = ["CLUSTER_STAGES", "PANIC", "STAGES", "SYSTEM_STAGES", "Timeline"]

PANIC = "Kernel panic - not syncing"

STAGES = {
    "panic": "the kernel panics",
    "crash_kernel": "the crash kernel starts",
    "route_up": "the route to the survivor is up",
    "first_message": "the first message is on the wire",
    "agent_success": "the survivor's agent succeeds",
    "vmcore_saved": "the vmcore is saved",
}

# the same, as a whole cluster sees it
CLUSTER_STAGES = {
    "panic": "node2's kernel panics",
    "token_lost": "Corosync loses the token",
    "fence_requested": "Pacemaker asks for fencing",
    "agent_listening": "a survivor's agent listens",
    "first_message": "the first message is on the wire",
    "fenced": "node2 is fenced",
    "vmcore_saved": "the vmcore is saved",
}

# a whole system, until all is as before
SYSTEM_STAGES = {
    "panic": "node2's kernel panics",
    "token_lost": "Corosync loses the token",
    "first_message": "the first message is on the wire",
    "fenced": "node2 is fenced",
    "vmcore_saved": "the vmcore is saved",
    "booted": "node2 has booted again",
    "rejoined": "node2 is a member again",
}

# what the serial console says at a stage; a crash kernel is the one after the panic
_MARKS = {
    "panic": PANIC,
    "route_up": "fence-kdump: links up",
    "crash_kernel": "Linux version",
    "vmcore_saved": "RIG: vmcore saved",
    "booted": "SYSTEM: booted",
}


# ip-monitor(8), of unicast routes alone: other kinds are named before the destination
_ROUTE = re.compile(r"^\[ROUTE\]([0-9a-f.:]+(?:/\d+)?) ")


class Timeline:
    """Takes what the console, the witness and the survivors report, from any thread.

    survivor -- the address that must be reached
    tell     -- called for each stage with its name and the seconds since the panic
    stages   -- what it tells of; other stages are passed over
    """

    def __init__(
        self,
        survivor: str,
        tell: Callable[[str, float], None] = lambda stage, seconds: None,
        stages: Mapping[str, str] = STAGES,
    ) -> None:
        self._survivor = ipaddress.ip_address(survivor)
        self._moments: dict[str, float] = {}
        self._tell = tell
        self._stages = stages
        self._changed = threading.Condition()

    def read(self, moment: float, line: str) -> None:
        """Takes a line of the serial console."""
        for stage, mark in _MARKS.items():
            if mark in line:
                self.reach(stage, moment)
        route = _ROUTE.search(line)
        if route and self._survivor in ipaddress.ip_network(route[1]):
            self.reach("route_up", moment)

    def reach(self, stage: str, moment: float) -> None:
        """Takes the moment of a stage, in seconds of the monotonic clock.

        The first one counts, and nothing before the panic does.
        """
        with self._changed:
            if stage == "first_message":
                # it proves the route, even when the console is later to tell of it
                self._reach("route_up", moment)
            self._reach(stage, moment)
            self._changed.notify_all()

    def _reach(self, stage: str, moment: float) -> None:
        if stage not in self._stages or stage in self._moments:
            return
        if stage == "panic" or "panic" in self._moments:
            self._moments[stage] = moment
            self._tell(stage, self._after_panic(stage))

    def wait(self, stage: str, seconds: float) -> bool:
        """Waits until a stage is reached, at most so long; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: stage in self._moments, seconds)

    def seconds(self) -> dict[str, float | None]:
        """Seconds from the panic to each stage, None for one that was not reached."""
        return {
            stage: self._after_panic(stage) if stage in self._moments else None
            for stage in self._stages
        }

    def _after_panic(self, stage: str) -> float:
        # rounded here alone: whoever prints it with two digits prints the same
        return round(self._moments[stage] - self._moments["panic"], 3)

"""When the next round is due. It has no clock: the caller passes all times, of one clock."""

from __future__ import annotations

__all__ = ["Schedule"]

FAST_INTERVAL = 1.0
# Links flap, and neighbours are found, in bursts. One round is enough for a burst. It is shorter
# than the 50 ms within which a message should follow its route.
LEAST_GAP = 0.04


class Schedule:
    """A round every `interval` seconds, and at least one a second during the fast start.

    interval -- seconds between rounds
    fast_start -- how many seconds the fast start lasts, 0 for none
    now -- the time at which the first round is due
    rounds -- how many rounds there are, 0 for no limit

    due -- when the next round is due; when the last one has begun, the time at which it is over
    """

    __slots__ = ("_fast_start", "_fast_until", "_interval", "_last", "_left", "due")

    def __init__(self, interval: float, fast_start: float, now: float, rounds: int = 0) -> None:
        self._interval = interval
        self._fast_start = fast_start
        self._fast_until = now + fast_start
        self._last = now - LEAST_GAP
        self._left = rounds or -1
        self.due = now

    @property
    def is_last(self) -> bool:
        """Whether the last round has begun."""
        return self._left == 0

    def is_over(self, now: float) -> bool:
        """Whether the last round has had its interval."""
        return self.is_last and now >= self.due

    def begin_round(self, now: float) -> bool:
        """Whether a round is due at `now`. If so, the next one is planned.

        A missed round is not repeated, because two messages at once say no more than one.
        """
        if now < self.due or self.is_last:
            return False
        self._left -= self._left > 0
        step = self._interval
        if now < self._fast_until:
            step = min(step, FAST_INTERVAL)
        self._last = now
        planned = self.due + step
        self.due = planned if planned > now else now + step
        return True

    def start_anew(self, now: float) -> None:
        """Begin the fast start again, with a round now, because something became reachable."""
        if self._fast_start and not self.is_last:
            self._fast_until = now + self._fast_start
            self.due = min(self.due, max(now, self._last + LEAST_GAP))

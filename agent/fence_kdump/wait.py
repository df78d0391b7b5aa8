"""The loop: listen until a message counts or the time is up. No printing, no exiting.

First the sockets, then the files, then the names: what comes meanwhile waits in the sockets until
it can be judged.
"""

from __future__ import annotations

import select
import time

from fence_kdump.ears import Ears
from fence_kdump.inlet import FAMILIES
from fence_kdump.judge import Judge
from fence_kdump.outcome import Heard, NobodyToExpect, TimedOut
from fence_kdump.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fence_kdump.expect import Question
    from fence_kdump.options import Options

__all__ = ["PATIENCE", "wait"]

PATIENCE = 1.0  # seconds to wait for names before going on with those that are known


def wait(
    ask: Callable[[], Question],
    options: Options,
    end: float,
    report: Callable[[str], None],
    listening: Callable[[dict[bytes, str]], None] = lambda _: None,
) -> Heard | TimedOut:
    """Wait for a message from the node that is to be fenced.

    ask -- called once the sockets are open: who that is
    options -- its family and ipport
    end -- time.monotonic() at which the time is up
    report -- called with one-line texts: warnings
    listening -- called once the node's names were looked up, with packed address -> name of what
        counts

    Raises NobodyToExpect and CannotListen, and what `ask` raises.
    """
    ears = Ears(FAMILIES[options.family], options.ipport)
    try:
        target = Target(ask(), FAMILIES[options.family])
        target.settle(min(PATIENCE, end - time.monotonic()))
        watch = _Watch(ears, target, Judge(options.ipport), options.family, report)
        watch.expect_known()
        listening(target.expected)
        while (left := end - time.monotonic()) > 0:
            heard = watch.listen(left, end)
            if heard:
                return heard
        return watch.time_out()
    finally:
        ears.close()


class _Watch:
    """What is heard, of whom, and what is made of it."""

    def __init__(
        self,
        ears: Ears,
        target: Target,
        judge: Judge,
        family: str,
        report: Callable[[str], None],
    ) -> None:
        self._ears = ears
        self._target = target
        self._judge = judge
        self._family = family
        self._report = report
        self._warned: set[str] = set()

    def expect_known(self) -> None:
        """Expect the target's addresses as far as its names are known by now."""
        warnings, pending = self._target.learn()
        self._warn(warnings)
        self._judge.expected = self._target.expected
        if not self._target.expected and not pending:
            raise NobodyToExpect("no address is left to expect a message from")
        self._warn(self._ears.expect(self._target.expected, pending))

    def listen(self, seconds: float, end: float) -> Heard | None:
        """Wait for datagrams, at most so long, and judge them.

        Where a name became known, its addresses are expected first.
        """
        poll = select.poll()
        poll.register(self._target.fileno(), select.POLLIN)
        for inlet in self._ears.inlets.values():
            poll.register(inlet.fileno(), select.POLLIN)
        ready = {fd for fd, _ in poll.poll(seconds * 1000)}
        if self._target.fileno() in ready:
            self.expect_known()
        for inlet in self._ears.inlets.values():
            if inlet.fileno() in ready:
                heard = self._judge.hear(inlet, end)
                if heard:
                    return heard
        return None

    def time_out(self) -> TimedOut:
        """What to tell when no message counted."""
        for lookout in self._ears.lookouts.values():
            self._judge.look(lookout)
        dropped = self._ears.dropped()
        return TimedOut(
            expected=self._target.expected,
            datagrams=None if dropped is None else self._judge.received + dropped,
            reasons=self._judge.reasons,
            strangers=self._judge.strangers,
            nodes=self._target.owners(),
            unknown=self._target.unknown(),
            blind=self._ears.blind,
            node=self._target.node(),
            family=self._family,
        )

    def _warn(self, texts: tuple[str, ...] | list[str]) -> None:
        for text in texts:
            if text not in self._warned:
                self._warned.add(text)
                self._report(text)

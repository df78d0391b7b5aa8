"""The loop: listen until a message counts or the time is up. No printing, no exiting.

First the sockets, then the files, then the names: what comes meanwhile waits in the sockets until
it can be judged.
"""

from __future__ import annotations

import select
import time

from fence_kdump import keyring
from fence_kdump.ears import Ears
from fence_kdump.inlet import FAMILIES, CannotListen, Inlet
from fence_kdump.judge import Judge
from fence_kdump.outcome import CannotProve, Heard, NobodyToExpect, TimedOut
from fence_kdump.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fence_kdump.conversation import Conversation
    from fence_kdump.expect import Question
    from fence_kdump.options import Options

__all__ = ["PATIENCE", "wait"]

PATIENCE = 1.0  # seconds to wait for names before going on with those that are known
UNPROVEN = "no proof of identity"
AT_ONCE = 32  # messages looked at in one go where a proof is waited for
PAUSE = 0.05  # seconds for which more than those wait


def wait(
    ask: Callable[[], Question],
    options: Options,
    end: float,
    report: Callable[[str], None],
    listening: Callable[[dict[bytes, str]], None] = lambda _: None,
) -> Heard | TimedOut:
    """Wait for a message from the node that is to be fenced.

    ask -- called once the sockets are open: who that is
    options -- its family, ipport, auth and key
    end -- time.monotonic() at which the time is up
    report -- called with one-line texts: warnings
    listening -- called once the node's names were looked up, with packed address -> name of what
        counts

    Raises NobodyToExpect, CannotListen and CannotProve, and what `ask` raises.
    """
    ears = Ears(FAMILIES[options.family], options.ipport)
    conversation = None
    try:
        conversation = _converse(options, report)
        target = Target(ask(), FAMILIES[options.family])
        target.settle(min(PATIENCE, end - time.monotonic()))
        watch = _Watch(ears, target, options, conversation, report)
        watch.expect_known()
        listening(target.expected)
        while (left := end - time.monotonic()) > 0:
            heard = watch.listen(left)
            if heard:
                return heard
        return watch.time_out()
    finally:
        ears.close()
        if conversation:
            conversation.close()


def _converse(options: Options, report: Callable[[str], None]) -> Conversation | None:
    """What asks the node for a proof; None if a message counts without."""
    ring = keyring.load(options)
    required = ring.policy == keyring.REQUIRED
    if required and not ring.masters:
        raise CannotProve(f"auth=required: {ring.faults[0]}")
    for fault in ring.faults:
        report(fault)
    if not ring.masters:
        return None
    from fence_kdump.conversation import Conversation

    try:
        return Conversation(ring, FAMILIES[options.family], options.ipport)
    except OSError as error:
        why = f"no socket to ask the node for a proof: {error.strerror}"
        if required:
            raise CannotListen(why) from error
        report(why)
        return None


class _Watch:
    """What is heard, of whom, and what is made of it."""

    def __init__(
        self,
        ears: Ears,
        target: Target,
        options: Options,
        conversation: Conversation | None,
        report: Callable[[str], None],
    ) -> None:
        self._ears = ears
        self._target = target
        self._judge = Judge(options.ipport)
        self._options = options
        self._conversation = conversation
        self._owed: Heard | None = None
        self._hears_at = 0.0
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
        if self._conversation:
            self._know_node(self._conversation, pending)

    def listen(self, seconds: float) -> Heard | None:
        """Wait for datagrams, at most so long, and judge them.

        Where a name became known, its addresses are expected first.
        """
        now = time.monotonic()
        deaf = now < self._hears_at  # to a flood, for a moment
        poll = select.poll()
        poll.register(self._target.fileno(), select.POLLIN)
        for inlet in self._ears.inlets.values():
            poll.register(inlet.fileno(), 0 if deaf else select.POLLIN)
        if self._conversation:
            for fileno in self._conversation.filenos():
                poll.register(fileno, select.POLLIN)
            seconds = min(seconds, max(self._conversation.due - now, 0))
        if deaf:
            seconds = min(seconds, self._hears_at - now)
        ready = {fd for fd, _ in poll.poll(seconds * 1000)}
        if self._target.fileno() in ready:
            self.expect_known()
        heard = self._owed
        if self._conversation:
            heard = self._conversation.turn(time.monotonic())
        for inlet in self._ears.inlets.values():
            if not heard and inlet.fileno() in ready:
                heard = self._hear(inlet)
        return heard

    def time_out(self) -> Heard | TimedOut:
        """What to tell when no message counted; or the one that counts at the very end."""
        heard = self._conversation.last_word() if self._conversation else None
        if heard:
            return heard
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
            family=self._options.family,
            proof=self._conversation.account() if self._conversation else "",
        )

    def _hear(self, inlet: Inlet) -> Heard | None:
        for _ in range(AT_ONCE):
            message = self._judge.hear(inlet)
            if message is None:
                return None
            name = self._target.expected[message.source]
            heard = Heard(name, message.source, "raw" if inlet.raw else "bound")
            if not self._conversation:
                return heard
            self._judge.refuse(UNPROVEN)
            self._conversation.hear(message, heard, time.monotonic())
        self._hears_at = time.monotonic() + PAUSE
        return None

    def _know_node(self, conversation: Conversation, pending: bool) -> None:
        conversation.expected = self._target.expected
        conversation.know(self._target.node())
        if conversation.is_possible or pending:
            return
        why = "neither corosync.conf nor the CIB has a node of that name, so there is no key for it"
        if conversation.is_required:
            raise CannotProve(f"auth=required: {why}")
        self._warn([f"no proof can be asked for: {why}"])
        self._owed = conversation.last_word()
        self._conversation = None

    def _warn(self, texts: tuple[str, ...] | list[str]) -> None:
        for text in texts:
            if text not in self._warned:
                self._warned.add(text)
                self._report(text)

"""The loop that waits for datagrams, and judges them."""

from __future__ import annotations

import select
import time

from fence_kdump.doorstep import Doorstep
from fence_kdump.judge import Judge
from fence_kdump.outcome import CannotProve, Heard, NobodyToExpect, Stranger, TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fence_kdump.conversation import Conversation
    from fence_kdump.ears import Ears
    from fence_kdump.inlet import Inlet
    from fence_kdump.options import Options
    from fence_kdump.target import Target
    from fence_kdump.tell import Tell

__all__ = ["Watch"]

UNPROVEN = "no proof of identity"
NOBODY = "no address is left from which a message would count: check nodename, plug and family"
AT_ONCE = 32  # messages read in one go while waiting for a proof
PAUSE = 0.05  # seconds for which further messages wait
LOOK_EVERY = 0.25  # seconds; so a flood from other addresses costs little
MOST_TOLD = 8  # sources that are reported at once


class Watch:
    """Waits for the target node."""

    def __init__(
        self,
        ears: Ears,
        target: Target,
        options: Options,
        conversation: Conversation | None,
        tell: Tell,
    ) -> None:
        self._ears = ears
        self._target = target
        self._judge = Judge(options.ipport)
        self._options = options
        self._conversation = conversation
        self._doorstep: Doorstep | None = None
        self._owed: Heard | None = None
        self._hears_at = 0.0
        self._looks_at = 0.0
        self._tell = tell
        self._warned: set[str] = set()

    def expect_known(self) -> None:
        """Expect the addresses of the target, as far as its names are known."""
        warnings, pending = self._target.learn()
        self._warn(warnings)
        self._judge.expected = self._target.expected
        if not self._target.expected and not pending:
            raise NobodyToExpect(NOBODY)
        self._warn(self._ears.expect(self._target.expected, pending))
        if self._doorstep:
            self._doorstep.expect(self._target.expected)
        if self._conversation:
            self._know_node(self._conversation, pending)

    def look_at_the_doorstep(self) -> None:
        """From now on, look for messages that do not reach the port."""
        port, sources = self._options.ipport, self._target.expected
        self._doorstep = Doorstep(port, sources, self._arrived())

    def listen_until(self, end: float) -> Heard | None:
        """Judge datagrams until a message counts, or until time.monotonic() is `end`.

        A datagram that arrived in time is judged, even if it is read later.
        """
        while True:
            left = end - time.monotonic()
            heard = self._listen(max(left, 0.0))
            if heard or left <= 0:
                return heard

    def end(self, heard: Heard | None) -> Heard | TimedOut:
        """The result. At the very end, a message that is not proven may count as well."""
        if not heard and self._conversation:
            heard = self._conversation.last_word()
        if heard:
            if self._doorstep:
                self._doorstep.leave()
            return heard
        self._look_out()
        missed = self._doorstep.missed(self._arrived()) if self._doorstep else None
        if self._doorstep:
            self._doorstep.close()
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
            missed=missed,
        )

    def _listen(self, seconds: float) -> Heard | None:
        """Wait for datagrams, but not longer than this, and judge them.

        If a name became known, its addresses are expected first.
        """
        ready = self._ready(seconds)
        if self._target.fileno() in ready:
            self.expect_known()
        heard = self._owed
        if self._conversation:
            heard = self._conversation.turn(time.monotonic())
        for inlet in self._ears.inlets.values():
            if not heard and inlet.fileno() in ready:
                heard = self._hear(inlet)
        if any(lookout.fileno() in ready for lookout in self._ears.lookouts.values()):
            self._look_out()
        return heard

    def _ready(self, seconds: float) -> set[int]:
        """Wait until there is something to read now. Returns the descriptors that have it."""
        now = time.monotonic()
        poll = select.poll()
        poll.register(self._target.fileno(), select.POLLIN)
        # during a flood, the sockets are read only from time to time
        for sockets, due in (
            (self._ears.inlets, self._hears_at),
            (self._ears.lookouts, self._looks_at),
        ):
            for inlet in sockets.values():
                poll.register(inlet.fileno(), select.POLLIN if now >= due else 0)
            seconds = min(seconds, due - now) if now < due else seconds
        if self._conversation:
            for fileno in self._conversation.filenos():
                poll.register(fileno, select.POLLIN)
            seconds = min(seconds, max(self._conversation.due - now, 0))
        return {fd for fd, _ in poll.poll(seconds * 1000)}

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

    def _look_out(self) -> None:
        """Read messages from other addresses, and report new addresses."""
        self._looks_at = time.monotonic() + LOOK_EVERY
        told = len(self._judge.strangers)
        new = [s for lookout in self._ears.lookouts.values() for s in self._judge.look(lookout)]
        target, family = self._target, self._options.family
        for source in new[: max(MOST_TOLD - told, 0)]:
            nodes, node, expected = target.owners(), target.node(), target.expected
            self._tell.stranger(Stranger(source, nodes, node, family, expected))

    def _arrived(self) -> int:
        """How many datagrams reached the port, and did not count or found no room."""
        return self._judge.received + (self._ears.dropped() or 0)

    def _know_node(self, conversation: Conversation, pending: bool) -> None:
        conversation.expected = self._target.expected
        conversation.know(self._target.node())
        if conversation.is_possible or pending:
            return
        why = "neither corosync.conf nor the CIB has a node of that name, so the node has no key"
        if conversation.is_required:
            raise CannotProve(f"auth=required: {why}")
        self._warn([f"cannot ask for a proof: {why}"])
        self._owed = conversation.last_word()
        self._conversation = None

    def _warn(self, texts: tuple[str, ...] | list[str]) -> None:
        for text in texts:
            if text not in self._warned:
                self._warned.add(text)
                self._tell.warning(text)

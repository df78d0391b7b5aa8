"""Listen until a message counts or the time is up. No printing, no exiting.

The sockets are opened first, then the files are read, then the names are looked up. Messages that
arrive in the meantime wait in the sockets until they can be judged.
"""

from __future__ import annotations

import time

from fence_kdump import doorstep, keyring
from fence_kdump.ears import Ears
from fence_kdump.inlet import FAMILIES, CannotListen
from fence_kdump.outcome import CannotProve, Heard, TimedOut
from fence_kdump.target import Target
from fence_kdump.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fence_kdump.conversation import Conversation
    from fence_kdump.expect import Question
    from fence_kdump.options import Options
    from fence_kdump.tell import Tell

__all__ = ["PATIENCE", "wait"]

PATIENCE = 1.0  # seconds to wait for names before going on with those that are known


def wait(ask: Callable[[], Question], options: Options, end: float, tell: Tell) -> Heard | TimedOut:
    """Wait for a message from the target node.

    ask -- called when the sockets are open: which node is the target
    options -- its family, ipport, auth and key
    end -- time.monotonic() at which the time is up
    tell -- receives the events of the wait

    Raises NobodyToExpect, CannotListen and CannotProve, and what `ask` raises.
    """
    ears = Ears(FAMILIES[options.family], options.ipport)
    conversation = None
    try:
        conversation = _converse(options, tell)
        target = Target(ask(), FAMILIES[options.family])
        target.settle(min(PATIENCE, end - time.monotonic()))
        watch = Watch(ears, target, options, conversation, tell)
        watch.expect_known()
        tell.listening(target.expected)
        heard = watch.listen_until(end - doorstep.SECONDS)
        if not heard:
            watch.look_at_the_doorstep()
            heard = watch.listen_until(end)
        return watch.end(heard)
    finally:
        ears.close()
        if conversation:
            conversation.close()


def _converse(options: Options, tell: Tell) -> Conversation | None:
    """Asks the node for a proof; None if a message counts without one."""
    ring = keyring.load(options)
    required = ring.policy == keyring.REQUIRED
    if required and not ring.masters:
        raise CannotProve(f"auth=required: {ring.faults[0]}")
    for fault in ring.faults:
        tell.warning(fault)
    if not ring.masters:
        return None
    from fence_kdump.conversation import Conversation

    try:
        return Conversation(ring, FAMILIES[options.family], options.ipport)
    except OSError as error:
        why = f"cannot open a socket to ask the node for a proof: {error.strerror}"
        if required:
            raise CannotListen(why) from error
        tell.warning(why)
        return None

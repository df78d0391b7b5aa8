"""What a message and an answer are worth if the agent has a key, under the policy in force.

Under `required`, only a proof counts. Under `prefer`, a message counts as well, but a little later:
the proof may still arrive, and it shows that the node is ready for `required`.
"""

from __future__ import annotations

import os

from fence_kdump.dialogue import Dialogue
from fence_kdump.keyring import PREFER, REQUIRED
from fence_kdump.outcome import Heard
from fence_kdump.proof import Addressee, Proof

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fence_kdump.datagram import Datagram
    from fence_kdump.keyring import Keyring

__all__ = ["Conversation"]

_GRACE = 2.0  # seconds that a message waits for its proof under `prefer`
_AT_ONCE = 64  # answers looked at before anything else gets its turn


class Conversation:
    """Challenges to the target node, and its answers.

    expected -- dict of packed address -> the name by which it is expected
    """

    def __init__(self, keyring: Keyring, families: Collection[int], port: int) -> None:
        """Open its sockets. Raises OSError."""
        self.expected: Mapping[bytes, str] = {}
        self._policy = keyring.policy
        self._proof = Proof(keyring, port, os.urandom(16))
        self._dialogue = Dialogue(families, self._proof.challenge)
        self._unproven: Heard | None = None
        self._counts_at = float("inf")

    def know(self, node: str) -> None:
        """The node is known by this name."""
        self._proof.know(node)

    @property
    def is_required(self) -> bool:
        """Whether nothing but a proof counts."""
        return self._policy == REQUIRED

    @property
    def is_possible(self) -> bool:
        """Whether the node has a name, and with it a key that it could prove itself with."""
        return self._proof.is_possible

    def filenos(self) -> list[int]:
        """For poll(2): readable when an answer is waiting."""
        return self._dialogue.filenos()

    @property
    def due(self) -> float:
        """When `turn` must be called again, even if nothing arrives."""
        return min(self._proof.due, self._counts_at)

    def turn(self, now: float) -> Heard | None:
        """Read the answers that wait, and send the challenges that are due.

        Returns what counts by now, None if nothing does.
        """
        for _ in range(_AT_ONCE):
            answer = self._dialogue.receive()
            if answer is None:
                break
            data, source = answer
            if self._proof.is_proven(data):
                name = self.expected.get(source, self._proof.node)
                return Heard(name, source, "dialogue", "")
        self._send(self._proof.round(self.expected, now))
        if now < self._counts_at:
            return None
        self._counts_at = float("inf")
        return self.last_word()

    def hear(self, message: Datagram, heard: Heard, now: float) -> None:
        """A valid message came from an expected address: challenge its sender as well."""
        sender = Addressee(message.source, message.source_port, message.destination)
        challenged = self._proof.hear(sender, now)
        if challenged:
            self._send([challenged])
        if self._policy == PREFER and not self.last_word():
            self._unproven = heard
            self._counts_at = now + _GRACE

    def last_word(self) -> Heard | None:
        """The message that counts although it is not proven, if there is one."""
        if self._unproven and self._unproven.source in self.expected:
            return self._unproven._replace(doubt=self._proof.account())
        return None

    def account(self) -> str:
        """Why nothing is proven, in one line."""
        return self._proof.account()

    def close(self) -> None:
        """Give the sockets back."""
        self._dialogue.close()

    def _send(self, addressees: list[Addressee]) -> None:
        self._proof.sent += sum(map(self._dialogue.send, addressees))

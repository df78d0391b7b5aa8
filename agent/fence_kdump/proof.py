"""The agent's half of the dialogue in docs/protocol.md: whom to challenge, what an answer proves.

It decides whether the node proves that it runs its crash kernel now. It has no sockets and no
clock: the caller passes every time, in seconds of one clock.
"""

from __future__ import annotations

from collections import namedtuple

from fence_kdump_protocol import DecodeError
from fence_kdump_protocol.dialogue import decode_response, encode_challenge
from fence_kdump_protocol.keys import key_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from fence_kdump.keyring import Keyring

__all__ = ["Addressee", "Proof"]

_EVERY = 1.0  # seconds from one challenge to the next, to each expected address
_LEAST_GAP = 0.05  # seconds between two challenges for messages from one address
_MOST_OWN = 4  # own addresses from which one address of the node is challenged
_MOST_REASONS = 8


class Addressee(namedtuple("Addressee", "address port own")):
    """Where to send a challenge.

    address -- packed
    port -- UDP port
    own -- packed address of this host to send it from, b"" if the kernel is to choose
    """

    __slots__ = ()

    address: bytes
    port: int
    own: bytes


class Proof:
    """The challenge of one run, and the answers to it.

    node -- name of the target node, "" while it is not known
    sent -- how many challenges were sent
    """

    def __init__(self, keyring: Keyring, port: int, nonce: bytes) -> None:
        """Begin.

        port -- UDP port at which the node takes challenges
        nonce -- 16 random bytes, made for this run
        """
        self.node = ""
        self.sent = 0
        self.challenge = encode_challenge(nonce)
        self._keyring = keyring
        self._port = port
        self._nonce = nonce
        self._keys: tuple[bytes, ...] = ()
        self._due = float("-inf")
        # an expected address -> the own addresses to which its messages came
        self._own: dict[bytes, list[bytes]] = {}
        self._asked: dict[
            bytes, float
        ] = {}  # an expected address -> when it was challenged for a message
        self._reasons: dict[str, int] = {}

    def know(self, node: str) -> None:
        """The name of the node is known now. Only the key of this name proves anything."""
        if node != self.node:
            self.node = node
            self._keys = self._keyring.keys(node)

    @property
    def is_possible(self) -> bool:
        """Whether there is a key with which the node could prove its identity."""
        return bool(self._keys)

    @property
    def due(self) -> float:
        """When the next round of challenges is."""
        return self._due

    def round(self, expected: Iterable[bytes], now: float) -> list[Addressee]:
        """Whom to challenge now, whether heard from or not; [] if it is not time yet."""
        if now < self._due:
            return []
        self._due = now + _EVERY
        return [
            Addressee(address, self._port, own)
            for address in expected
            for own in (b"", *self._own.get(address, ()))
        ]

    def hear(self, source: Addressee, now: float) -> Addressee | None:
        """Whom to challenge for a message from an expected address; None if that was just done.

        The node may send from another port than the one at which it should accept challenges. The
        number of addresses bounds what is stored, and the time bounds what is sent.
        """
        if now < self._asked.get(source.address, float("-inf")) + _LEAST_GAP:
            return None
        self._asked[source.address] = now
        known = self._own.setdefault(source.address, [])
        if source.own not in known and len(known) < _MOST_OWN:
            known.append(source.own)
        return source

    def is_proven(self, data: bytes) -> bool:
        """Whether a datagram is the answer of the target node to the challenge of this run."""
        try:
            response = decode_response(data)
        except DecodeError as error:
            self._refuse(str(error))
            return False
        name = self.node.encode("utf-8", "surrogateescape")
        if any(response.proves(key, name, self._nonce) for key in self._keys):
            return True
        if response.nonce != self._nonce:
            self._refuse("an answer to another challenge")
        elif response.name != name:
            other = response.name.decode("utf-8", "backslashreplace")
            self._refuse(f"the node there is named '{other}'")
        elif response.key_id not in map(key_id, self._keys):
            key = response.key_id.hex()
            self._refuse(
                f"another key, {key}: rebuild the crash image of {self.node}, or compare the keys"
            )
        else:
            self._refuse("a forged answer")
        return False

    def account(self) -> str:
        """Why nothing is proven, in one line."""
        if self._reasons:
            reasons = (f"{number} x {reason}" for reason, number in self._reasons.items())
            answers = ", ".join(reasons)
            return f"answers came, but none proves the identity of {self.node}: {answers}"
        return (
            f"no answer came to {self.sent} challenges: the crash image of {self.node} has no key,"
            " or a firewall drops challenges or answers"
        )

    def _refuse(self, reason: str) -> None:
        if reason not in self._reasons and len(self._reasons) >= _MOST_REASONS:
            reason = "something else"
        self._reasons[reason] = self._reasons.get(reason, 0) + 1

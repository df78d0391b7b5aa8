"""Decides which datagrams count, and counts those that do not.

Each datagram is judged by its own bytes, whatever the filters of the kernel let through. It must be
a valid message to the port from an expected address.
"""

from __future__ import annotations

from fence_kdump.datagram import BadDatagram
from fence_kdump_protocol import DecodeError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from fence_kdump.datagram import Datagram
    from fence_kdump.inlet import Inlet

__all__ = ["Judge"]

# Datagrams read in one go: more than a receive buffer of common size holds.
MOST_AT_ONCE = 512
MOST_REASONS = 8
MOST_STRANGERS = 64  # sources


class Judge:
    """Judges datagrams to one port.

    expected -- dict of packed address -> the name from which it comes; it is replaced when more
        addresses become known
    received -- how many datagrams came from expected addresses and did not count
    reasons -- dict: why not -> how many
    strangers -- dict: packed source of valid messages from other addresses -> how many
    """

    def __init__(self, port: int) -> None:
        self.expected: Mapping[bytes, str] = {}
        self.received = 0
        self.reasons: dict[str, int] = {}
        self.strangers: dict[bytes, int] = {}
        self._port = port

    def hear(self, inlet: Inlet) -> Datagram | None:
        """The next valid message among some that wait in an inlet; None if there is none.

        More datagrams may wait. They are read later, so that other work gets its turn.
        """
        for _ in range(MOST_AT_ONCE):
            try:
                datagram = inlet.receive()
                if datagram is None:
                    return None
                if datagram.port == self._port and datagram.source in self.expected:
                    decode(datagram.payload)
                    return datagram
            except (BadDatagram, DecodeError) as error:
                self.refuse(str(error))
        return None

    def look(self, lookout: Inlet) -> list[bytes]:
        """Count the valid messages from other addresses that wait in a lookout.

        Returns the packed sources from which this is the first message.
        """
        new = []
        for _ in range(MOST_AT_ONCE):
            try:
                datagram = lookout.receive()
                if datagram is None:
                    break
                decode(datagram.payload)
            except (BadDatagram, DecodeError):
                continue
            if datagram.port == self._port and datagram.source not in self.expected:
                new += self._count(datagram.source)
        return new

    def _count(self, stranger: bytes) -> list[bytes]:
        if stranger in self.strangers:
            self.strangers[stranger] += 1
        elif len(self.strangers) < MOST_STRANGERS:
            self.strangers[stranger] = 1
            return [stranger]
        return []

    def refuse(self, reason: str) -> None:
        """Count a datagram from an expected address that does not count."""
        self.received += 1
        if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
            reason = "something else"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

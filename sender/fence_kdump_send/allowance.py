"""How often each survivor is answered. It has no clock: the caller passes all times, in seconds."""

from __future__ import annotations

__all__ = ["Allowances"]

# Answers per second to all survivors together. Each costs a third of a millisecond, and the dump
# needs the processor.
_RATE = 256.0
_LEAST_RATE, _MOST_RATE = 1.0, 16.0  # per survivor; an agent asks once or twice a second
_BURST = 8.0  # seconds of its rate that a survivor may save, as several agents may ask at once
_REST = 1.0  # seconds for which a survivor without allowance is shut out


class Allowances:
    """An allowance of answers for the address of each survivor. Others get no answers.

    No address can use up the allowance of another one. So forged challenges in the name of one
    survivor do not prevent this node from proving its identity to another.
    """

    __slots__ = ("_left", "_shut")

    def __init__(self) -> None:
        self._left: dict[bytes, tuple[float, float]] = {}  # address -> answers, as of when
        self._shut: dict[bytes, float] = {}  # address -> until when

    def add(self, address: bytes, now: float) -> None:
        """From now on, answer this address.

        address -- packed, 4 or 16 bytes
        """
        self._left.setdefault(address, (_BURST * self._rate(), now))

    def knows(self, address: bytes) -> bool:
        """Whether it is the address of a survivor."""
        return address in self._left

    def spend(self, address: bytes, now: float) -> bool:
        """Whether a survivor may get one more answer. If not, it is shut out for a while."""
        left, then = self._left[address]
        rate = self._rate()
        left = min(_BURST * rate, left + (now - then) * rate)
        if left < 1:
            self._shut.setdefault(address, now + _REST)
            return False
        self._left[address] = left - 1, now
        return True

    def open(self, now: float) -> list[bytes]:
        """The addresses that are not shut out."""
        self._shut = {address: until for address, until in self._shut.items() if until > now}
        return [address for address in self._left if address not in self._shut]

    @property
    def opens(self) -> float:
        """When the next address is let in again; infinity if none is shut out."""
        return min(self._shut.values(), default=float("inf"))

    def _rate(self) -> float:
        return max(_LEAST_RATE, min(_MOST_RATE, _RATE / (len(self._left) or 1)))

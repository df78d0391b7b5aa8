"""Receives the events of the wait. This class ignores them; the entry point prints them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fence_kdump.outcome import Stranger

__all__ = ["Tell"]


class Tell:
    """Ignores all events."""

    def warning(self, text: str) -> None:
        """A problem that does not end the wait: one line, each only once."""

    def listening(self, expected: dict[bytes, str]) -> None:
        """The names of the node were looked up.

        expected -- packed address -> name, of the addresses that count
        """

    def stranger(self, stranger: Stranger) -> None:
        """The first message from an address that does not count, for the first few addresses.

        It is reported at once, because the agent may be killed later.
        """

"""Whom waiting tells what happens meanwhile: this one says nothing, the entry point prints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fence_kdump.outcome import Stranger

__all__ = ["Tell"]


class Tell:
    """Tells nobody."""

    def warning(self, text: str) -> None:
        """What is wrong, although the waiting goes on: one line, each once."""

    def listening(self, expected: dict[bytes, str]) -> None:
        """The node's names were looked up.

        expected -- packed address -> name of what counts
        """

    def stranger(self, stranger: Stranger) -> None:
        """A first message from an address that does not count, for the first few of those: whoever
        kills the agent later shall know."""

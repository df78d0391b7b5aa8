"""Text that a terminal may have: names and log lines come from elsewhere."""

from __future__ import annotations

__all__ = ["plain"]


def plain(text: str) -> str:
    """The text, with characters that a terminal would obey written as escapes: \\x1b.

    Other bytes that are no text stay as they are (PEP 383).
    """
    return "".join(c if _is_harmless(c) else repr(c)[1:-1] for c in text)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or "\udca0" <= character <= "\udcff"

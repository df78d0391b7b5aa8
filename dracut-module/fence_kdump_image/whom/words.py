"""Words as administrators write them -> words as they are meant.

No option and no node name contains quotes or commas. Administrators add them because other files
need them. Dashes in place of hyphens come from copying out of a document.
"""

from __future__ import annotations

__all__ = ["split"]

_QUOTES = dict.fromkeys(map(ord, "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"))
_DASHES = {0x2010: "-", 0x2011: "-", 0x2013: "-", 0x2212: "-", 0x2014: "--"}
_SEPARATORS = ",;"


def split(text: str) -> list[str]:
    """The words of a text, without quotes, and without commas at their ends.

    text -- options and nodes
    """
    plain = text.translate({**_QUOTES, **_DASHES})
    return [word for raw in plain.split() if (word := raw.strip(_SEPARATORS))]

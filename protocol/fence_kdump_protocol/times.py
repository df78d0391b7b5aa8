"""Times as administrators write them, read as Pacemaker reads them (its crm_get_msec()).

A number, perhaps blanks, perhaps a unit, of which the beginning counts, in any case: so `60sec` and
`2 Minutes` are times, and a number alone is seconds. Unlike Pacemaker, fractions are kept.
"""

from __future__ import annotations

__all__ = ["seconds"]

_UNITS = (("ms", 0.001), ("us", 0.000001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))
_NUMBER = "0123456789."


def seconds(text: str) -> float | None:
    """The seconds that a text stands for, None if it is no time."""
    text = text.strip()
    unit = text.lstrip(_NUMBER)
    number = text[: len(text) - len(unit)]
    unit = unit.strip().lower()
    factor = next((factor for start, factor in _UNITS if unit.startswith(start)), None)
    if unit and factor is None:
        return None
    try:
        return float(number) * (factor or 1.0)
    except ValueError:
        return None

"""Times as administrators write them, read as Pacemaker reads them (its crm_get_msec()).

A time is a number, optional blanks, and an optional unit. Only the beginning of the unit matters,
in upper or lower case: `60sec` and `2 Minutes` are times. A number without a unit is in seconds.
Unlike in Pacemaker, fractions are kept.
"""

from __future__ import annotations

__all__ = ["seconds"]

_UNITS = (("ms", 0.001), ("us", 0.000001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))
_NUMBER = "0123456789."


def seconds(text: str) -> float | None:
    """The seconds in a text, None if it is not a time."""
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

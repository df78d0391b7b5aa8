"""A timeline as text: a row for each event, its moment on an axis of seconds."""

from __future__ import annotations

from fence_kdump_admin.last.story import Timeline
from fence_kdump_cluster.plain import plain

__all__ = ["draw"]

_WIDTH = 40  # columns of the axis
_LONGEST = 60  # characters of a row's text


def draw(timeline: Timeline) -> str:
    """The picture, with what its zero is as its title."""
    first = min([0.0, *(seconds for seconds, _ in timeline.rows)])
    last = max(seconds for seconds, _ in timeline.rows)
    scale = _WIDTH / (last - first) if last > first else 0.0
    texts = [_short(plain(event.text)) for _, event in timeline.rows]
    width = max(len(text) for text in texts)
    lines = [f"seconds since {timeline.since}"]
    for (seconds, _), text in zip(timeline.rows, texts):
        column = round((seconds - first) * scale)
        bar = "─" * column + "●" + " " * (_WIDTH - column)
        lines.append(f"  {text:<{width}} │{bar}│ {seconds:8.2f} s")
    return "".join(f"{line}\n" for line in lines)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

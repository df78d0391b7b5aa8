"""Draws a run's timeline: PYTHONPATH=tests docs/timeline.py TIMELINE.json OUTPUT.svg.

The input is what `make demo` leaves in build/demo/, or `make demo-cluster` in build/demo-cluster/.
A row per stage, on an axis of seconds.
"""

from __future__ import annotations

import json
import sys
from xml.sax.saxutils import escape

from rig.timeline import CLUSTER_STAGES, STAGES

_WIDTH, _ROW, _TOP = 860, 34, 44  # pixels
_LEFT, _RIGHT = 250, 70  # of the axis: room for names, and for the last figure
_STYLE = """
    text { font: 14px sans-serif; fill: #333 }
    .axis { stroke: #999; stroke-width: 1 }
    .tick { font-size: 12px; fill: #777 }
    .bar { fill: #9db4c8 }
    .ours { fill: #c8553d }
    @media (prefers-color-scheme: dark) { text { fill: #ddd } .tick { fill: #aaa } }
"""
_WORDS = {**STAGES, **CLUSTER_STAGES}
_OURS = ("first_message", "agent_listening", "agent_success")  # what this project adds to a crash


def draw(timeline: dict[str, float]) -> str:
    """The SVG of a timeline: seconds from the panic by stage."""
    last = max(timeline.values())
    scale = (_WIDTH - _LEFT - _RIGHT) / last
    height = _TOP + _ROW * len(timeline) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>From a panic to a saved vmcore, in seconds</title>",
        f"<style>{_STYLE}</style>",
    ]
    for second in range(int(last) + 1):
        x = _LEFT + second * scale
        parts.append(f'<line class="axis" x1="{x:.1f}" y1="24" x2="{x:.1f}" y2="30"/>')
        parts.append(f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="18">{second}</text>')
    parts.append(
        f'<line class="axis" x1="{_LEFT}" y1="30" x2="{_LEFT + last * scale:.1f}" y2="30"/>'
    )
    for row, (stage, seconds) in enumerate(sorted(timeline.items(), key=lambda item: item[1])):
        y = _TOP + row * _ROW
        end = _LEFT + seconds * scale
        kind = "ours" if stage in _OURS else "bar"
        parts += [
            f'<text text-anchor="end" x="{_LEFT - 12}" y="{y + 16}">{escape(_WORDS[stage])}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y + 7}" width="{end - _LEFT:.1f}" height="8"/>',
            f'<circle class="{kind}" cx="{end:.1f}" cy="{y + 11}" r="7"/>',
            f'<text x="{end + 13:.1f}" y="{y + 16}">{seconds:.2f} s</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def main(source: str, output: str) -> None:
    """Draws the file `source` into the file `output`."""
    with open(source, encoding="ascii") as file:
        timeline = json.load(file)
    missing = [stage for stage, seconds in timeline.items() if seconds is None]
    if missing:
        sys.exit(f"{source} is of a run that failed: {', '.join(missing)} was not reached")
    with open(output, "w", encoding="utf-8") as file:
        file.write(draw(timeline))


if __name__ == "__main__":
    main(*sys.argv[1:])

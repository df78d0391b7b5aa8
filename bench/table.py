"""The tables: figures of theirs and of ours, side by side, with their goals."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build", "bench")
HEADING = f"{'':<44} {'C':>9} {'ours':>9} {'ours/C':>8} {'':<5} goal"


@dataclass(frozen=True)
class Row:
    """One line of a table.

    name -- what is measured
    unit -- of the figures
    theirs, ours -- figures
    at_most, at_least -- what ours must not exceed, and what it must reach; None: no goal
    """

    name: str
    unit: str
    theirs: float
    ours: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by theirs."""
        return round(self.ours / self.theirs, 3) if self.theirs else None

    @property
    def met(self) -> bool:
        """Whether ours meets the goal."""
        too_much = self.at_most is not None and self.ours > self.at_most
        too_little = self.at_least is not None and self.ours < self.at_least
        return not (too_much or too_little)

    def __str__(self) -> str:
        goals = [("<=", self.at_most), (">=", self.at_least)]
        goal = ", ".join(f"{sign} {limit:.4g}" for sign, limit in goals if limit is not None)
        ratio = "-" if self.ratio is None else f"{self.ratio:.3g}"
        figures = f"{self.theirs:>9.4g} {self.ours:>9.4g} {ratio:>8}"
        line = f"{self.name:<44} {figures} {self.unit:<5} {goal}{'' if self.met else '  MISSED'}"
        return line.rstrip()


def as_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows, with their ratios and verdicts."""
    return [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows]


def measure_all(name: str, measures: Sequence[Callable[[], Row]]) -> None:
    """Print a table, a row as soon as it is there, and save it as build/bench/NAME.json."""
    print(HEADING)
    rows = []
    for measure in measures:
        rows.append(measure())
        print(rows[-1], flush=True)
    save(name, as_json(rows))


def save(name: str, content: object) -> None:
    """Write build/bench/NAME.json."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")

"""A figure that was measured, and the one it must reach."""

import json
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """`value` must be below `target`, or may reach it where `inclusive`; without a target it is told for itself.

    Where `at_least`, it must reach the target or be above it.
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    inclusive: bool = False
    note: str = ""
    at_least: bool = False

    @property
    def reached(self) -> bool:
        if self.at_least and self.target is not None:
            return self.value >= self.target
        return self.target is None or self.value < self.target or (self.inclusive and self.value == self.target)

    @property
    def verdict(self) -> str:
        return "" if self.target is None else ("pass" if self.reached else "**FAIL**")

    def row(self) -> str:
        sign = "≥" if self.at_least else "≤" if self.inclusive else "<"
        target = "" if self.target is None else f"{sign} {self.target:g} {self.unit}"
        return f"| {self.what} | {short(self.value)} {self.unit} | {target} | {self.verdict} | {self.note} |"


def short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    head = ["| what | measured | target | | |", "|---|--:|--:|---|---|"]
    return "\n".join([*head, *(figure.row() for figure in figures)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all stay at or below."""
    return sorted(values)[max(0, round(share * len(values) + 0.499999) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def hand_over(figures: list[Figure]) -> None:
    """Leave them for the process that started this one."""
    Path(os.environ["BENCH_FIGURES"]).write_text(json.dumps([asdict(figure) for figure in figures]))


def taken_over(path: Path) -> list[Figure]:
    return [Figure(**fields) for fields in json.loads(path.read_text())]

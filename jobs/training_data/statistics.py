"""How long things are: tokens per example by role, turns, characters per answer. Plain dicts, fit for JSON.

{"from": 0, "to": 16, "count": 3}       a bar: from <= value < to
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from jobs.training_data.spoken import Spoken
from jobs.training_data.tokens import PER_MESSAGE, count_text

COUNTED = 10_000  # examples whose tokens are counted role by role; of more, a seeded sample
SEED = 42
ROLES = {"developer": "system", "function": "tool"}
FIRST_EDGE = 8
MOST_TURNS = 20


class Statistics:
    """Tell it every example in order. `examples` is how many there will be."""

    def __init__(self, examples: int) -> None:
        self._chosen = _sample(examples) if examples > COUNTED else None
        self._seen = self._counted = 0
        self._tokens: dict[str, array[int]] = {}
        self._turns = Counter[int]()
        self._answers = array("I")

    def add(self, example: Spoken) -> None:
        self._turns[sum(role == "user" for role, _ in example.texts)] += 1
        if example.answer is not None:
            self._answers.append(len(example.answer))
        if self._chosen is None or self._seen in self._chosen:
            self._count(example)
        self._seen += 1

    def _count(self, example: Spoken) -> None:
        counts: Counter[str] = Counter()
        for role, text in example.texts:
            counts[ROLES.get(role, role)] += count_text(text) + PER_MESSAGE
        self._counted += 1
        for role in counts:
            self._tokens.setdefault(role, array("I")).append(counts[role])

    def as_dict(self) -> dict[str, Any]:
        return {
            "examples": self._seen,
            "counted": self._counted,
            "roles": [{"role": role, **summary(values)} for role, values in sorted(self._tokens.items())],
            "tokens": {role: histogram(values) for role, values in sorted(self._tokens.items())},
            "turns": _turns(self._turns),
            "answers": {**summary(self._answers), "bars": histogram(self._answers)},
        }


def _sample(examples: int) -> set[int]:
    return set(Random(SEED).sample(range(examples), COUNTED))  # noqa: S311 - nobody guesses, everybody repeats


def summary(values: Sequence[int]) -> dict[str, int]:
    """Nothing but zeros where there are no values."""
    ordered = sorted(values) or [0]
    last = len(ordered) - 1
    return {
        "examples": len(values),
        "total": sum(ordered),
        "median": ordered[last // 2],
        "p95": ordered[round(last * 0.95)],
        "most": ordered[-1],
    }


def histogram(values: Sequence[int]) -> list[dict[str, int]]:
    """Bars that double in width: 0–7, 8–15, 16–31 …; from the first that has something to the last."""
    counts = Counter(max(value.bit_length(), FIRST_EDGE.bit_length() - 1) for value in values)
    if not counts:
        return []
    bits = range(min(counts), max(counts) + 1)
    return [{"from": _from(bit), "to": 1 << bit, "count": counts[bit]} for bit in bits]


def _from(bit: int) -> int:
    return 0 if 1 << bit <= FIRST_EDGE else 1 << (bit - 1)


def _turns(turns: Counter[int]) -> list[dict[str, int]]:
    """Questions per example; the last bar holds all that have more."""
    counts = Counter({min(n, MOST_TURNS): 0 for n in turns})
    for n, count in turns.items():
        counts[min(n, MOST_TURNS)] += count
    return [{"turns": n, "count": counts[n]} for n in sorted(counts)]

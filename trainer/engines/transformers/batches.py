"""Which rows a step learns, and in which portions: pure functions of the seed, so that a resumed job meets the same."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from trainer.engines.transformers.rows import Rows


@dataclass(frozen=True)
class Plan:
    """`portion` is how many tokens, padding included, go through the model at once."""

    seed: int
    examples: int
    batch_size: int
    n_epochs: int
    portion: int

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(self.examples / self.batch_size)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.n_epochs

    def batch(self, step: int) -> list[int]:
        """The rows of step 1, 2, …: every epoch holds every row once, in an order of its own."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        return _shuffled(self.examples, f"{self.seed}:{epoch}")[place * self.batch_size : (place + 1) * self.batch_size]

    def epoch_ends(self, step: int) -> bool:
        return step % self.steps_per_epoch == 0


@lru_cache(maxsize=1)
def _shuffled(examples: int, key: str) -> list[int]:
    order = list(range(examples))
    random.Random(key).shuffle(order)  # noqa: S311 - repeatable on purpose
    return order


def portions(rows: Rows, batch: list[int], most: int, *, pairs: bool) -> Iterator[list[int]]:
    """The sequences of a batch in portions of `most` padded tokens, longest first; pairs stay together."""
    groups = [list(rows.sequences(row)) for row in batch]
    units = groups if pairs else [[sequence] for group in groups for sequence in group]
    units.sort(key=lambda unit: -max(map(rows.length, unit)))
    portion: list[int] = []
    longest = 0
    for unit in units:
        longest = longest or max(map(rows.length, unit))
        if portion and (len(portion) + len(unit)) * longest > most:
            yield portion
            portion, longest = [], max(map(rows.length, unit))
        portion += unit
    yield portion


def padded(rows: Rows, sequences: list[int], padding: int, device: Any) -> tuple[Any, Any, Any]:
    """(tokens, mask, counted) of some sequences, padded on the right."""
    longest = max(map(rows.length, sequences))
    shape = (len(sequences), longest)
    tokens = torch.full(shape, padding, dtype=torch.long)
    mask, counted = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.bool)
    for place, sequence in enumerate(sequences):
        start, end = rows.starts[sequence], rows.starts[sequence + 1]
        tokens[place, : end - start] = rows.tokens[start:end]
        counted[place, : end - start] = rows.counted[start:end]
        mask[place, : end - start] = 1
    return tokens.to(device), mask.to(device), counted.to(device)

"""What is made smaller: cross-entropy of the answers, or DPO's loss of preferring the better one."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import logsigmoid

from trainer.engines.transformers.batches import padded, portions
from trainer.engines.transformers.rows import Rows


@dataclass(frozen=True)
class Objective:
    """`beta` is None for supervised training; `reference` switches the trained weights to those DPO compares with."""

    learner: Any
    padding: int
    device: Any
    portion: int
    beta: float | None
    reference: Any
    processes: int = 1

    def portions(self, rows: Rows, batch: list[int]) -> list[list[int]]:
        """Small enough, too, that each of several processes gets some."""
        sequences = [sequence for row in batch for sequence in rows.sequences(row)]
        share = math.ceil(len(sequences) / self.processes) * max(map(rows.length, sequences))
        most = self.portion if self.processes == 1 else min(self.portion, share)
        return list(portions(rows, batch, most, pairs=self.beta is not None))

    def size(self, rows: Rows, batch: list[int]) -> int:
        """What a batch's sum is divided by: its counted tokens, or its pairs."""
        if self.beta is not None:
            return len(batch)
        return sum(rows.answers(sequence) for row in batch for sequence in rows.sequences(row))

    def sums(self, rows: Rows, sequences: list[int]) -> tuple[Any, Any]:
        """(sum of the loss, how many of the likeliest tokens were right)."""
        tokens, mask, counted = padded(rows, sequences, self.padding, self.device)
        whole = None if bool(mask.all()) else mask
        found, hits = self.learner(tokens, whole, counted)
        if self.beta is None:
            return -found.sum(), hits.sum()
        with torch.no_grad(), self.reference():
            before, _hits = self.learner(tokens, whole, counted)
        owner = counted[:, 1:].nonzero()[:, 0]
        gain = torch.zeros(len(sequences), device=self.device).index_add(0, owner, found - before)
        return -logsigmoid(self.beta * (gain[0::2] - gain[1::2])).sum(), hits.sum()


class Swapped:
    """A frozen copy of the trained weights, which takes their place for a while without being copied again."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._pairs = [(value, value.detach().clone()) for value in parameters.values()]

    @contextmanager
    def __call__(self) -> Iterator[None]:
        now = [value.data for value, _copy in self._pairs]
        for value, copy in self._pairs:
            value.data = copy
        try:
            yield
        finally:
            for (value, _copy), data in zip(self._pairs, now, strict=True):
                value.data = data

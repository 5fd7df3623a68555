"""A loss curve drawn from the data by a seeded rule: the same file, seed and settings give the same curve."""

import math
import random
from dataclasses import dataclass

type Metrics = dict[str, float]

MOST_POINTS = 500
VALID_EVERY = 10  # points


@dataclass(frozen=True)
class Curve:
    """`key` is what the data and the seed make of it; the rest is the plan of the job."""

    key: str
    total_steps: int
    n_epochs: int
    learning_rate: float
    validated: bool
    method: str = "supervised"

    @property
    def steps_per_epoch(self) -> int:
        return self.total_steps // self.n_epochs

    def points(self) -> list[int]:
        """The steps that are reported: all of them up to 500, else evenly chosen; epoch ends always."""
        stride = math.ceil(self.total_steps / MOST_POINTS)
        chosen = set(range(1, self.total_steps + 1, stride)) | set(self.epoch_ends())
        return sorted(chosen)

    def epoch_ends(self) -> list[int]:
        return [epoch * self.steps_per_epoch for epoch in range(1, self.n_epochs + 1)]

    def at(self, step: int) -> Metrics:
        """The metrics of one step, by the names that the real service gives them."""
        dice = random.Random(f"{self.key}:{step}")  # noqa: S311
        loss = self._loss(step) * dice.uniform(0.86, 1.14)
        found = self._told("train", loss)
        if self.validated and (step % VALID_EVERY == 0 or step in self.epoch_ends()):
            found |= self._told("valid", self._valid_loss(step) * dice.uniform(0.9, 1.1))
        if self.validated and step in self.epoch_ends():
            found |= self._told("full_valid", self._valid_loss(step))
        return {name: round(value, 5) for name, value in found.items()}

    def _told(self, name: str, loss: float) -> Metrics:
        """DPO compares whole answers, so it has no accuracy by tokens. OpenAI's names for what it has: not public."""
        found = {f"{name}_loss": loss}
        return found if self.method == "dpo" else found | {f"{name}_mean_token_accuracy": _accuracy(loss)}

    def _loss(self, step: int) -> float:
        """Falls fast, then slowly, with a little drop where examples are seen again."""
        start, floor, pace = self._shape()
        part = step / self.total_steps
        epoch = min((step - 1) // self.steps_per_epoch, self.n_epochs - 1)
        return (floor + (start - floor) * math.exp(-pace * part)) * 0.97**epoch

    def _valid_loss(self, step: int) -> float:
        """Like the training loss but higher, and rising again when the epochs are too many."""
        start, floor, _ = self._shape()
        overfit = max(0.0, step / self.steps_per_epoch - 4) * 0.03
        return max(self._loss(step), floor) * 1.12 + (start - floor) * overfit

    def _shape(self) -> tuple[float, float, float]:
        dice = random.Random(self.key)  # noqa: S311
        start, floor = dice.uniform(1.7, 2.6), dice.uniform(0.25, 0.7)
        if self.method == "dpo":  # begins as a coin would decide: ln 2
            start, floor = math.log(2), floor * 0.4
        return start, floor, dice.uniform(3.5, 5.0) * min(2.0, max(0.4, self.learning_rate**0.5))


def _accuracy(loss: float) -> float:
    return min(0.999, math.exp(-loss * 0.55))

"""One step of training: the batch in portions, the gradient clipped, the rate on a line that falls to zero."""

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from trainer.engines.transformers.objective import Objective
from trainer.engines.transformers.outcomes import Failed
from trainer.engines.transformers.preparing import Prepared
from trainer.engines.transformers.rows import Rows
from trainer.engines.transformers.state import Progress

LARGEST_GRADIENT = 1.0
LOUD, LOUD_STEPS = 4.0, 10  # times the first loss, for that many steps: it does not come back from there
LARGEST_WEIGHT = 65504.0  # the largest number of half precision, in which models are exported
SEEDS = 2**63


@dataclass
class Loop:
    prepared: Prepared
    objective: Objective
    parameters: dict[str, Any]
    optimizer: Any
    accelerator: Any
    progress: Progress

    def step(self) -> dict[str, Any]:
        """Learn one batch; its figures."""
        plan, number, began = self.prepared.plan, self.progress.step + 1, time.monotonic()
        torch.manual_seed((plan.seed * 1_000_003 + number) % SEEDS)  # so that chance, too, is the same after a resume
        for group in self.optimizer.param_groups:
            group["lr"] = self.prepared.settings.learning_rate * (1 - (number - 1) / plan.total_steps)
        batch = plan.batch(number)
        figures = self.learn(batch)
        self._judge(figures["train_loss"], number)
        tokens = sum(self.prepared.training.trained(row) for row in batch)
        seconds = time.monotonic() - began
        self.progress.step = number
        self.progress.trained_tokens += tokens
        return {**figures, "tokens": tokens, "seconds": round(seconds, 4)}

    def learn(self, batch: list[int]) -> dict[str, float]:
        rows, size = self.prepared.training, self.objective.size(self.prepared.training, batch)
        total = torch.zeros(2, dtype=torch.float64, device=self.objective.device)
        shares = self._shares(self.objective.portions(rows, batch))
        for place, (sequences, share) in enumerate(shares, start=1):
            last = place == len(shares)
            with nullcontext() if last else self.accelerator.no_sync(self.objective.learner):
                loss, hits = self.objective.sums(rows, sequences)
                self.accelerator.backward(loss * (share * self.accelerator.num_processes / size))
            total += torch.stack([loss.detach().double(), hits.double()]) * share
        norm = torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), LARGEST_GRADIENT)
        if math.isfinite(float(norm)):
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        loss_sum, right = self.accelerator.reduce(total, "sum").tolist()
        return self._figures("train", loss_sum if math.isfinite(float(norm)) else math.nan, right, size)

    def measure(self, rows: Rows, chosen: list[int], name: str, pause: Any) -> dict[str, float]:
        """Loss and accuracy without learning. `pause` is called before each portion: it may raise."""
        total = torch.zeros(2, dtype=torch.float64, device=self.objective.device)
        with torch.no_grad():
            for sequences, share in self._shares(self.objective.portions(rows, chosen)):
                pause()
                loss, hits = self.objective.sums(rows, sequences)
                total += torch.stack([loss.double(), hits.double()]) * share
        loss_sum, right = self.accelerator.reduce(total, "sum").tolist()
        if not math.isfinite(loss_sum):
            raise self._diverged(f"The validation loss is no number any more at step {self.progress.step}")
        return self._figures(name, loss_sum, right, self.objective.size(rows, chosen))

    def check_weights(self) -> None:
        """Raises Failed where they left for good: after the last step no loss shows it."""
        if not all(bool((value.abs() <= LARGEST_WEIGHT).all()) for value in self.parameters.values()):
            raise self._diverged(f"The weights are beyond {LARGEST_WEIGHT:g} at step {self.progress.step}")

    def _shares(self, portions: list[list[int]]) -> list[tuple[list[int], float]]:
        """This process's portions; where another has one more, one that counts nothing, so that all keep in step."""
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        own = [(portion, 1.0) for portion in portions[rank::world]]
        return own + [(portions[0], 0.0)] * (math.ceil(len(portions) / world) - len(own))

    def _figures(self, name: str, loss: float, right: float, size: int) -> dict[str, float]:
        figures = {f"{name}_loss": loss / size}
        return figures if self.objective.beta is not None else {**figures, f"{name}_mean_token_accuracy": right / size}

    def _judge(self, loss: float, number: int) -> None:
        """Whether the loss has left for good."""
        progress = self.progress
        progress.first_loss = loss if progress.first_loss is None else progress.first_loss
        loud = not loss <= LOUD * progress.first_loss
        progress.loud_steps = progress.loud_steps + 1 if loud else 0
        if math.isfinite(loss) and progress.loud_steps < LOUD_STEPS:
            return
        what = f"grew to {loss:.4g}" if math.isfinite(loss) else "is no number any more"
        raise self._diverged(f"The loss {what} at step {number}")

    def _diverged(self, what: str) -> Failed:
        rate = self.prepared.settings.learning_rate
        return Failed("diverged", f"{what} (learning rate {rate:.3g}): lower learning_rate_multiplier.")

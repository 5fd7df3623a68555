"""A run from its state on disk to its end: lines for the parent, validation, checkpoints, the state for a resume."""

import os
import random
import time
from dataclasses import dataclass, field
from typing import Any

import torch

from trainer.engines.transformers import checkpoints, models, state
from trainer.engines.transformers.loop import Loop
from trainer.engines.transformers.outcomes import Failed, Stopped
from trainer.engines.transformers.preparing import Prepared
from trainer.engines.transformers.process import Lines, peak_memory, stop

SAVE_SECONDS = float(os.environ.get("TRAINER_SAVE_SECONDS", "15"))  # between two states,
SAVE_SHARE = 20  # but saving takes at most a twentieth of the time
GLANCE, GLANCE_EVERY = 8, 10  # rows of the validation file measured on the way, and every how many steps


@dataclass
class Running:
    prepared: Prepared
    loop: Loop
    model: Any
    lines: Lines
    saved_at: float = field(default_factory=time.monotonic)
    saving_took: float = 0.0

    def run(self) -> None:
        """Ends with the line `done` or `stopped`, or raises Failed."""
        try:
            early = self._steps()
        except Stopped:
            self._save()
            self.lines.emit("stopped", step=self.loop.progress.step)
        else:
            self._finish(early)

    def _steps(self) -> bool:
        """Whether early stopping ended them."""
        progress, total = self.loop.progress, self.prepared.plan.total_steps
        self.lines.emit("started", step=progress.step)
        early = self._report()
        while progress.step < total and not early:
            early = self.advance()
        return early

    def advance(self) -> bool:
        """One step with all that belongs to it; whether early stopping makes it the last."""
        progress = self.loop.progress
        self._stop_if_wanted()
        began = time.monotonic()
        progress.unreported = self.loop.step()
        early = self._report()
        progress.seconds += time.monotonic() - began
        self._limit_time()
        self._save_when_due()
        return early

    def _report(self) -> bool:
        """Complete and print the step that is done; whether it is the last by early stopping."""
        progress, figures = self.loop.progress, self.loop.progress.unreported
        if figures is None:
            return False
        step, ends = progress.step, self.prepared.plan.epoch_ends(progress.step)
        if ends:
            self.loop.check_weights()
        figures |= self._validation(step, ends)
        self.lines.emit("step", step=step, total_steps=self.prepared.plan.total_steps, **figures)
        if ends:
            self._checkpoint(step, figures.get("full_valid_loss"))
        progress.unreported = None
        return ends and self.prepared.order.early_stopping and checkpoints.no_longer_better(progress)

    def _validation(self, step: int, ends: bool) -> dict[str, float]:
        rows = self.prepared.validation
        if rows is None or not (ends or step % GLANCE_EVERY == 0):
            return {}
        everything = list(range(len(rows)))
        some = random.Random(self.prepared.order.seed).sample(everything, min(GLANCE, len(rows)))  # noqa: S311
        found = self.loop.measure(rows, some, "valid", self._stop_if_wanted_alone)
        if ends:
            found |= self.loop.measure(rows, everything, "full_valid", self._stop_if_wanted_alone)
        return found

    def _checkpoint(self, step: int, loss: float | None) -> None:
        run, progress = self.prepared.order.folder, self.loop.progress
        if self._main:
            folder = checkpoints.folder_of(run, step)
            models.write_result(self.model, self.prepared.tokenizer, self.prepared.order.base, folder)
        removed = checkpoints.register(progress, step, loss)
        epoch = step // self.prepared.plan.steps_per_epoch
        self.lines.emit("checkpoint", step=step, epoch=epoch, full_valid_loss=loss, removed=removed)
        if self._main:
            checkpoints.remove(run, removed)

    def _finish(self, early: bool) -> None:
        progress = self.loop.progress
        self._save()
        best = progress.best
        self.lines.emit(
            "done",
            trained_tokens=progress.trained_tokens,
            step=best if self.prepared.order.early_stopping and best else progress.step,
            best_step=best,
            peak_memory_bytes=peak_memory() if self.loop.objective.device.type == "cpu" else _peak_of_gpu(),
            seconds=round(progress.seconds, 3),
            early_stopped=early,
        )

    # --- between steps ---------------------------------------------------------------------------------

    def _stop_if_wanted(self) -> None:
        """SIGTERM reaches several processes at different moments: they agree on it."""
        if self._agreed(stop.wanted):
            raise Stopped

    def _agreed(self, mine: bool) -> bool:
        """Whether it is so in any of the processes."""
        wanted = torch.tensor([float(mine)], device=self.loop.objective.device)
        return bool(self.loop.accelerator.reduce(wanted, "sum"))

    def _stop_if_wanted_alone(self) -> None:
        if stop.wanted and self.loop.accelerator.num_processes == 1:
            raise Stopped

    def _limit_time(self) -> None:
        limit = self.prepared.order.max_seconds
        if not limit or self.loop.progress.step == self.prepared.plan.total_steps:
            return
        if self._agreed(self.loop.progress.seconds > limit):
            self._save()
            message = f"The job has trained for {limit:g} seconds, the longest that is allowed here, and was ended."
            raise Failed("server_error", message)

    def _save_when_due(self) -> None:
        if time.monotonic() - self.saved_at >= max(SAVE_SECONDS, SAVE_SHARE * self.saving_took):
            self._save()

    def _save(self) -> None:
        began = time.monotonic()
        if self._main:
            state.save(self.prepared.order.folder, self.loop.progress, self.loop.parameters, self.loop.optimizer)
        self.saved_at = time.monotonic()
        self.saving_took = self.saved_at - began

    @property
    def _main(self) -> bool:
        return bool(self.loop.accelerator.is_main_process)


def _peak_of_gpu() -> int:
    return int(torch.cuda.max_memory_reserved())

"""The simulated engine: a job's state is a pure function of its row and the clock.

Nothing runs, so nothing can crash: no worker, no file, no write. Whatever is asked is computed from what was
decided when the order came (trainer/ordering.py) and from what was done to the job since (pause, cancel).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from trainer.engines.clock import Clock
from trainer.engines.curve import Curve
from trainer.engines.shaping import (
    MODERATION,
    checkpoint_json,
    checkpoint_message,
    checkpoint_name,
    event_json,
    results_csv,
    step_message,
    validating_message,
)
from trainer.models import Job

type Json = dict[str, Any]

VALIDATED = 2.0  # active seconds after the order: the files have been looked at
STARTED = 4.5  # a place in the queue was found
FINISHING = 1.5  # from the last step to the end
WARM_UP = 5.0  # from the end until the model answers
KEPT_CHECKPOINTS = 3


@dataclass(frozen=True)
class Moment:
    """One event, at so many active seconds. `key` names it within its job, for ever."""

    at: float
    key: str
    message: str
    data: Json | None
    type: str = "message"
    level: str = "info"


def training_seconds(examples: int) -> float:
    """How long the steps take at speed 1, so that 60 examples are done half a minute after the order."""
    return min(150.0, 6.0 + 0.3 * examples)


class Run:
    """What a job's row says about any moment. The row's files must have been fetched with it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.clock = Clock(job.created_at, job.speed, job.pauses)
        self.seconds = training_seconds(job.training_file.examples)
        self.done = STARTED + self.seconds + FINISHING

    @cached_property
    def curve(self) -> Curve:
        job = self.job
        steps = math.ceil(max(1, job.training_file.examples) / job.batch_size) * job.n_epochs
        key = f"{job.training_file.sha256}:{job.seed}:{job.n_epochs}:{job.batch_size}"
        return Curve(key, steps, job.n_epochs, job.learning_rate, job.validation_file is not None, job.method)

    def _moment(self, now: datetime) -> datetime:
        """What was done to a job stays done when the clock is set back: it is no earlier than the last act."""
        paused = [datetime.fromtimestamp(at, UTC) for pause in self.job.pauses for at in pause if at]
        return max(filter(None, (now, self.job.created_at, self.job.cancelled_at, *paused)))

    # --- where it stands ---

    def planned_end(self) -> tuple[str, datetime | None]:
        """How it ends as things stand, and when; None while it is paused on the way there."""
        if self.job.cancelled_at:
            return "cancelled", self.job.cancelled_at
        if self.job.failure:
            return "failed", self.clock.wall(self.job.failure["at"])
        return "succeeded", self.clock.wall(self.done)

    def finished_at(self, now: datetime) -> datetime | None:
        end = self.planned_end()[1]
        return end if end is not None and end <= self._moment(now) else None

    def status(self, now: datetime) -> str:
        now = self._moment(now)
        if self.finished_at(now):
            return self.planned_end()[0]
        if standing := self.clock.standing(now):
            return standing
        active = self.clock.active(now)
        if active < VALIDATED:
            return "validating_files"
        return "queued" if active < STARTED else "running"

    def estimated_finish(self, now: datetime) -> datetime | None:
        return self.planned_end()[1]

    @property
    def failure(self) -> Json | None:
        return self.job.failure

    @property
    def hyperparameters(self) -> Json:
        job = self.job
        beta = {} if job.beta is None else {"beta": job.beta}
        return {
            "n_epochs": job.n_epochs,
            "batch_size": job.batch_size,
            "learning_rate_multiplier": job.learning_rate,
            **beta,
        }

    @property
    def trained_tokens(self) -> int:
        return self.job.training_file.tokens * self.job.n_epochs

    def reached(self, now: datetime) -> float:
        """The active seconds it got to, which stop at its end."""
        now = self._moment(now)
        return self.clock.active(min(now, self.finished_at(now) or now))

    def validated(self, now: datetime) -> bool:
        failure = self.job.failure
        return self.reached(now) >= VALIDATED and not (failure and failure["at"] <= VALIDATED)

    def at_step(self, step: int) -> float:
        return STARTED + self.seconds * step / self.curve.total_steps

    # --- what it left behind ---

    def events(self, now: datetime, words: dict[str, str]) -> list[Json]:
        """Newest first. `words` are the scripted faults that add an event."""
        reached, limit = self.reached(now), self.job.failure["at"] if self.job.failure else math.inf
        past = [moment for moment in self._story(words) if moment.at <= reached and moment.at < limit]
        shown = [self._event(moment, self.clock.wall(moment.at)) for moment in past + list(self._ending(now))]
        return shown[::-1]

    def checkpoints(self, now: datetime) -> list[Json]:
        """Newest first: one an epoch, of which the last three epochs' are kept."""
        reached = self.reached(now)
        steps = [step for step in self.kept_steps() if self.at_step(step) <= reached]
        return [self._checkpoint(step) for step in reversed(steps)]

    def kept_steps(self) -> list[int]:
        return self.curve.epoch_ends()[-KEPT_CHECKPOINTS:]

    def results(self) -> bytes:
        return results_csv((step, self.curve.at(step)) for step in self.curve.points())

    def checkpoint_name(self, step: int) -> str:
        return checkpoint_name(self.job, step)

    def _story(self, words: dict[str, str]) -> Iterator[Moment]:
        """Everything that is told about a job that goes well, oldest first, in the real service's words."""
        job = self.job
        yield Moment(0, "created", f"Created fine-tuning job: {job.uid}", {})
        yield Moment(0, "validating", validating_message(job), {})
        yield Moment(VALIDATED, "validated", "Files validated, moving job to queued state", {})
        yield Moment(STARTED, "started", "Fine-tuning job started", None)
        if "unknown-event" in words:
            yield Moment(STARTED, "odd", "Quantum checks passed", {"qubits": 7}, type="quantum_checks")
        yield from self._steps()
        if "moderation" in words:
            yield Moment(self.done, "moderation", "Moderation checks passed", MODERATION, type="moderation_checks")
        yield Moment(self.done, "model", f"New fine-tuned model created: {job.tuned_name}", {})
        yield Moment(self.done, "completed", "The job has successfully completed", {})

    def _steps(self) -> Iterator[Moment]:
        curve = self.curve
        for step in curve.points():
            at, metrics = self.at_step(step), curve.at(step)
            data = {"step": step, "total_steps": curve.total_steps, **metrics}
            yield Moment(at, f"step:{step}", step_message(step, curve.total_steps, metrics), data, type="metrics")
            if step in curve.epoch_ends()[:-1]:
                yield Moment(at, f"checkpoint:{step}", checkpoint_message(self.job, step), {})

    def _ending(self, now: datetime) -> Iterator[Moment]:
        if self.finished_at(now) and self.job.cancelled_at:
            yield Moment(self.reached(now), "cancelled", "Fine-tuning job cancelled", {})
        elif self.finished_at(now) and (failure := self.job.failure):
            data = {"error_code": failure["code"]}
            yield Moment(failure["at"], "failed", failure["message"], data, level="error")

    def _event(self, moment: Moment, when: datetime | None) -> Json:
        when = when or self.job.cancelled_at or self.job.created_at
        return event_json(self.job, moment.key, when, moment.message, moment.data, moment.type, moment.level)

    def _checkpoint(self, step: int) -> Json:
        when = self.clock.wall(self.at_step(step)) or self.job.created_at
        return checkpoint_json(self.job, step, when, self.curve.at(step))

"""The real engine as its rows tell it: the same questions as of a simulated job, answered from what a worker wrote."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import F, Q

from trainer.engines.shaping import (
    checkpoint_json,
    checkpoint_name,
    event_json,
    results_csv,
    step_message,
)
from trainer.models import ENDED, Job, Status, Step, Training

type Json = dict[str, Any]
type Dated = tuple[datetime, Json]

FRESH = timedelta(seconds=5)  # after an order; a worker that is idle takes it sooner
MOST_POINTS = 1000  # step events of one job; its results hold every step
RECENT = 50  # steps that the estimate of the end goes by
BESIDE_METRICS = {"kind", "step", "total_steps", "tokens", "seconds"}


class Run:
    """What a real job's rows say. The job's files and its `training` should have been fetched with it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.training: Training = job.training

    # --- where it stands ---

    def status(self, now: datetime) -> str:
        """The row's word. A job that no worker holds is `queued`, whatever it was doing before."""
        training = self.training
        if training.status in ENDED or training.status == Status.PAUSED or training.is_held(now):
            return training.status
        if training.status == Status.VALIDATING and now < training.queued_at + FRESH:
            return Status.VALIDATING
        return Status.QUEUED

    def planned_end(self) -> tuple[str, datetime | None]:
        """How it ended, and when; None as long as it has not."""
        training = self.training
        return (training.status if training.status in ENDED else Status.SUCCEEDED), training.finished_at

    def finished_at(self, now: datetime) -> datetime | None:
        return self.training.finished_at

    def estimated_finish(self, now: datetime) -> datetime | None:
        """By the pace of the latest steps; None before there are two."""
        training = self.training
        recent = list(self.job.steps.order_by("-step").values_list("data__seconds", flat=True)[:RECENT])
        if len(recent) < 2 or not training.total_steps:
            return None
        pace = sum(map(float, recent)) / len(recent)
        return now + timedelta(seconds=pace * (training.total_steps - training.steps))

    def validated(self, now: datetime) -> bool:
        return bool(self.training.hyperparameters)

    @property
    def failure(self) -> Json | None:
        return self.training.error

    @property
    def hyperparameters(self) -> Json:
        found: Json = self.training.hyperparameters
        return found

    @property
    def trained_tokens(self) -> int:
        return self.training.trained_tokens

    # --- what it left behind ---

    def events(self, now: datetime, words: dict[str, str]) -> list[Json]:
        """Newest first."""
        dated = sorted([*self._messages(), *self._steps()], key=lambda one: one[0], reverse=True)
        return [event for _when, event in dated]

    def checkpoints(self, now: datetime) -> list[Json]:
        """Newest first: those whose weights are kept."""
        kept = self.job.models.filter(deleted_at=None, created_at__lte=now).exclude(step=None)
        dates = {model.step: model.created_at for model in kept if model.step and model.created_at}
        steps = Step.objects.filter(job=self.job, step__in=[*dates]).order_by("-step")
        return [checkpoint_json(self.job, row.step, dates[row.step], metrics(row.data)) for row in steps]

    def results(self) -> bytes:
        rows = self.job.steps.order_by("step").values_list("step", "data")
        return results_csv((step, metrics(data)) for step, data in rows.iterator())

    def checkpoint_name(self, step: int) -> str:
        return checkpoint_name(self.job, step)

    def _messages(self) -> Iterator[Dated]:
        for row in self.job.training_events.all():
            event = event_json(self.job, row.key, row.created_at, row.message, row.data, row.type, row.level)
            yield row.created_at, event

    def _steps(self) -> Iterator[Dated]:
        total = self.training.total_steps
        for step, data, when in self._reported():
            numbers = metrics(data)
            told = {"step": step, "total_steps": total, **numbers}
            message = step_message(step, total, numbers)
            yield when, event_json(self.job, f"step:{step}", when, message, told, "metrics")

    def _reported(self) -> Iterator[tuple[int, Json, datetime]]:
        """All steps up to MOST_POINTS, else evenly chosen ones; ends of epochs always."""
        rows = self.job.steps.all()
        stride, epoch = ceil(self.training.total_steps / MOST_POINTS), self.training.steps_per_epoch
        if stride > 1 and epoch:
            chosen = rows.annotate(beyond=F("step") % stride, within=F("step") % epoch)
            rows = chosen.filter(Q(beyond=0) | Q(within=0))
        yield from rows.values_list("step", "data", "created_at")


def metrics(data: Json) -> dict[str, float]:
    return {name: value for name, value in data.items() if name not in BESIDE_METRICS}

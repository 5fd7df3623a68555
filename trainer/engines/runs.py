"""The run behind a job, whichever engine it has."""

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from trainer.engines import recorded, simulated
from trainer.models import Engine, Job, TunedModel

type Json = dict[str, Any]

WITH_RUN = ("training_file", "validation_file", "training")  # what to fetch with a job whose run is wanted


class Run(Protocol):
    """What a job's API shows."""

    def status(self, now: datetime) -> str: ...
    def finished_at(self, now: datetime) -> datetime | None: ...
    def planned_end(self) -> tuple[str, datetime | None]: ...
    def estimated_finish(self, now: datetime) -> datetime | None: ...
    def validated(self, now: datetime) -> bool: ...
    def events(self, now: datetime, words: dict[str, str]) -> list[Json]: ...
    def checkpoints(self, now: datetime) -> list[Json]: ...
    def results(self) -> bytes: ...
    def checkpoint_name(self, step: int) -> str: ...

    @property
    def failure(self) -> Json | None: ...
    @property
    def hyperparameters(self) -> Json: ...
    @property
    def trained_tokens(self) -> int: ...


def run_of(job: Job) -> Run:
    return recorded.Run(job) if job.engine == Engine.TRANSFORMERS else simulated.Run(job)


def weights_of(model: TunedModel) -> Path | None:
    """The checkpoint folder of a real tuned model; None for a simulated one."""
    if model.job.engine != Engine.TRANSFORMERS:
        return None
    training = model.job.training
    step = training.model_step if model.step is None else model.step
    return training.folder / "checkpoints" / f"step-{step}"

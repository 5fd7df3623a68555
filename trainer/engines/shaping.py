"""What both engines report, in OpenAI's shapes and words."""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from trainer.models import Job
from wire.ids import derived_id

type Json = dict[str, Any]

COLUMNS = ("train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy")
# the layout of the real one is not public; this is ours
MODERATION = {"categories": {"hate": "passed", "violence": "passed"}, "enforcement": "none"}
LABELS = (("train", "training"), ("valid", "validation"), ("full_valid", "full validation"))


def event_json(
    job: Job, key: str, when: datetime, message: str, data: Json | None, kind: str = "message", level: str = "info"
) -> Json:
    """`key` names the event within its job, for ever."""
    return {
        "object": "fine_tuning.job.event",
        "id": derived_id("ftevent-", job.uid, key),
        "created_at": int(when.timestamp()),
        "level": level,
        "message": message,
        "type": kind,
        "data": data,
    }


def checkpoint_json(job: Job, step: int, when: datetime, metrics: Mapping[str, float]) -> Json:
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": derived_id("ftckpt_", job.uid, step),
        "created_at": int(when.timestamp()),
        "fine_tuned_model_checkpoint": checkpoint_name(job, step),
        "fine_tuning_job_id": job.uid,
        "metrics": {"step": step, **metrics},
        "step_number": step,
    }


def checkpoint_name(job: Job, step: int) -> str:
    """The tuned model's name with other last letters, as OpenAI does it."""
    letters = derived_id("", job.uid, step, length=8)
    return f"{job.tuned_name.rpartition(':')[0]}:{letters}:ckpt-step-{step}"


def step_message(step: int, total: int, metrics: Mapping[str, float]) -> str:
    losses = [f"{label} loss={metrics[key]:.2f}" for name, label in LABELS if (key := f"{name}_loss") in metrics]
    return f"Step {step}/{total}: {', '.join(losses)}"


def checkpoint_message(job: Job, step: int) -> str:
    return f"Checkpoint created at step {step} with Snapshot ID: {checkpoint_name(job, step)}"


def validating_message(job: Job) -> str:
    files = f"training file: {job.training_file.uid}"
    if job.validation_file:
        files += f" and validation file: {job.validation_file.uid}"
    return f"Validating {files}"


def results_csv(points: Iterable[tuple[int, Mapping[str, float]]]) -> bytes:
    """The result file as OpenAI serves it: base64 text of a CSV."""
    rows = ["step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"]
    for step, metrics in points:
        rows.append(",".join([str(step), *(str(metrics.get(name, "")) for name in COLUMNS)]))
    return base64.b64encode(("\n".join(rows) + "\n").encode())

"""Where services keep what OpenAI keeps under one name: the names, and how a value under them is read."""

import re
from collections.abc import Iterable
from typing import Any

from jobs.end_words import CAMEL

type Json = dict[str, Any]

STATUS = ("status", "state", "job_status", "job_state")
IDS = ("id", "job_id", "fine_tuning_job_id", "fine_tune_id")
PATHS = ("name", "job_arn", "arn")  # Fireworks, Vertex: accounts/a/supervisedFineTuningJobs/<id>
CREATED = ("created_at", "created", "create_time", "created_time", "creation_time", "created_date", "created_date_time")
FINISHED = ("finished_at", "completed_at", "ended_at", "finish_time", "completed_time", "completion_time", "end_time")
CHANGED = ("updated_at", "modified_at", "update_time", "last_modified_time")
BASE = ("model", "base_model", "base_model_name", "source_model", "base_model_arn")
TUNED = ("fine_tuned_model", "fine_tuned_model_name")
# Named when the job is ordered: it is there only once the job has succeeded.
PROMISED = ("model_output_name", "output_name", "output_model", "output_model_name", "tuned_model", "finetuned_output")
TOKENS = ("trained_tokens", "token_count", "training_tokens", "billed_tokens", "billable_tokens", "usage")
SUFFIX = ("user_provided_suffix", "suffix")
SETTINGS = ("hyperparameters", "hyperparams", "hyper_parameters")
# Together and Fireworks keep them beside everything else.
LOOSE = {"n_epochs": "n_epochs", "epochs": "n_epochs", "batch_size": "batch_size", "learning_rate": "learning_rate"}

COUNT = re.compile(r"\d{1,15}(?:\.0*)?|\d{1,3}(?:,\d{3}){1,4}", re.ASCII)


def in_snake_case(raw: Json) -> Json:
    """The object by names such as `created_at`: some services write createdAt. What has both keeps the first."""
    named: Json = {}
    for name, value in raw.items():
        named.setdefault(CAMEL.sub("_", name).lower(), value)
    return named | {name: raw[name] for name in named.keys() & raw.keys()}


def first(raw: Json, names: Iterable[str]) -> Any:
    """The first value under one of `names` that is there and is not empty; None."""
    return next((raw[name] for name in names if raw.get(name) not in (None, "", [], {})), None)


def text(value: object, longest: int) -> str:
    return value[:longest] if isinstance(value, str) else ""


def name_of(value: object, longest: int) -> str:
    """A model's name: itself, or of an object that stands for it."""
    if isinstance(value, dict):
        value = first(value, ("id", "name", "model", "endpoint"))
    return text(value, longest)


def whole(value: object, below: int) -> int | None:
    """A count from 0, also as digits in quotes or as 9696.0; None for anything else."""
    if isinstance(value, str) and COUNT.fullmatch(value.strip()):
        value = float(value.replace(",", ""))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < below:
        return None
    return int(value) if value == int(value) else None

"""Rows as OpenAI's objects. Times are Unix seconds."""

from datetime import datetime
from typing import Any

from trainer.bases import Base, living_base
from trainer.engines.simulated import Run
from trainer.models import File, Job, TunedModel
from wire.ids import derived_id

type Json = dict[str, Any]

FINAL = {"succeeded", "failed", "cancelled"}


def unix(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def file_json(file: File) -> Json:
    """A file that never expires says nothing of it: OpenAI's description allows no null there."""
    expiry = {"expires_at": unix(file.expires_at)} if file.expires_at else {}
    return {
        "object": "file",
        "id": file.uid,
        "purpose": file.purpose,
        "filename": file.filename,
        "bytes": file.size,
        "created_at": unix(file.created_at),
        **expiry,
        "status": "processed",
    }


def job_json(job: Job, now: datetime, words: dict[str, str]) -> Json:
    """With the quirks of the real one: `error` is `{}` while all is well, "auto" stays until the files are checked."""
    run = Run(job)
    status = run.status(now)
    hyperparameters = numbers(job) if run.validated(now) else job.asked
    supervised = job.method == "supervised"
    return {
        "object": "fine_tuning.job",
        "id": job.uid,
        "model": job.model,
        "created_at": unix(job.created_at),
        "finished_at": unix(run.finished_at(now)),
        "organization_id": derived_id("org-", job.org),
        "status": "compressing" if "unknown-status" in words and status not in FINAL else status,
        "training_file": job.training_file.uid,
        "validation_file": job.validation_file.uid if job.validation_file else None,
        "hyperparameters": hyperparameters if supervised else None,
        "method": {"type": job.method, job.method: {"hyperparameters": hyperparameters}},
        "estimated_finish": unix(run.planned_end()[1]) if status == "running" else None,
        **_outcome(job, run, status),
        "seed": job.seed,
        "metadata": job.metadata,
        "integrations": [],
        "user_provided_suffix": job.suffix or None,
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": None,
    }


def numbers(job: Job) -> Json:
    beta = {} if job.beta is None else {"beta": job.beta}
    return {
        "n_epochs": job.n_epochs,
        "batch_size": job.batch_size,
        "learning_rate_multiplier": job.learning_rate,
        **beta,
    }


def _outcome(job: Job, run: Run, status: str) -> Json:
    won = status == "succeeded"
    failure = job.failure if status == "failed" else None
    return {
        "fine_tuned_model": job.tuned_name if won else None,
        "result_files": [job.result.uid] if won else [],
        "trained_tokens": job.training_file.tokens * job.n_epochs if won else None,
        "error": {key: failure[key] for key in ("code", "message", "param")} if failure else {},
    }


def base_json(base: Base) -> Json:
    day = base.shutdown.isoformat() if base.shutdown else None
    return _model(base.uid, base.created_at, "trainer", day)


def tuned_json(model: TunedModel) -> Json:
    """A tuned model goes dark with its base."""
    base = living_base(model.job.base)
    day = base.shutdown.isoformat() if base and base.shutdown else None
    return _model(model.uid, model.created_at, derived_id("org-", model.job.org), day)


def _model(uid: str, created_at: datetime | None, owner: str, shutdown_date: str | None) -> Json:
    return {
        "id": uid,
        "object": "model",
        "created": unix(created_at),
        "owned_by": owner,
        "shutdown_date": shutdown_date,
        "engine": "simulated",
    }

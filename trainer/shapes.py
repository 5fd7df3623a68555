"""Rows as OpenAI's objects. Times are Unix seconds."""

from datetime import datetime
from typing import Any

from trainer.bases import Base, shown
from trainer.engines.runs import Run, run_of
from trainer.models import Engine, File, Job, TunedModel, Worker
from trainer.orders import OURS
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
    run = run_of(job)
    status = run.status(now)
    hyperparameters = run.hyperparameters if run.validated(now) else job.asked
    supervised = job.method == "supervised"
    return {
        "object": "fine_tuning.job",
        "id": job.uid,
        "model": job.model,
        "created_at": unix(job.created_at),
        "finished_at": unix(run.finished_at(now)),
        "organization_id": derived_id("org-", job.org),
        "status": "compressing" if "unknown-status" in words and status not in FINAL else status,
        **_lack(job, status),
        "training_file": job.training_file.uid,
        "validation_file": job.validation_file.uid if job.validation_file else None,
        "hyperparameters": _openais(hyperparameters) if supervised else None,
        "method": {"type": job.method, job.method: {"hyperparameters": hyperparameters}},
        "estimated_finish": unix(run.estimated_finish(now)) if status == "running" else None,
        **_outcome(job, run, status),
        "seed": job.seed,
        "metadata": job.metadata,
        "integrations": [],
        "user_provided_suffix": job.suffix or None,
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": None,
    }


def _lack(job: Job, status: str) -> Json:
    """Ours: that a real job waits because no worker lives."""
    waits = job.engine == Engine.TRANSFORMERS and status == "queued"
    return {"has_worker": False} if waits and not Worker.objects.living().exists() else {}


def _outcome(job: Job, run: Run, status: str) -> Json:
    won = status == "succeeded"
    failure = run.failure if status == "failed" else None
    return {
        "fine_tuned_model": job.tuned_name if won else None,
        "result_files": [job.result.uid] if won else [],
        "trained_tokens": run.trained_tokens if won else None,
        "error": {key: failure[key] for key in ("code", "message", "param")} if failure else {},
    }


def _openais(hyperparameters: Json) -> Json:
    """What OpenAI's deprecated object of them has room for."""
    return {name: value for name, value in hyperparameters.items() if name not in OURS}


def base_json(base: Base, speeds: dict[str, float], has_worker: bool) -> Json:
    """With `engine` and, for real ones, what base.json says: ours, not OpenAI's. `speeds`: measured, by base."""
    day = base.shutdown.isoformat() if base.shutdown else None
    model = _model(base.uid, base.created_at, "trainer", day) | {"engine": base.engine}
    if base.is_real:
        model |= shown(base) | {"tokens_per_second": speeds.get(base.uid), "has_worker": has_worker}
    return model


def tuned_json(model: TunedModel, base: Base) -> Json:
    """A tuned model goes dark with its base."""
    day = base.shutdown.isoformat() if base.shutdown else None
    shape = _model(model.uid, model.created_at, derived_id("org-", model.job.org), day)
    return shape | {"engine": model.job.engine, "base": base.uid}


def _model(uid: str, created_at: datetime | None, owner: str, shutdown_date: str | None) -> Json:
    return {
        "id": uid,
        "object": "model",
        "created": unix(created_at),
        "owned_by": owner,
        "shutdown_date": shutdown_date,
        "engine": "simulated",
    }

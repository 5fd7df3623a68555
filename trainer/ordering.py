"""From an order to a job's row, and what may be done to it afterwards.

All that the simulated engine needs is decided here, once: afterwards a job's state follows from its row and the clock.
A real job goes to the queue instead (trainer/work/). Files and models that a simulated one will leave at some moment
are written now with that moment as their `created_at`, so that
no read ever has to write.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from trainer import hooks
from trainer.bases import Base, living_base
from trainer.engines.runs import run_of
from trainer.engines.simulated import STARTED, VALIDATED, WARM_UP, Run, training_seconds
from trainer.faults import Faults
from trainer.models import Engine, File, Job, JobTag, TunedModel
from trainer.orders import BETA, RATE, Order
from trainer.weights.disk import check_room
from trainer.work import queue
from trainer.work.admission import admit
from wire.errors import invalid, not_found
from wire.ids import new_id

type Json = dict[str, Any]

LEAST_EXAMPLES = 10
AUTO_BETA = 0.1  # ours: what "auto" means at OpenAI is not written down
# of each format: the method that trains on it, and OpenAI's word for it (that of preferences is ours)
FORMATS = {"chat": ("supervised", "fine-tune-chat"), "preference": ("dpo", "fine-tune-preference")}
# stands where OpenAI writes the organization, so that a simulated model's name says what it is
SLUGS: dict[str, str] = {Engine.SIMULATED: "simulated", Engine.TRANSFORMERS: "team"}
UNDECIDED = {"n_epochs": 0, "batch_size": 0, "learning_rate": 0.0}  # the child decides, once it has read the files
LASTING_FAULTS = (
    *("unknown-status", "unknown-event", "moderation"),
    *("hook-late", "hook-twice", "hook-forged", "hook-lost"),
)
BAD_FILE = "The job failed due to an invalid training file. "
FAILURES = {
    "server_error": ("The job failed due to an internal error", None),
    "invalid_training_file": (
        f"{BAD_FILE}Invalid file format. Example 100, message 2 Discriminator 'role' is missing in value",
        "training_file",
    ),
    "invalid_n_examples": (
        f"Training file has 7 example(s), but must have at least {LEAST_EXAMPLES} examples",
        "training_file",
    ),
    "unsafe_file": ("The job failed due to an unsafe training file.", "training_file"),
}


def place(order: Order, org: str, faults: Faults, issued: bool = False) -> Job:
    """Make the job, and with it the rows of what it will leave behind. `issued`: the key may order real training."""
    now = timezone.now()
    base = base_of(order.model, org, issued)
    admit(order, base)
    if base.is_real:
        queue.check_place(org)
        check_room(org)
    training = training_file(order.training_file, "training_file", org)
    validation = training_file(order.validation_file, "validation_file", org) if order.validation_file else None
    job = Job(
        uid=new_id("ftjob-"),
        org=org,
        engine=base.engine,
        model=order.model if order.model.startswith("ft:") else base.uid,
        base=base.uid,
        training_file=training,
        validation_file=validation,
        suffix=order.suffix,
        seed=order.seed,
        method=order.method,
        asked=order.asked,
        metadata=order.metadata,
        faults={name: faults.named[name] for name in LASTING_FAULTS if name in faults},
        failure=planned_failure(order.method, training, validation, faults),
        speed=settings.TRAINER_SPEED,
        tuned_name=f"ft:{base.uid}:{SLUGS[base.engine]}:{order.suffix}:{new_id('', 8)}",
        created_at=now,
        listed_at=now + timedelta(seconds=faults.number("late-list", 0)),
        **(UNDECIDED if base.is_real else simulated_numbers(order.asked, training)),
    )
    with transaction.atomic():
        job.save(force_insert=True)
        JobTag.objects.bulk_create(JobTag(job=job, key=key, value=value) for key, value in (job.metadata or {}).items())
        (queue.enqueue if base.is_real else _save_belongings)(job)
    return job


def simulated_numbers(asked: Json, training: File) -> Json:
    """What "auto" becomes where nothing is trained."""
    return {
        "n_epochs": auto_epochs(training.examples) if asked["n_epochs"] == "auto" else asked["n_epochs"],
        "batch_size": auto_batch(training.examples) if asked["batch_size"] == "auto" else asked["batch_size"],
        "learning_rate": 1.8 if asked[RATE] == "auto" else asked[RATE],
        "beta": AUTO_BETA if asked.get(BETA) == "auto" else asked.get(BETA),
    }


def base_of(model: str, org: str, issued: bool = False) -> Base:
    """The snapshot behind a base, an alias or an earlier tuned model; 400 where there is none."""
    if base := living_base(model, issued):
        return base
    tuned = TunedModel.objects.filter(uid=model, job__org=org, deleted_at=None).select_related("job").first()
    answers = tuned and tuned.created_at and tuned.created_at <= timezone.now()
    if tuned and answers and (base := living_base(tuned.job.base, issued)):
        return base
    message = f"Model {model} is not available for fine-tuning or does not exist."
    raise invalid(message, "model", "model_not_available")


def training_file(uid: str, param: str, org: str) -> File:
    file = File.objects.of(org).filter(uid=uid, job=None).first()
    if file is None:
        raise invalid(f"invalid {param}: {uid}", param)
    if file.purpose != "fine-tune":
        raise invalid(f"The purpose of file {uid} is '{file.purpose}', but must be 'fine-tune'.", param)
    return file


def auto_epochs(examples: int) -> int:
    """Three, and more where there are less than a hundred examples, as far as anybody has seen."""
    return min(25, max(3, round(100 / max(1, examples))))


def auto_batch(examples: int) -> int:
    """About 0.2 % of the examples."""
    return min(256, max(1, math.ceil(examples * 0.002)))


def planned_failure(method: str, training: File, validation: File | None, faults: Faults) -> Json | None:
    """The error a job will end with, and after how many active seconds; None for one that goes well."""
    if "fail" in faults:
        code = faults.named["fail"] or "server_error"
        message, param = FAILURES.get(code, FAILURES["server_error"])
        halfway = STARTED + training_seconds(training.examples) / 2
        return _failure(code, message, param, VALIDATED if param else halfway)
    if fault := training.fault or misfit(training, method):
        return _failure("invalid_training_file", BAD_FILE + fault, "training_file", VALIDATED)
    if training.examples < LEAST_EXAMPLES:
        count = f"{training.examples} example(s), but must have at least {LEAST_EXAMPLES} examples"
        return _failure("invalid_n_examples", f"Training file has {count}", "training_file", VALIDATED)
    if validation and (fault := validation.fault or misfit(validation, method)):
        message = f"The job failed due to an invalid validation file. {fault}"
        return _failure("invalid_validation_file", message, "validation_file", VALIDATED)
    return None


def misfit(file: File, method: str) -> str:
    """Why the method cannot train on such a file; empty where it can. The words for chat are OpenAI's, seen."""
    trains, name = FORMATS.get(file.format, (method, ""))
    if trains == method:
        return ""
    return (
        f"Invalid file format. Input file {file.uid} is in the {name} format, but the specified fine-tuning job "
        f"is not using '{trains}' as the training method (provided method={method})."
    )


def _failure(code: str, message: str, param: str | None, at: float) -> Json:
    return {"code": code, "message": message, "param": param, "at": at}


def _save_belongings(job: Job) -> None:
    run = Run(job)
    steps = {job.tuned_name: None} | {run.checkpoint_name(step): step for step in run.kept_steps()}
    TunedModel.objects.bulk_create(TunedModel(uid=name, job=job, step=step) for name, step in steps.items())
    File.objects.create(
        uid=new_id("file-"),
        org=job.org,
        purpose="fine-tune-results",
        filename="step_metrics.csv",
        size=len(run.results()),
        job=job,
    )
    _date_belongings(job)


def _date_belongings(job: Job) -> None:
    """Writes when the job's results and models will be there, as things stand now."""
    run = Run(job)
    word, end = run.planned_end()
    success = end if word == "succeeded" else None
    warm = success + timedelta(seconds=WARM_UP / job.speed) if success else None
    job.result.created_at = success
    job.result.save(update_fields=["created_at"])
    models = list(job.models.all())
    for model in models:
        model.created_at = warm if model.step is None else _reached(run, model.step, end)
    TunedModel.objects.bulk_update(models, ["created_at"])
    hooks.plan(job)


def _reached(run: Run, step: int, end: datetime | None) -> datetime | None:
    """When a checkpoint is there; None if the job ends before."""
    moment = run.clock.wall(run.at_step(step))
    return None if moment is None or (end is not None and moment > end) else moment


def cancel(job: Job, now: datetime) -> None:
    job.cancelled_at = now


def pause(job: Job, now: datetime) -> None:
    job.pauses = [*job.pauses, [now.timestamp(), None]]


def resume(job: Job, now: datetime) -> None:
    job.pauses = [*job.pauses[:-1], [job.pauses[-1][0], now.timestamp()]]


ACTS: dict[str, tuple[Callable[[Job, datetime], None], set[str]]] = {
    "cancel": (cancel, {"validating_files", "queued", "running", "paused"}),
    "pause": (pause, {"validating_files", "queued", "running"}),
    "resume": (resume, {"paused"}),
}


def act(uid: str, org: str, name: str) -> Job:
    """Cancels, pauses or resumes a job; 400 where its status does not allow it."""
    do, allowed = ACTS[name]
    with transaction.atomic():
        # no_key: a worker that writes steps of this job holds its training, and must not wait for us in turn
        rows = Job.objects.select_for_update(of=("self",), no_key=True).select_related(
            "training_file", "validation_file", "training"
        )
        job = rows.filter(org=org, uid=uid).first()
        if job is None:
            raise not_found("fine-tuning job", uid, "fine_tuning_job_id")
        now = timezone.now()
        status = run_of(job).status(now)
        if status not in allowed and not (name == "resume" and queue.is_pausing(job)):
            raise invalid(f"Job {uid} is {status} and cannot take '{name}'.")
        if job.engine == Engine.TRANSFORMERS:
            queue.act(job, name, now)
        else:
            do(job, now)
            job.save(update_fields=["cancelled_at", "pauses"])
            _date_belongings(job)
    return job

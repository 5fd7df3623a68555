"""The queue of real jobs: how one gets in, what its owner may do to it, and which place it has."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from trainer import hooks
from trainer.engines.shaping import validating_message
from trainer.models import WAITING, Engine, Job, Status, Training, TrainingEvent, Wanted, Worker
from trainer.work.events import note
from trainer.work.keeping import tidy
from wire.errors import WireError

type Json = dict[str, Any]

RETRY_AFTER = "60"  # seconds


def check_place(org: str) -> None:
    """Raise the 429 of a key that has as many jobs in the queue as it may have."""
    most = settings.TRAINER_QUEUE_PER_KEY
    if most and Training.objects.filter(job__org=org, status__in=WAITING).count() >= most:
        message = f"{most} jobs of this key wait or run, and no more may. Order again when one of them has ended."
        raise WireError(429, message, "rate_limit_exceeded", type="requests", headers={"Retry-After": RETRY_AFTER})


def enqueue(job: Job) -> None:
    """Write the rows of a new real job. In the transaction that makes the job."""
    Training.objects.create(job=job, queued_at=job.created_at)
    note(job, "created", f"Created fine-tuning job: {job.uid}")
    note(job, "validating", validating_message(job))
    announce_places()
    hooks.plan(job)


def in_line(now: datetime) -> "QuerySet[Training]":
    """The jobs that wait for a worker, the next one first."""
    free = Training.objects.filter(status__in=WAITING, wanted=Wanted.RUN).exclude(lease_until__gt=now)
    return free.order_by("queued_at", "pk")


def needs_a_worker() -> bool:
    """Tell whether jobs wait while a worker that lives holds none."""
    now = timezone.now()
    busy = Training.objects.filter(lease_until__gt=now).values("lease_owner")
    idle = Worker.objects.living().exclude(name__in=busy)
    return in_line(now).exists() and idle.exists()


def announce_places() -> None:
    """Write an event for each waiting job whose place is new. The first of an idle queue needs none."""
    now = timezone.now()
    line = in_line(now).values_list("job", "queued_at")
    busy = Training.objects.filter(lease_until__gt=now).exists()
    rows = [
        TrainingEvent(
            job_id=job,
            key=f"place:{int(queued_at.timestamp())}:{place}",
            message=f"In the queue: place {place}",
            data={"place": place},
        )
        for place, (job, queued_at) in enumerate(line, start=1)
        if busy or place > 1
    ]
    TrainingEvent.objects.bulk_create(rows, ignore_conflicts=True)


# --- what its owner may do ---


def cancel(training: Training, now: datetime) -> None:
    if training.is_held(now):
        training.wanted = Wanted.CANCEL
        training.save(update_fields=["wanted"])
    else:
        end(training, Status.CANCELLED)
        transaction.on_commit(partial(tidy, training.job, training.folder))


def pause(training: Training, now: datetime) -> None:
    if not training.is_held(now):
        training.status = Status.PAUSED
        note(training.job, f"paused:{training.fence}:{int(now.timestamp())}", "Fine-tuning job paused")
    training.wanted = Wanted.PAUSE
    training.save(update_fields=["wanted", "status"])


def resume(training: Training, now: datetime) -> None:
    if training.status == Status.PAUSED:
        training.status, training.queued_at, training.idle_attempts = Status.QUEUED, now, 0
        note(training.job, f"resumed:{int(now.timestamp())}", "Fine-tuning job resumed, back in the queue")
    training.wanted = Wanted.RUN
    training.save(update_fields=["wanted", "status", "queued_at", "idle_attempts"])


def is_pausing(job: Job) -> bool:
    """Tell whether a worker still has to pause it."""
    return job.engine == Engine.TRANSFORMERS and job.training.wanted == Wanted.PAUSE


ACTS = {"cancel": cancel, "pause": pause, "resume": resume}


def act(job: Job, name: str, now: datetime) -> None:
    """In a transaction that has the job's row locked: nobody else then acts on it."""
    training = Training.objects.select_for_update().get(job=job)
    training.job = job
    ACTS[name](training, now)
    announce_places()


# --- its end ---


def end(training: Training, status: Status, error: Json | None = None) -> None:
    """Write how a job ended, and free it."""
    job = training.job
    training.status, training.error, training.finished_at = status, error, timezone.now()
    training.lease_owner, training.lease_until = "", None
    training.save()
    if error:
        note(job, "failed", error["message"], {"error_code": error["code"]}, level="error")
    elif status == Status.CANCELLED:
        note(job, "cancelled", "Fine-tuning job cancelled")
    job.training = training
    hooks.plan(job)


def settle() -> list[Job]:
    """Bring to rest what was to stop while its worker died. Returns the jobs that ended by it."""
    now = timezone.now()
    left = Training.objects.filter(status__in=WAITING).exclude(wanted=Wanted.RUN).exclude(lease_until__gt=now)
    ended = []
    for pk in left.values_list("pk", flat=True):
        with transaction.atomic():
            training = (
                left.select_for_update(of=("self",))
                .select_related("job__training_file", "job__validation_file")
                .filter(pk=pk)
                .first()
            )
            if training and training.wanted == Wanted.CANCEL:
                cancel(training, now)
                ended.append(training.job)
            elif training:
                pause(training, now)
    return ended

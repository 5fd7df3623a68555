"""From the messages of a training process to rows. Everything happens in the transaction that renewed the lease."""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils import timezone

from trainer.engines.recorded import Run
from trainer.engines.shaping import MODERATION, checkpoint_message, checkpoint_name
from trainer.models import File, Job, Status, Step, Training, TunedModel, Wanted
from trainer.work import messages, queue
from trainer.work.events import note
from trainer.work.lease import Lease
from wire.ids import new_id


class Recorder:
    """Writes for one lease. `ended`: the process has said its last word, and the job is not held any more."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.ended = False

    def record(self, found: Iterable[messages.KINDS]) -> str:
        """Write `found` and renew the lease. Returns what is wanted of the job; LostLeaseError where it is lost."""
        with transaction.atomic():
            training = self.lease.hold()
            ended = any(self._write(training, message) for message in found)  # nothing counts after a last word
            if not ended:
                training.save()
        self.ended = ended
        return training.wanted

    def record_left(self, found: Iterable[messages.KINDS]) -> None:
        """Write what an earlier process printed and no worker has written: it goes on after that, and won't repeat."""
        with transaction.atomic():
            training = self.lease.hold()
            for message in found:
                if isinstance(message, messages.StepDone) and message.step > training.steps:
                    stepped(training, message)
                elif isinstance(message, messages.Checkpoint) and message.step == training.steps:
                    kept(training, message)
            training.save()

    def settle(self, finish: Callable[[Training], None]) -> None:
        """Let `finish` bring the job where it belongs, as long as it is ours."""
        with transaction.atomic():
            finish(self.lease.hold())
        self.ended = True

    def _write(self, training: Training, message: messages.KINDS) -> bool:
        """Returns whether the job is done with."""
        match message:
            case messages.Validated():
                validated(training, message)
            case messages.Started():
                started(training, message)
            case messages.StepDone():
                stepped(training, message)
                return fails_here(training, message)
            case messages.Checkpoint():
                kept(training, message)
            case messages.Refused():
                queue.end(training, Status.FAILED, error_of(message.code, message.message, message.param))
                return True
            case messages.Failed():
                queue.end(training, Status.FAILED, error_of(message.code, message.message))
                return True
            case messages.Done():
                done(training, message)
                return True
            case messages.Stopped():
                stopped(training)
                return True
        return False


LONGEST_MESSAGE = 2000


def error_of(code: str, message: str, param: str | None = None) -> dict[str, str | None]:
    return {"code": code[:64], "message": message[:LONGEST_MESSAGE].replace("\x00", ""), "param": param}


def validated(training: Training, found: messages.Validated) -> None:
    training.tokens, training.total_steps = found.tokens, found.total_steps
    training.steps_per_epoch, training.hyperparameters = found.steps_per_epoch, found.hyperparameters
    training.report = training.report | {
        "examples": found.examples,
        "validation_tokens": found.validation_tokens,
        "cut": found.cut,
        "cut_count": found.cut_count,
        "memory_bytes": found.memory_bytes,
        "tokenizer": found.tokenizer,
    }
    if training.status == Status.VALIDATING:
        training.status = Status.QUEUED
    note(training.job, "validated", "Files validated, moving job to queued state")
    if found.cut_count:
        lines = ", ".join(map(str, found.cut))
        message = f"{found.cut_count} examples are longer than the model's context and were cut. Lines: {lines}"
        note(training.job, "cut", message, {"lines": found.cut, "count": found.cut_count}, level="warn")


def started(training: Training, found: messages.Started) -> None:
    training.status, training.started_at = Status.RUNNING, training.started_at or timezone.now()
    note(training.job, "started", "Fine-tuning job started", data=None)
    if "unknown-event" in training.job.faults:
        note(training.job, "odd", "Quantum checks passed", {"qubits": 7}, kind="quantum_checks")
    if training.attempt > 1:
        note(training.job, f"again:{training.attempt}", f"Training goes on after step {found.step}")


def stepped(training: Training, found: messages.StepDone) -> None:
    row = Step(job=training.job, step=found.step, data=messages.numbers(found), created_at=timezone.now())
    Step.objects.bulk_create([row], ignore_conflicts=True)
    training.total_steps = found.total_steps
    if found.step > training.steps:
        training.steps, training.idle_attempts = found.step, 0


def fails_here(training: Training, found: messages.StepDone) -> bool:
    """A failure that was scripted by the order's key comes half-way (docs/trainer.md)."""
    failure = training.job.failure
    if not failure or found.step * 2 < found.total_steps:
        return False
    queue.end(training, Status.FAILED, error_of(failure["code"], failure["message"], failure["param"]))
    return True


def kept(training: Training, found: messages.Checkpoint) -> None:
    job, now = training.job, timezone.now()
    name = checkpoint_name(job, found.step)
    TunedModel.objects.get_or_create(uid=name, defaults={"job": job, "step": found.step, "created_at": now})
    TunedModel.objects.filter(job=job, step__in=found.removed).delete()
    note(job, f"checkpoint:{found.step}", checkpoint_message(job, found.step))


def done(training: Training, found: messages.Done) -> None:
    job, now = training.job, timezone.now()
    training.trained_tokens, training.model_step = found.trained_tokens, found.step
    training.report = training.report | messages.report(found)
    TunedModel.objects.get_or_create(uid=job.tuned_name, defaults={"job": job, "created_at": now})
    make_results(job)
    if "moderation" in job.faults:
        note(job, "moderation", "Moderation checks passed", MODERATION, kind="moderation_checks")
    note(job, "model", f"New fine-tuned model created: {job.tuned_name}")
    note(job, "completed", "The job has successfully completed", messages.report(found))
    queue.end(training, Status.SUCCEEDED)


def make_results(job: Job) -> None:
    File.objects.create(
        uid=new_id("file-"),
        org=job.org,
        purpose="fine-tune-results",
        filename="step_metrics.csv",
        size=len(Run(job).results()),
        job=job,
        created_at=timezone.now(),
    )


def stopped(training: Training) -> None:
    """The process has ended since it was to: bring the job where its owner wants it."""
    if training.wanted == Wanted.CANCEL:
        queue.end(training, Status.CANCELLED)
        return
    training.lease_owner, training.lease_until, training.idle_attempts = "", None, 0
    if training.wanted == Wanted.PAUSE:
        training.status = Status.PAUSED
        note(training.job, f"paused:{training.fence}", f"Fine-tuning job paused after step {training.steps}")
    training.save()

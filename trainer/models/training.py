"""Real training: a job's lease and progress, its steps and events, and the workers that train."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trainer.models.jobs import Job


class Status(models.TextChoices):
    """OpenAI's words for where a job stands."""

    VALIDATING = "validating_files"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Wanted(models.TextChoices):
    """What the owner of a job wants of it. A worker brings `status` there."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


ENDED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
ALIVE = timedelta(seconds=60)  # since a worker's last heartbeat
WAITING = (Status.VALIDATING, Status.QUEUED, Status.RUNNING)  # a worker has them, or has to take them


class Training(models.Model):
    """The state of a job of the engine `transformers`.

    A worker holds it until `lease_until` and changes it only where `fence` is still the number it was given.
    """

    job = models.OneToOneField(Job, models.CASCADE, related_name="training")
    status = models.CharField(max_length=16, choices=Status, default=Status.VALIDATING)
    wanted = models.CharField(max_length=8, choices=Wanted, default=Wanted.RUN)
    attempt = models.PositiveIntegerField(default=0)
    idle_attempts = models.PositiveIntegerField(default=0)  # since the last new step
    lease_owner = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)  # its place in the queue
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    steps = models.PositiveIntegerField(default=0)  # done and recorded
    total_steps = models.PositiveIntegerField(default=0)
    steps_per_epoch = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)  # of one epoch, by the base's own tokenizer
    trained_tokens = models.PositiveBigIntegerField(default=0)
    model_step = models.PositiveIntegerField(null=True)  # whose checkpoint is the finished model
    error = models.JSONField(null=True)  # {"code", "message", "param"}
    hyperparameters = models.JSONField(default=dict)  # numbers, once the files are validated
    report = models.JSONField(default=dict)  # what the child reports besides: memory, tokenizer, cut lines, seconds

    class Meta:
        indexes = [
            models.Index(
                fields=["queued_at", "id"], name="trainer_training_queue", condition=models.Q(status__in=WAITING)
            )
        ]

    def __str__(self) -> str:
        return f"{self.job}: {self.status}"

    @property
    def folder(self) -> Path:
        return Path(settings.TRAINER_DIR) / "runs" / self.job.uid

    def is_held(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now


class Step(models.Model):
    """One step's metrics, as the child printed them. A step that is done again after a crash is the same row."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="steps")
    step = models.PositiveIntegerField()
    data = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "step"], name="trainer_step_once")]

    def __str__(self) -> str:
        return f"{self.job} step {self.step}"


class TrainingEvent(models.Model):
    """An event of a real job, steps excepted: those follow from `Step`."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="training_events")
    key = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=8, default="info")
    type = models.CharField(max_length=32, default="message")
    message = models.TextField()
    data = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="trainer_event_once")]

    def __str__(self) -> str:
        return f"{self.job}: {self.message}"


class Workers(models.Manager["Worker"]):
    def living(self) -> "models.QuerySet[Worker]":
        return self.filter(seen_at__gt=timezone.now() - ALIVE)


class Worker(models.Model):
    """The heartbeat of one process that trains: its device, and what it found there."""

    name = models.CharField(max_length=128, unique=True)
    device = models.CharField(max_length=128)
    memory_total = models.PositiveBigIntegerField(default=0)  # bytes
    memory_free = models.PositiveBigIntegerField(default=0)
    versions = models.JSONField(default=dict)
    bases = models.JSONField(default=list)  # base.json of each, hashes excepted
    speeds = models.JSONField(default=dict)  # {base: tokens a second}, measured
    seen_at = models.DateTimeField(default=timezone.now)

    objects = Workers()

    class Meta:
        verbose_name = _("worker that trains")
        verbose_name_plural = _("Workers that train")

    def __str__(self) -> str:
        return self.name

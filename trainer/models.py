"""What the trainer remembers. A job's state is not here: it is computed from its row and the clock."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

type Json = dict[str, Any]


class FileRows(models.QuerySet["File"]):
    def of(self, org: str) -> "FileRows":
        """The files that exist now: a result file is there only from its job's success on.

        One that was uploaded is there whatever the clock says: it may have been set back since.
        """
        now = timezone.now()
        alive = Q(expires_at=None) | Q(expires_at__gt=now)
        made = Q(job=None) | Q(created_at__lte=now)
        return self.filter(alive, made, org=org, deleted_at=None)


class File(models.Model):
    """Something uploaded, or the results of a job (then `job` is set and the content is computed)."""

    uid = models.CharField(max_length=64, unique=True)
    org = models.CharField(max_length=64)
    purpose = models.CharField(max_length=32)
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=16, blank=True)  # reading.FORMATS; empty where it is none of them
    examples = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    fault = models.TextField(blank=True)  # why a job on this file must fail, in the service's words
    job = models.OneToOneField("Job", models.CASCADE, null=True, related_name="result")
    created_at = models.DateTimeField(null=True)  # null: results of a job whose end nobody knows
    expires_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = FileRows.as_manager()

    class Meta:
        indexes = [models.Index(fields=["org", "-created_at", "-id"], name="trainer_file_newest")]

    def __str__(self) -> str:
        return self.uid

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / "trainer" / self.uid


class Job(models.Model):
    """One order to train, everything about it that was decided when it came, and what was done to it since."""

    uid = models.CharField(max_length=64, unique=True)
    org = models.CharField(max_length=64)
    model = models.CharField(max_length=255)  # as resolved: a base snapshot or an earlier tuned model
    base = models.CharField(max_length=64)
    training_file = models.ForeignKey(File, models.PROTECT, related_name="+")
    validation_file = models.ForeignKey(File, models.PROTECT, null=True, related_name="+")
    suffix = models.CharField(max_length=64, blank=True)
    seed = models.BigIntegerField()
    method = models.CharField(max_length=16, default="supervised")
    asked = models.JSONField(default=dict)  # hyperparameters as ordered, "auto" included
    n_epochs = models.PositiveIntegerField()
    batch_size = models.PositiveIntegerField()
    learning_rate = models.FloatField()
    beta = models.FloatField(null=True)  # of DPO only
    metadata = models.JSONField(null=True)
    faults = models.JSONField(default=dict)  # see trainer/faults.py
    failure = models.JSONField(null=True)  # {"code", "message", "param", "at": active seconds} of a job meant to fail
    speed = models.FloatField(default=1.0)
    tuned_name = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    listed_at = models.DateTimeField()
    pauses = models.JSONField(default=list)  # [[paused, resumed or null], …] in Unix seconds
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["org", "-created_at", "-id"], name="trainer_job_newest")]

    def __str__(self) -> str:
        return self.uid


class JobTag(models.Model):
    """One pair of a job's metadata, as the list filter finds it."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=64)
    value = models.CharField(max_length=512)

    class Meta:
        indexes = [models.Index(fields=["key", "value"], name="trainer_tag_pair")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class ModelRows(models.QuerySet["TunedModel"]):
    def of(self, org: str, now: datetime) -> "ModelRows":
        """The models that answer now: trained, warmed up and not deleted."""
        return self.filter(job__org=org, deleted_at=None, created_at__lte=now)


class TunedModel(models.Model):
    """A name that answers from the job's training file: the end of it, or one of its last checkpoints."""

    uid = models.CharField(max_length=255, unique=True)
    job = models.ForeignKey(Job, models.CASCADE, related_name="models")
    step = models.PositiveIntegerField(null=True)  # null: the finished model
    created_at = models.DateTimeField(null=True)  # null: will not be reached as things stand
    deleted_at = models.DateTimeField(null=True)

    objects = ModelRows.as_manager()

    def __str__(self) -> str:
        return self.uid


class FaultUse(models.Model):
    """How often a scripted fault was asked of one key: some happen on the first call only."""

    key_hash = models.CharField(max_length=64)
    name = models.CharField(max_length=32)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key_hash", "name"], name="trainer_fault_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.calls}"


class Endpoint(models.Model):
    """Where an organization wants its jobs' ends told. Its secret follows from `uid` (trainer/hooks.py)."""

    uid = models.CharField(max_length=64, unique=True)
    org = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "url"], name="trainer_endpoint_once")]

    def __str__(self) -> str:
        return self.uid


class Delivery(models.Model):
    """One job's end, to be told to one endpoint. Whoever moves `due_at` first may send."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    job = models.ForeignKey(Job, models.CASCADE, related_name="deliveries")
    due_at = models.DateTimeField(null=True)  # null: told, given up, or paused on the way to its end
    tries = models.PositiveIntegerField(default=0)
    status = models.PositiveIntegerField(null=True)  # what the receiver answered last; 0 where nothing came

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="trainer_delivery_due", condition=models.Q(due_at__isnull=False))
        ]
        constraints = [models.UniqueConstraint(fields=["endpoint", "job"], name="trainer_delivery_once")]

    def __str__(self) -> str:
        return f"{self.job} → {self.endpoint}"

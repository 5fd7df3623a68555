"""Orders to train and what comes of them."""

from datetime import datetime

from django.db import models

from trainer.models.files import File


class Engine(models.TextChoices):
    SIMULATED = "simulated"
    TRANSFORMERS = "transformers"


class Job(models.Model):
    """One order to train, everything about it that was decided when it came, and what was done to it since.

    A real job leaves `n_epochs`, `batch_size` and `learning_rate` at 0: its numbers are `Training.hyperparameters`.
    """

    uid = models.CharField(max_length=64, unique=True)
    org = models.CharField(max_length=64)
    engine = models.CharField(max_length=16, choices=Engine, default=Engine.SIMULATED)
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
    """A name that answers: the end of a job, or one of its kept checkpoints."""

    uid = models.CharField(max_length=255, unique=True)
    job = models.ForeignKey(Job, models.CASCADE, related_name="models")
    step = models.PositiveIntegerField(null=True)  # null: the finished model
    created_at = models.DateTimeField(null=True)  # null: will not be reached as things stand
    deleted_at = models.DateTimeField(null=True)

    objects = ModelRows.as_manager()

    def __str__(self) -> str:
        return self.uid

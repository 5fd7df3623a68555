"""Webhooks: where ends of jobs are sent, and each end on its way."""

from django.db import models
from django.utils import timezone

from trainer.models.jobs import Job


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

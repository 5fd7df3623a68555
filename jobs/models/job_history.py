"""What became of a job: its states, and what the service told of its training."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import FineTuneJob
from jobs.states import State


class Transition(models.Model):
    """One change of a job's state, kept for ever."""

    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="transitions")
    before = models.CharField(max_length=12, choices=State.choices, blank=True)
    after = models.CharField(max_length=12, choices=State.choices)
    at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class JobEvent(models.Model):
    """One event as the service told it."""

    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="events")
    remote_id = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    level = models.CharField(max_length=32, blank=True)
    type = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    data = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["job", "remote_id"], name="each_event_once")]
        indexes = [models.Index(fields=["job", "-created_at", "-id"], name="events_newest_first")]

    def __str__(self) -> str:
        return self.message


class Metric(models.Model):
    """The numbers of one training step."""

    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    values = models.JSONField()  # {"train_loss": 0.5, ...}

    class Meta:
        verbose_name = _("figures of a step")
        verbose_name_plural = _("figures of steps")
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["job", "step"], name="each_step_once")]

    def __str__(self) -> str:
        return f"{self.step}"


class Checkpoint(models.Model):
    """A model as it stood at one step."""

    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="checkpoints")
    remote_id = models.CharField(max_length=128)
    step = models.PositiveIntegerField()
    model = models.CharField(max_length=300)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ["-step"]
        constraints = [models.UniqueConstraint(fields=["job", "remote_id"], name="each_checkpoint_once")]

    def __str__(self) -> str:
        return self.model

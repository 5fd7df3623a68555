"""Weights that our own trainer packs for download."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import FineTuneJob


class WeightsFormat(models.TextChoices):
    ADAPTER = "adapter", _("Adapter")
    MERGED = "merged", _("Whole model")
    GGUF = "gguf", "GGUF"


class ArchiveState(models.TextChoices):
    MAKING = "making", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Archive(models.Model):
    """One job's model in one format, as the trainer told last. The bytes stay there until somebody downloads them."""

    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="archives")
    format = models.CharField(max_length=16, choices=WeightsFormat.choices)
    state = models.CharField(max_length=16, choices=ArchiveState.choices, default=ArchiveState.MAKING)
    stage = models.CharField(max_length=32, blank=True)  # the trainer's word for what it does with it
    progress = models.FloatField(null=True, blank=True)  # of that stage, 0 to 1
    size = models.BigIntegerField(null=True, blank=True)  # bytes, once it is ready
    trouble = models.TextField(blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)  # when the trainer took the order
    due_at = models.DateTimeField(null=True, blank=True)  # when the worker looks next
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("archive of weights")
        verbose_name_plural = _("archives of weights")
        constraints = [models.UniqueConstraint(fields=["job", "format"], name="archive_once")]
        indexes = [models.Index(fields=["due_at"], name="archives_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.job.name} · {self.format}"

    @property
    def percent(self) -> int:
        return int(min(max(self.progress or 0.0, 0.0), 1.0) * 100)

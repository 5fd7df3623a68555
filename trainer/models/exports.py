"""Archives of weights for download, made by a worker."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone

from trainer.models.jobs import Job


class ExportStatus(models.TextChoices):
    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class Format(models.TextChoices):
    ADAPTER = "adapter"
    MERGED = "merged"  # or the whole model, where all weights were trained
    GGUF = "gguf"


class Export(models.Model):
    """One archive: of a checkpoint (that of the finished model has a step as well) in one format.

    A worker that makes it renews `changed_at`; where that grows old, another may begin again.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="exports")
    step = models.PositiveIntegerField()
    format = models.CharField(max_length=16, choices=Format)
    status = models.CharField(max_length=16, choices=ExportStatus, default=ExportStatus.WAITING)
    stage = models.CharField(max_length=16, blank=True)  # as the child says it: merging, converting, packing
    done = models.PositiveBigIntegerField(default=0)  # of `total`; 0 of 0 where nobody knows
    total = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)  # bytes, once it is ready
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.JSONField(null=True)  # {"code", "message"}
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "step", "format"], name="trainer_export_once")]

    def __str__(self) -> str:
        return f"{self.job} step {self.step} {self.format}: {self.status}"

    @property
    def folder(self) -> Path:
        return Path(settings.TRAINER_DIR) / "runs" / self.job.uid / "exports"

    @property
    def archive(self) -> Path:
        return self.folder / f"{self.format}-{self.step}.zip"

    @property
    def work(self) -> Path:
        """Where the child finds its order and puts what it needs for a while."""
        return self.folder / f"{self.format}-{self.step}.new"

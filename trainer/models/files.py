"""Uploaded files and results."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


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

"""A second job at the service for one order: it was acted on after it had been taken for absent."""

from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.job import FineTuneJob


class SecondJob(models.Model):
    """A job that bears the tag of our order, and is not the one that its row follows. Shown until a person decides."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="second_jobs")
    remote_id = models.CharField(max_length=128)
    remote_status = models.CharField(max_length=64, blank=True)  # word for word
    remote = models.JSONField(default=dict, blank=True)  # the service's job JSON, as it came last
    found_at = models.DateTimeField(default=timezone.now)
    trained_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    billed_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    cancel_wished_at = models.DateTimeField(null=True, blank=True)  # a person pressed the button
    cancelled_at = models.DateTimeField(null=True, blank=True)  # the service took the call
    ended_at = models.DateTimeField(null=True, blank=True)  # seen by us
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # when it is next looked at
    tries = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)

    class Meta:
        verbose_name = _("second job")
        verbose_name_plural = _("second jobs")
        ordering = ["found_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["job", "remote_id"], name="each_second_job_once")]
        indexes = [
            models.Index(fields=["due_at"], name="second_jobs_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.remote_id

    @property
    def is_cancelling(self) -> bool:
        return self.ended_at is None and self.cancel_wished_at is not None

    @property
    def can_cancel(self) -> bool:
        return self.ended_at is None and self.cancel_wished_at is None

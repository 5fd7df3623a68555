"""An evaluation that is ordered with a job, and begins when the job has made its model."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.evaluation import Evaluation
from jobs.models.job import FineTuneJob
from jobs.models.questions import QuestionSet


class PlannedEvaluation(models.Model):
    job = models.OneToOneField(FineTuneJob, on_delete=models.CASCADE, related_name="planned")
    question_set = models.ForeignKey(QuestionSet, on_delete=models.PROTECT, related_name="planned")
    cap_nano = models.PositiveBigIntegerField(null=True, blank=True)  # null: free, or its price is unknown
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    evaluation = models.ForeignKey(Evaluation, null=True, blank=True, on_delete=models.SET_NULL, related_name="planned")
    trouble = models.TextField(blank=True)  # why none was ordered
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)  # ordered, or given up

    class Meta:
        verbose_name = _("planned evaluation")
        verbose_name_plural = _("planned evaluations")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["ended_at"], name="planned_open", condition=models.Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return str(self.job)

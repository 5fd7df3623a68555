"""Which of two answers a member prefers, not knowing whose they are."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.evaluation import Candidate, Evaluation
from jobs.models.questions import Question


class Choice(models.TextChoices):
    A = "a", _("The first")
    B = "b", _("The second")
    TIE = "tie", _("Both alike")


class Vote(models.Model):
    """One member's word on one question and two candidates, of which `a` is the one that is held against `b`."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="votes", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="votes", db_index=False)
    a = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="votes_for_it", db_index=False)
    b = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="votes_against_it", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    choice = models.CharField(max_length=3, choices=Choice.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "user", "a", "b", "question"], name="each_member_votes_once")
        ]

    def __str__(self) -> str:
        return f"{self.evaluation_id} · {self.question_id}"

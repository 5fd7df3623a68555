"""Changes to a file's examples that a person has not made a version of yet."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.team import Anyone
from jobs.models.training_file import TrainingFile


class DraftQuerySet(models.QuerySet["DraftChange"]):
    def of(self, file: TrainingFile, user: Anyone) -> "DraftQuerySet":
        """One's own, in the order of the file; two people who edit the same file do not meet."""
        return self.filter(file=file, by_id=user.pk or 0).order_by(models.F("line").asc(nulls_last=True), "pk")


class DraftChange(models.Model):
    """One line of a file, as one person wants it: other content, none (deleted), or a line more."""

    file = models.ForeignKey(TrainingFile, on_delete=models.CASCADE, related_name="drafts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    line = models.PositiveBigIntegerField(null=True)  # from 1; null: added behind the last one
    content = models.TextField(blank=True)  # one line of JSON; empty: the example is deleted
    size = models.PositiveIntegerField(default=0)  # of the content, in bytes
    at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft of a change")
        verbose_name_plural = _("drafts of changes")
        constraints = [models.UniqueConstraint(fields=["file", "by", "line"], name="one_draft_per_line")]

    def __str__(self) -> str:
        return f"{self.file} · {self.line or '+'}"

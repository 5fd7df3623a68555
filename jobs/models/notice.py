"""What a person is told of a job of theirs: a mark in the header, and a mail if they want one."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.models.job import FineTuneJob
from jobs.models.team import Anyone


class NoticeKind(models.TextChoices):
    ENDED = "ended", _("The job ended")
    UNSURE = "unsure", _("It is not sure that the job started")
    SECOND = "second", _("The service has a second job of the order")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: Anyone) -> "NoticeQuerySet":
        """A person's own, of jobs in teams where that person still is."""
        return self.filter(user_id=user.pk or 0, job__team__members__user_id=user.pk or 0)

    def unseen(self) -> "NoticeQuerySet":
        return self.filter(seen_at=None)


class Notice(models.Model):
    """One thing told to one person once. The row is written with the change that it tells of, so it cannot be lost."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    job = models.ForeignKey(FineTuneJob, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=8, choices=NoticeKind.choices)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)  # a mail is wanted and nobody has begun to send it
    mail_claimed_at = models.DateTimeField(null=True, blank=True)  # begun: never begun again, or it might come twice
    mailed_at = models.DateTimeField(null=True, blank=True)  # the mail server took it

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "job", "kind"], name="told_once")]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notices_unseen", condition=models.Q(seen_at=None)),
            models.Index(
                fields=["mail_due_at"], name="notices_mail_due", condition=models.Q(mail_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.job}"

    @property
    def mail_fate(self) -> str:
        """What became of the mail, for staff."""
        if self.mailed_at:
            return gettext("sent")
        if self.mail_claimed_at:
            return gettext("may not have gone out")
        return gettext("waiting") if self.mail_due_at else gettext("none")

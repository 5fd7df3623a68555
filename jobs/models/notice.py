"""News for one person, of a job of theirs or of a team's models: a mark in the header, and a mail if they want one."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.models.job import FineTuneJob
from jobs.models.team import Anyone, Member, Team


class NoticeKind(models.TextChoices):
    ENDED = "ended", _("The job ended")
    UNSURE = "unsure", _("It is not sure that the job started")
    SECOND = "second", _("The service has a second job of the order")
    ENDING = "ending", _("Models are switched off soon")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: Anyone) -> "NoticeQuerySet":
        """A person's own, of teams where that person still is."""
        teams = Member.objects.filter(user_id=user.pk or 0).values("team")
        return self.filter(models.Q(job__team__in=teams) | models.Q(team__in=teams), user_id=user.pk or 0)

    def unseen(self) -> "NoticeQuerySet":
        return self.filter(seen_at=None)


class Notice(models.Model):
    """One piece of news for one person, once: of a job, or (`ending`) of a team's models and the day they end."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    job = models.ForeignKey(FineTuneJob, null=True, blank=True, on_delete=models.CASCADE, related_name="notices")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="notices")
    ends_on = models.DateField(null=True, blank=True)
    days = models.PositiveSmallIntegerField(null=True, blank=True)  # before that day: one of few marks
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
        constraints = [
            models.UniqueConstraint(fields=["user", "job", "kind"], name="told_once"),
            models.UniqueConstraint(fields=["user", "team", "ends_on", "days"], name="each_end_once"),
            models.CheckConstraint(
                condition=models.Q(job__isnull=False, team=None)
                | models.Q(job=None, team__isnull=False, ends_on__isnull=False, days__isnull=False),
                name="notice_of_job_or_team",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notices_unseen", condition=models.Q(seen_at=None)),
            models.Index(
                fields=["mail_due_at"], name="notices_mail_due", condition=models.Q(mail_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.job or self.team}"

    @property
    def days_left(self) -> int | None:
        """Until the day that it names; below 1 once the models are off."""
        return (self.ends_on - timezone.now().date()).days if self.ends_on else None

    @property
    def mail_fate(self) -> str:
        """What became of the mail, for staff."""
        if self.mailed_at:
            return gettext("sent")
        if self.mail_claimed_at:
            return gettext("may not have gone out")
        return gettext("waiting") if self.mail_due_at else gettext("none")

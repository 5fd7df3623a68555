"""Who did what, when, from where: never changed, never deleted."""

from typing import Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.team import Team


class AuditEntry(models.Model):
    """One act on files, jobs, keys, members or money. Never holds a key."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="audit")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=40)  # "job.ordered", "member.removed" ...
    subject = models.CharField(max_length=200)  # the thing's name as it was then
    subject_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["team", "-at"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.action} · {self.subject}"


def audit(
    request: HttpRequest,
    team: Team,
    action: str,
    subject: models.Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write down that the user of `request` did `action` to `subject`. Call it inside the act's transaction."""
    return AuditEntry.objects.create(
        team=team,
        actor=request.user if request.user.is_authenticated else None,
        action=action,
        subject=str(subject)[:200],
        subject_id=str(getattr(subject, "uuid", subject.pk)),
        before=before or {},
        after=after or {},
        ip=request.META.get("REMOTE_ADDR") or None,
    )

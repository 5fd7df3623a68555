"""What was done and told: history, events, models, notices, the audit trail."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from jobs.admin.filters import ByAct, ByTeam
from jobs.admin.rows import ByDate, Rows, short
from jobs.audit_words import action_words
from jobs.models import AuditEntry, Checkpoint, JobEvent, Notice, Transition, TunedModel


@admin.display(description=_("team"), ordering="job__team__name")
def team_of_job(row: Any) -> str:
    return str(row.job.team)


@admin.display(description=_("message"))
def message(event: JobEvent) -> str:
    return short(event.message)


@admin.display(description=_("act"), ordering="action")
def act(entry: AuditEntry) -> str:
    return action_words(entry.action)


@admin.display(description=_("team"))
def team_of_notice(notice: Notice) -> str:
    return str(notice.job.team if notice.job else notice.team)


@admin.display(description=_("mail"), ordering="mailed_at")
def mail(notice: Notice) -> str:
    return notice.mail_fate


@admin.register(Transition)
class TransitionAdmin(Rows[Transition]):
    shown = ("at", "job", team_of_job, "before", "after", "reason", "by")
    page = ((None, shown),)
    by = ("after", ("at", ByDate))
    search_fields = ("job__name", "job__uuid", "job__remote_id", "job__team__name", "reason")
    list_select_related = ("job__team", "by")


@admin.register(JobEvent)
class EventAdmin(Rows[JobEvent]):
    shown = ("created_at", "job", team_of_job, "level", "type", message)
    page = ((None, ("created_at", "job", team_of_job, "level", "type", "message", "remote_id")),)
    by = ("created_at",)
    search_fields = ("job__name", "job__uuid", "job__remote_id", "message", "remote_id")
    list_select_related = ("job__team",)


@admin.register(Checkpoint)
class CheckpointAdmin(Rows[Checkpoint]):
    shown = ("model", "step", "job", team_of_job, "created_at")
    page = ((None, (*shown, "metrics", "remote_id")),)
    search_fields = ("model", "remote_id", "job__name", "job__team__name")
    list_select_related = ("job__team",)


@admin.register(TunedModel)
class TunedModelAdmin(Rows[TunedModel]):
    shown = ("name", "team", "base", "engine", "step", "job", "connection", "shutdown_date", "created_at")
    page = ((None, (*shown, "uuid")),)
    by = ("engine", "connection__profile", ("shutdown_date", ByDate), ByTeam)
    search_fields = ("name", "base", "team__name", "job__name")
    list_select_related = ("team", "job", "connection")


@admin.register(Notice)
class NoticeAdmin(Rows[Notice]):
    shown = ("created_at", "user", "kind", "job", team_of_notice, "ends_on", "days", "seen_at", mail)
    page = ((None, (*shown, "mail_due_at", "mail_claimed_at", "mailed_at")),)
    by = ("kind", "created_at")
    search_fields = ("user__email", "job__name", "job__team__name", "team__name")
    list_select_related = ("user", "job__team", "team")


@admin.register(AuditEntry)
class AuditEntryAdmin(Rows[AuditEntry]):
    shown = ("at", "team", "actor", act, "subject", "ip")
    page = ((None, (*shown, "subject_id", "before", "after")),)
    by = (ByAct, ("at", ByDate), ByTeam)
    search_fields = ("subject", "subject_id", "team__name", "actor__email")
    list_select_related = ("team", "actor")

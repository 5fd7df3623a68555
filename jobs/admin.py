"""Staff oversight: every team's rows, read-only, never a key. Acts belong to the portal, where they are audited."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from jobs.models import (
    AuditEntry,
    Checkpoint,
    Connection,
    FineTuneJob,
    JobEvent,
    Member,
    RemoteFile,
    Team,
    TrainingFile,
    Transition,
    TunedModel,
    User,
)


class ReadOnly:
    """No adding, changing or deleting: the record stays as it is."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Rows[M: models.Model](ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic while running
    show_full_result_count = False
    list_per_page = 50


class Lines[M: models.Model](ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False
    show_change_link = True


class MemberLines(Lines[Member]):
    model = Member
    fields = ("user", "role", "created_at")


class TransitionLines(Lines[Transition]):
    model = Transition
    fields = ("at", "before", "after", "reason", "by")


class CheckpointLines(Lines[Checkpoint]):
    model = Checkpoint
    fields = ("step", "model", "created_at")


class RemoteFileLines(Lines[RemoteFile]):
    model = RemoteFile
    fields = ("connection", "remote_id", "uploaded_at")


@admin.register(Team)
class TeamAdmin(Rows[Team]):
    list_display = ("name", "slug", "personal_for", "created_at")
    search_fields = ("name", "slug", "members__user__username", "members__user__email")
    list_select_related = ("personal_for",)
    inlines = (MemberLines,)


@admin.register(User)
class UserAdmin(Rows[User]):
    list_display = ("username", "email", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff")
    search_fields = ("username", "email")
    exclude = ("password",)


@admin.register(Member)
class MemberAdmin(Rows[Member]):
    list_display = ("user", "team", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__username", "user__email", "team__name")
    list_select_related = ("user", "team")


@admin.register(Connection)
class ConnectionAdmin(Rows[Connection]):
    list_display = ("name", "team", "profile", "host", "key_hint", "state", "tested_at", "parked_at", "deleted_at")
    list_filter = ("profile", "state")
    search_fields = ("name", "team__name", "base_url", "uuid")
    list_select_related = ("team",)
    exclude = ("sealed_key",)

    @admin.display(description="address")
    def host(self, connection: Connection) -> str:
        return connection.address


@admin.register(TrainingFile)
class TrainingFileAdmin(Rows[TrainingFile]):
    list_display = ("name", "team", "state", "format", "examples", "tokens", "size", "uploaded_by", "created_at")
    list_filter = ("state", "format", "origin")
    search_fields = ("name", "sha256", "uuid", "team__name", "remote_files__remote_id")
    list_select_related = ("team", "uploaded_by")
    exclude = ("content", "report")  # training text is the team's own
    inlines = (RemoteFileLines,)


@admin.register(FineTuneJob)
class FineTuneJobAdmin(Rows[FineTuneJob]):
    list_display = ("name", "team", "state", "remote_status", "base_model", "connection", "created_by", "created_at")
    list_filter = ("state", "remote_status", "connection__profile", "created_at")
    search_fields = ("name", "uuid", "remote_id", "fine_tuned_model", "team__name", "created_by__username")
    list_select_related = ("team", "connection", "created_by")
    date_hierarchy = "created_at"
    inlines = (TransitionLines, CheckpointLines)


@admin.register(Transition)
class TransitionAdmin(Rows[Transition]):
    list_display = ("at", "job", "before", "after", "reason", "by")
    list_filter = ("after", "at")
    search_fields = ("job__name", "job__uuid", "job__remote_id", "reason")
    list_select_related = ("job", "by")


@admin.register(JobEvent)
class JobEventAdmin(Rows[JobEvent]):
    list_display = ("created_at", "job", "level", "type", "message")
    list_filter = ("level", "type")
    search_fields = ("job__name", "job__remote_id", "message", "remote_id")
    list_select_related = ("job",)


@admin.register(TunedModel)
class TunedModelAdmin(Rows[TunedModel]):
    list_display = ("name", "team", "base", "connection", "shutdown_date", "created_at")
    list_filter = ("shutdown_date",)
    search_fields = ("name", "base", "team__name")
    list_select_related = ("team", "connection")


@admin.register(AuditEntry)
class AuditEntryAdmin(Rows[AuditEntry]):
    list_display = ("at", "team", "actor", "action", "subject", "ip")
    list_filter = ("action", "at")
    search_fields = ("subject", "subject_id", "team__name", "actor__username")
    list_select_related = ("team", "actor")

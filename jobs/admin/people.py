"""Teams and people. Superusers say who is staff and who may sign in at all; nothing else of a person changes here."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs.admin.filters import ByTeam
from jobs.admin.rows import Rows, column
from jobs.models import Invitation, Member, Team, User


class MemberLines(admin.TabularInline):  # type: ignore[type-arg]  # not generic while running
    model = Member
    fields = readonly_fields = (column("user"), column("role"), column("created_at"))  # type: ignore[assignment]
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # the page around it has asked

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        return super().get_queryset(request).select_related("user", "team")


@admin.display(description=_("members"), ordering="people")
def members(team: Team) -> int:
    return int(getattr(team, "people", 0))


@admin.register(Team)
class TeamAdmin(Rows[Team]):
    shown = ("name", "slug", members, "personal_for", "created_at")
    page = ((None, shown),)
    search_fields = ("name", "slug", "members__user__email")
    list_select_related = ("personal_for",)
    inlines = (MemberLines,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        rows: QuerySet[Team] = super().get_queryset(request)
        return rows.annotate(people=Count("members"))


@admin.register(User)
class UserAdmin(Rows[User]):
    list_display = ("email", "username", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    search_fields = ("username", "email", "memberships__team__name")
    may_change = ("is_active", "is_staff")
    fields = (*list_display, "language", "time_zone", "mail_me", "mail_ends")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return list(self.list_display)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return ["is_active", "is_staff", "date_joined"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return [(None, {"fields": self.fields})]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers, and never of themselves: nobody locks the last one out by mistake."""
        return bool(getattr(request.user, "is_superuser", False)) and (obj is None or obj.pk != request.user.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [name for name in self.fields if name not in self.may_change]


@admin.register(Member)
class MemberAdmin(Rows[Member]):
    shown = ("user", "team", "role", "created_at")
    page = ((None, shown),)
    by = ("role", ByTeam)
    search_fields = ("user__username", "user__email", "team__name")
    list_select_related = ("user", "team")


@admin.register(Invitation)
class InvitationAdmin(Rows[Invitation]):
    shown = ("email", "team", "role", "invited_by", "created_at", "accepted_at", "withdrawn_at")
    page = ((None, shown),)  # never the token: it lets in
    by = ("role", "created_at", ByTeam)
    search_fields = ("email", "team__name", "invited_by__email")
    list_select_related = ("team", "invited_by")

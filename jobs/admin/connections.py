"""Connections: never the key, never the webhook's secret."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs.admin import acts, shapes
from jobs.admin.filters import ByTeam, Resting
from jobs.admin.rows import NOTHING, Rows, link
from jobs.models import Connection
from jobs.states import ACTIVE


@admin.display(description=_("state"), ordering="state")
def standing(connection: Connection) -> str:
    return shapes.connection_pill(connection)


@admin.display(description=_("active jobs"), ordering="jobs_active")
def active(connection: Connection) -> int:
    return int(getattr(connection, "jobs_active", 0))


@admin.display(description=_("address"))
def address(connection: Connection) -> str:
    return connection.address


@admin.display(description=_("created by"), ordering="created_by__email")
def maker(connection: Connection) -> str:
    return link(connection.created_by) if connection.created_by else NOTHING


@admin.register(Connection)
class ConnectionAdmin(Rows[Connection]):
    shown = ("name", standing, "team", "profile", address, "key_hint", active, maker, "tested_at")
    page = (
        (None, ("name", standing, "detail", "team", "profile", address, "key_hint", active, maker, "uuid")),
        (_("Rest"), ("disabled_at", "parked_at", "wait_until", "tested_at", "test_due_at", "deleted_at")),
        (_("Webhooks"), ("hook_at", "hook_type")),
        (_("What the service says"), ("models_seen", "created_at")),
    )
    by = (Resting, "state", "profile", ByTeam)
    search_fields = ("name", "team__name", "base_url", "uuid", "created_by__email")
    list_select_related = ("team", "created_by")
    actions = (acts.disable, acts.enable)

    def idle(self, row: Connection) -> list[str]:
        return ["disable" if row.disabled_at else "enable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        count = Count("jobs", filter=Q(jobs__state__in=ACTIVE))
        rows: QuerySet[Connection] = super().get_queryset(request)
        return rows.annotate(jobs_active=count)

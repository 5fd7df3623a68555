"""Tuned models at services, and when their lists were read: never an answer, a note or the service's JSON."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs.admin import shapes
from jobs.admin.filters import ByTeam
from jobs.admin.rows import NOTHING, ByDate, Rows
from jobs.models import Inventory, RemoteModel
from jobs.pipeline.rescue.overview import rows_of


@admin.display(description=_("recording"))
def recording(model: RemoteModel) -> str:
    return shapes.evaluation_pill(model.recording.evaluation) if model.recording else NOTHING


@admin.display(description=_("steps"))
def steps(model: RemoteModel) -> str:
    [row] = rows_of([model])
    return " · ".join(f"{step.label}: {step.state_label}" for step in row.steps)


@admin.register(RemoteModel)
class RemoteModelAdmin(Rows[RemoteModel]):
    shown = ("name", "team", "base", "connection", "shutdown_date", "is_listed", "job", recording, "signed_at")
    page = (
        (None, ("name", "team", "connection", "base", "owned_by", "remote_job", "uuid")),
        (_("Steps"), (steps, "job", recording, "retrained", "comparison", "signed_by", "signed_at", "trouble")),
        (_("Times"), ("shutdown_date", "made_at", "used_at", "seen_at", "is_listed", "gone_at")),
    )
    by = (("shutdown_date", ByDate), ("signed_at", ByDate), "connection__profile", ByTeam)
    search_fields = ("name", "base", "remote_job", "uuid", "team__name", "connection__name")
    list_select_related = ("team", "connection", "job", "recording__evaluation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RemoteModel]:
        rows: QuerySet[RemoteModel] = super().get_queryset(request)
        return rows.defer("raw", "sign_note", "connection__models_seen")


@admin.display(description=_("team"), ordering="connection__team__name")
def team_of_list(inventory: Inventory) -> str:
    return str(inventory.connection.team)


@admin.register(Inventory)
class InventoryAdmin(Rows[Inventory]):
    shown = (team_of_list, "connection", "done_at", "due_at", "pages", "tries", "trouble")
    page = ((None, (*shown, "begun_at")),)
    by = ("done_at", "due_at")
    search_fields = ("connection__name", "connection__team__name", "trouble")
    list_select_related = ("connection__team",)

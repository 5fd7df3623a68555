"""Training files and their copies at services: what they are and how they fared, never what is in them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from jobs.admin import shapes
from jobs.admin.filters import ByTeam
from jobs.admin.rows import Rows
from jobs.models import RemoteFile, TrainingFile

COUNTS = ("examples", "tokens", "size")


@admin.display(description=_("state"), ordering="state")
def file_state(file: TrainingFile) -> str:
    return shapes.file_pill(file)


@admin.register(TrainingFile)
class TrainingFileAdmin(Rows[TrainingFile]):
    shown = (
        "name",
        file_state,
        "team",
        "uploaded_by",
        "format",
        "examples",
        "tokens",
        "size",
        "created_at",
        "deleted_at",
    )
    page = (  # not the content, the report and the options: they hold the team's own text
        (None, ("name", file_state, "team", "uploaded_by", "format", "origin", "parent")),
        (_("Figures"), (*COUNTS, "checked_lines", "check_due_at", "sha256", "uuid")),
        (_("Times"), ("created_at", "deleted_at")),
    )
    by = ("state", "format", "origin", "created_at", ByTeam)
    search_fields = ("name", "sha256", "uuid", "team__name", "uploaded_by__email", "remote_files__remote_id")
    list_select_related = ("team", "uploaded_by", "parent")


@admin.display(description=_("team"), ordering="connection__team__name")
def team(copy: RemoteFile) -> str:
    return copy.connection.team.name


@admin.register(RemoteFile)
class CopyAdmin(Rows[RemoteFile]):
    shown = ("remote_id", "training_file", "connection", team, "uploaded_at", "delete_due_at", "deleted_at", "trouble")
    page = ((None, (*shown, "raw")),)
    by = ("connection__profile", "uploaded_at", "deleted_at")
    search_fields = ("remote_id", "training_file__name", "connection__name", "connection__team__name")
    list_select_related = ("training_file", "connection__team")

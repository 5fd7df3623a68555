"""Texts, recipe runs and searches: never a text, a piece of one, a recipe or a passage."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from jobs.admin import shapes
from jobs.admin.filters import ByTeam
from jobs.admin.rows import NOTHING, Rows
from jobs.models import Run, Search, Source
from jobs.templatetags.desk import usd
from jobs.text_faults import explain_text


@admin.display(description=_("state"), ordering="state")
def source_state(source: Source) -> str:
    return shapes.source_pill(source)


@admin.display(description=_("why"))
def source_fault(source: Source) -> str:
    return explain_text(source.fault, source.fault_params)[0] if source.fault else NOTHING


@admin.register(Source)
class SourceAdmin(Rows[Source]):
    shown = ("name", source_state, "team", "uploaded_by", "kind", "size", "characters", "created_at", "deleted_at")
    page = (
        (None, ("name", source_state, source_fault, "team", "uploaded_by", "kind", "encoding")),
        (_("Figures"), ("size", "characters", "sentences", "due_at", "sha256", "uuid")),
        (_("Times"), ("created_at", "deleted_at")),
    )
    by = ("state", "kind", "created_at", ByTeam)
    search_fields = ("name", "sha256", "uuid", "team__name", "uploaded_by__email")
    list_select_related = ("team", "uploaded_by")


@admin.display(description=_("state"), ordering="state")
def run_state(run: Run) -> str:
    return shapes.run_pill(run)


@admin.display(description=_("recipe"))
def recipe(run: Run) -> str:
    return shapes.recipe_words(run)


@admin.display(description=_("spent (USD)"), ordering="spent_nano")
def spent(run: Run) -> str:
    return usd(run.spent_usd) if run.is_paid else NOTHING


@admin.display(description=_("cap (USD)"), ordering="cap_nano")
def cap(run: Run) -> str:
    return usd(run.cap_usd)


@admin.display(description=_("held (USD)"), ordering="held_nano")
def held(run: Run) -> str:
    return usd(run.held_usd) if run.is_paid else NOTHING


@admin.display(description=_("estimate (USD)"))
def estimated(run: Run) -> str:
    return usd(run.estimate.get("usd"))


@admin.display(description=_("started"), ordering="started_at")
def started(run: Run) -> str:
    return shapes.age(run.started_at)


@admin.register(Run)
class RunAdmin(Rows[Run]):
    shown = ("name", run_state, "team", "created_by", recipe, "done", "total", spent, cap, "created_at", "finished_at")
    page = (
        (None, ("name", run_state, "trouble", "team", "created_by", recipe, "training_file", "wish", "uuid")),
        (_("Pieces of text"), ("total", "done", "failed", "unsure", "flagged")),
        (
            _("Money"),
            ("connection", "model", "engine", estimated, cap, spent, held, "prompt_tokens", "completion_tokens"),
        ),
        (_("Times"), ("created_at", started, "finished_at", "due_at", "tries")),
    )
    by = ("state", "connection__profile", "created_at", ByTeam)
    search_fields = ("name", "uuid", "team__name", "created_by__email", "model", "connection__name")
    list_select_related = ("team", "created_by", "connection", "training_file")


@admin.display(description=_("state"), ordering="state")
def search_state(search: Search) -> str:
    return shapes.search_pill(search)


@admin.display(description=_("files that hold it"))
def files(search: Search) -> int:
    return len(search.hits)


@admin.display(description=_("examples that hold it"))
def examples(search: Search) -> int:
    return search.examples


@admin.register(Search)
class SearchAdmin(Rows[Search]):
    shown = ("uuid", search_state, "team", "by", files, examples, "total_bytes", "created_at")
    page = (
        (None, ("uuid", search_state, "team", "by")),
        (_("Figures"), (files, examples, "done_bytes", "total_bytes")),
        (_("Times"), ("created_at", "due_at")),
    )
    by = ("state", "created_at", ByTeam)
    search_fields = ("uuid", "team__name", "by__email")
    list_select_related = ("team", "by")

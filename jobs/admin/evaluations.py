"""Evaluations, their questions and saved prompts: never a question, a prompt or an answer."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from jobs.admin import shapes
from jobs.admin.filters import ByTeam
from jobs.admin.rows import Rows
from jobs.models import Evaluation, Judging, QuestionSet, SavedPrompt
from jobs.templatetags.desk import usd


@admin.display(description=_("state"), ordering="state")
def evaluation_state(evaluation: Evaluation | Judging) -> str:
    return shapes.evaluation_pill(evaluation)


@admin.display(description=_("spent (USD)"), ordering="spent_nano")
def spent(evaluation: Evaluation | Judging) -> str:
    return usd(evaluation.spent_usd)


@admin.display(description=_("cap (USD)"), ordering="cap_nano")
def cap(evaluation: Evaluation | Judging) -> str:
    return usd(evaluation.cap_usd)


@admin.display(description=_("held (USD)"), ordering="held_nano")
def held(evaluation: Evaluation | Judging) -> str:
    return usd(evaluation.held_usd)


@admin.register(Evaluation)
class EvaluationAdmin(Rows[Evaluation]):
    shown = ("name", evaluation_state, "team", "created_by", "kind", "done", "total", spent, cap, "created_at")
    page = (
        (None, ("name", evaluation_state, "trouble", "team", "created_by", "kind", "job", "wish", "uuid")),
        (_("Answers"), ("total", "done", "failed", "unsure", "flagged", "temperature", "max_tokens", "repetitions")),
        (_("Money"), (cap, spent, held, "prompt_tokens", "completion_tokens")),
        (_("Times"), ("created_at", "started_at", "finished_at", "due_at", "tries")),
    )
    by = ("state", "kind", "created_at", ByTeam)
    search_fields = ("name", "uuid", "team__name", "created_by__email")
    list_select_related = ("team", "created_by", "job")


@admin.register(Judging)
class JudgingAdmin(Rows[Judging]):
    """Never its rubric or a reply."""

    shown = ("model", evaluation_state, "evaluation", "created_by", "done", "total", spent, cap, "created_at")
    page = (
        (None, ("model", evaluation_state, "trouble", "evaluation", "connection", "created_by", "wish", "uuid")),
        (_("Answers"), ("total", "done", "failed", "unsure", "flagged", "max_tokens")),
        (_("Money"), (cap, spent, held, "prompt_tokens", "completion_tokens")),
        (_("Times"), ("created_at", "started_at", "finished_at", "due_at", "tries")),
    )
    by = ("state", "created_at")
    search_fields = ("model", "uuid", "evaluation__name", "evaluation__team__name", "created_by__email")
    list_select_related = ("evaluation__team", "connection", "created_by")


@admin.register(QuestionSet)
class QuestionSetAdmin(Rows[QuestionSet]):
    shown = ("uuid", "state", "team", "created_by", "origin", "count", "created_at")
    page = (
        (None, ("uuid", "state", "trouble", "team", "created_by", "origin", "training_file")),
        (_("Figures"), ("count", "number", "due_at")),
        (_("Times"), ("created_at", "locked_at", "deleted_at")),
    )
    by = ("state", "origin", "created_at", ByTeam)
    search_fields = ("uuid", "team__name", "created_by__email")
    list_select_related = ("team", "created_by", "training_file")


@admin.register(SavedPrompt)
class SavedPromptAdmin(Rows[SavedPrompt]):
    shown = ("uuid", "team", "created_by", "created_at")
    page = ((None, ("uuid", "team", "created_by")), (_("Times"), ("created_at", "deleted_at")))
    by = ("created_at", ByTeam)
    search_fields = ("uuid", "team__name", "created_by__email")
    list_select_related = ("team", "created_by")

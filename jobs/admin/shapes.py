"""States as staff see them: a word and a shape, as on the portal's own pages."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.admin.rows import NOTHING
from jobs.models import Connection, Evaluation, FineTuneJob, Judging, Run, Search, Source, TrainingFile
from jobs.templatetags.desk import ago


def job_pill(job: FineTuneJob) -> SafeString:
    return render_to_string("jobs/_job_state.html", {"job": job})


def connection_pill(connection: Connection) -> SafeString:
    return render_to_string("jobs/_connection_state.html", {"connection": connection})


def file_pill(file: TrainingFile) -> SafeString:
    return render_to_string("jobs/_file_state.html", {"file": file})


def source_pill(source: Source) -> SafeString:
    return render_to_string("jobs/_source_state.html", {"source": source})


def run_pill(run: Run) -> SafeString:
    return render_to_string("jobs/_run_state.html", {"run": run})


def evaluation_pill(evaluation: Evaluation | Judging) -> SafeString:
    return render_to_string("jobs/evaluations/_state.html", {"evaluation": evaluation})


def search_pill(search: Search) -> SafeString:
    return render_to_string("jobs/_passage_state.html", {"search": search})


def recipe_words(run: Run) -> SafeString:
    return render_to_string("jobs/_recipe_kind.html", {"kind": run.recipe.get("kind")})


def age(moment: datetime | None) -> str:
    """How long ago, with the very moment on hover."""
    if moment is None:
        return NOTHING
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        date_format(local, "DATETIME_FORMAT"),
        ago(moment),
    )

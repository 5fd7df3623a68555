"""A row of the job list. It is made of nothing but what it shows, so that one rendering serves everybody who looks.

An open list asks every three seconds, and most of what a page of it costs is its twenty-five rows.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Subquery
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from jobs.methods import Method
from jobs.models import Evaluation, FineTuneJob, JobOrigin, Team
from jobs.templatetags.desk import ago, briefly
from jobs.verdict_words import brief, in_order
from jobs.views.job_parts import eta

KEPT = 2048  # rendered rows, about 2 kB each


# The newest evaluation of a job that has a verdict.
EVALUATED = Evaluation.objects.filter(job=OuterRef("pk"), verdict__has_key="pairs").order_by("-created_at", "-pk")
# Names instead of rows, a figure instead of all that a service told: to make those takes longer than to read them.
LISTED = FineTuneJob.objects.annotate(
    connection_name=F("connection__name"),
    file_name=F("training_file__name"),
    owner_name=F("created_by__username"),
    finish=F("remote__estimated_finish"),
    verdict=Subquery(EVALUATED.values("verdict")[:1]),
    evaluation_uuid=Subquery(EVALUATED.values("uuid")[:1]),
).only(
    *("uuid", "team", "origin", "name", "base_model", "engine", "method", "state", "wish", "due_at", "version"),
    *("candidates", "asks_person"),
    *("remote_status", "error", "trouble", "step", "total_steps", "fine_tuned_model"),
    *("estimated_usd", "billed_usd", "created_at", "started_at", "finished_at"),
)


class JobRow(NamedTuple):
    """What the row says, by the names that a job has for it where the templates want a job."""

    language: str | None
    zone: str
    url: str
    uuid: str
    name: str
    base_model: str
    engine: str  # as people read it; empty where it is not known
    method: str  # empty for the usual one
    is_imported: bool
    connection: str
    file: str
    owner: str
    state: str
    state_label: str
    needs_a_person: bool
    remote_status: str
    percent: int | None
    step: int | None
    total_steps: int | None
    left: str
    fine_tuned_model: str
    failure: str
    trouble: str
    cost_usd: Decimal | None
    created_at: datetime
    age: str
    verdict: str  # what its evaluation says of its model, in a few words
    evaluation_url: str

    @property
    def html(self) -> SafeString:
        return _rendered(self)


@lru_cache(KEPT)
def _rendered(row: JobRow) -> SafeString:
    return render_to_string("jobs/_job_row.html", {"job": row})


def job_rows(team: Team, jobs: list[Any]) -> list[JobRow]:
    """The rows of a page, for whom this request speaks to. The jobs are LISTED ones."""
    language, zone, url = get_language(), timezone.get_current_timezone_name(), reverse("job-list", args=[team.slug])
    return [
        JobRow(
            language=language,
            zone=zone,
            url=f"{url}{job.uuid}/",
            uuid=str(job.uuid),
            name=job.name,
            base_model=job.base_model,
            engine=job.get_engine_display(),
            method="" if job.method == Method.SUPERVISED else job.get_method_display(),
            is_imported=job.origin == JobOrigin.IMPORTED,
            connection=job.connection_name or "",
            file=job.file_name or "",
            owner=job.owner_name or "",
            state=job.state,
            state_label=job.state_label,
            needs_a_person=job.needs_a_person,
            remote_status=job.remote_status,
            percent=job.percent,
            step=job.step,
            total_steps=job.total_steps,
            left=briefly(eta(job, job.finish)),
            fine_tuned_model=job.fine_tuned_model,
            failure=str(job.error.get("message") or ""),
            trouble=job.trouble,
            cost_usd=job.cost_usd,
            created_at=job.created_at,
            age=ago(job.created_at),
            verdict=(verdict := _verdict(job)),
            evaluation_url=reverse("evaluation-detail", args=[team.slug, job.evaluation_uuid]) if verdict else "",
        )
        for job in jobs
    ]


def _verdict(job: Any) -> str:
    """Of the job's own model alone; an evaluation may have asked others too."""
    pairs = in_order(job.verdict or {}) if job.fine_tuned_model else []
    return next((brief(pair) for pair in pairs if pair["a_model"] == job.fine_tuned_model), "")

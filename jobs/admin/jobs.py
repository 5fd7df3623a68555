"""Jobs: whose they are, where they stand, and why."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.admin import acts, shapes
from jobs.admin.filters import ByTeam, Failed, ServiceResting, Stuck
from jobs.admin.rows import NOTHING, Rows, link, short
from jobs.models import FineTuneJob, JobQuerySet, Member
from jobs.pipeline.stuck import Why, explained
from jobs.remedies import remedy

LINES = 20  # of a job's history and of its events that its page shows; the rest is one click away


@admin.display(description=_("state"), ordering="state")
def standing(job: FineTuneJob) -> str:
    return shapes.job_pill(job)


@admin.display(description=_("why"))
def why(job: FineTuneJob) -> str:
    """What the service or we said, and what holds the job up."""
    code, said = job.error.get("code") or "", gettext(job.error.get("message") or job.trouble or "")
    held = Why(stuck).label if (stuck := getattr(job, "stuck", "")) else ""
    words = format_html("<span data-service>{}</span>", short(said)) if said else ""
    told = [part for part in (held, code, words) if part]
    return format_html_join(" · ", "{}", ((part,) for part in told)) or NOTHING


@admin.display(description=_("owner"), ordering="created_by__email")
def owner(job: FineTuneJob) -> str:
    return link(job.created_by) if job.created_by else NOTHING


@admin.display(description=_("connection"), ordering="connection__name")
def service(job: FineTuneJob) -> str:
    """Its name, and its state where that tells why nothing happens."""
    connection = job.connection
    if connection is None:
        return NOTHING
    told = connection.disabled_at or connection.parked_at
    return format_html("{} {}", link(connection), shapes.connection_pill(connection) if told else "")


@admin.display(description=_("state since"), ordering="state_since")
def since(job: FineTuneJob) -> str:
    return shapes.age(job.state_since)


@admin.display(description=_("last polled"), ordering="polled_at")
def polled(job: FineTuneJob) -> str:
    return shapes.age(job.polled_at)


@admin.display(description=_("what to do"))
def advice(job: FineTuneJob) -> Any:
    return remedy(job.error, job.engine) or NOTHING


@admin.display(description=_("in the portal"))
def portal(job: FineTuneJob) -> str:
    """A link for staff who are in the team; others would get 404 there, as every stranger."""
    if not getattr(job, "mine", False):
        return NOTHING
    return format_html(
        '<a href="{}">{}</a>', reverse("job-detail", args=[job.team.slug, job.uuid]), gettext("Open in the portal")
    )


@admin.register(FineTuneJob)
class JobAdmin(Rows[FineTuneJob]):
    shown = ("name", standing, why, "team", owner, service, since, polled, portal)
    page = (
        (None, (standing, why, advice, "name", "team", owner, service, portal)),
        (_("Ids"), ("uuid", "remote_id", "remote_status", "fine_tuned_model", "candidates")),
        (_("Work"), ("due_at", "wish", "tries", "trouble", "error", since, polled, "step", "total_steps")),
        (
            _("Order"),
            (
                *(
                    "base_model",
                    "engine",
                    "model_facts",
                    "training_file",
                    "validation_file",
                    "method",
                    "hyperparameters",
                ),
                *("suffix", "seed", "note", "origin"),
            ),
        ),
        (_("Money"), ("estimated_usd", "billed_usd", "trained_tokens", "retry_of")),
        (_("Times"), ("created_at", "submitted_at", "started_at", "finished_at", "collected_at")),
        (_("What the service says"), ("remote", "imported")),
    )
    by = ("state", Failed, Stuck, ServiceResting, "engine", "connection__profile", "created_at", ByTeam)
    search_fields = ("name", "uuid", "remote_id", "fine_tuned_model", "team__name", "created_by__email")
    list_select_related = ("team", "connection", "created_by")
    actions = (acts.poll_now, acts.cancel)
    change_form_template = "admin/jobs/job.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FineTuneJob]:
        mine = Member.objects.filter(team=OuterRef("team"), user=request.user.pk)
        rows = cast(JobQuerySet, super().get_queryset(request))
        return explained(rows).annotate(mine=Exists(mine)).defer("result_csv", "remote", "imported", "estimate")

    def idle(self, row: FineTuneJob) -> list[str]:
        ended = row.is_final and row.due_at is None
        return [*(["poll_now"] if ended else []), *([] if row.can_cancel else ["cancel"])]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        told = self._told(object_id) if object_id.isdecimal() else {}
        return super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def _told(self, pk: str) -> dict[str, Any]:
        """The end of the job's history, and the newest events."""
        job = FineTuneJob(pk=int(pk))
        return {
            "transitions": job.transitions.select_related("by").order_by("-at", "-pk")[:LINES],
            "events": job.events.defer("data")[:LINES],
            "checkpoints": job.checkpoints.all()[:LINES],
        }

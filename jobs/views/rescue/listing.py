"""The inventory of a team's tuned models, wherever they live, and how far the rescue of each is."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jobs.forms.rescue import SignForm
from jobs.models import Answer, Evaluation, EvaluationKind, Member, Notice, RemoteModel
from jobs.pipeline.notices import see
from jobs.pipeline.rescue import comparing, overview, recording
from jobs.verdict_words import in_order, sentence
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.listings import listing
from jobs.views.rescue import untuned

PAGE = 25
RECORDINGS = 5
ANSWERS = 20  # of a model's page
FILTERS = ("all", "open", "unrecorded")


def models_of(request: HttpRequest, member: Member) -> QuerySet[RemoteModel]:
    return RemoteModel.objects.visible_to(request.user).filter(team=member.team)


def model_of(request: HttpRequest, member: Member, uuid: UUID) -> RemoteModel:
    """A model of the member's team, or 404."""
    return get_object_or_404(overview.related(models_of(request, member)), uuid=uuid)


@require_GET
@viewer_page
def rescue(request: DeskRequest, member: Member) -> HttpResponse:
    if member.counts.unseen:  # the menu wants to know in any case
        see(member.user, Notice.objects.filter(team=member.team))
        del member.counts
    shown = request.GET.get("show", "")
    shown = shown if shown in FILTERS else "all"
    page = Paginator(_filtered(models_of(request, member), shown), PAGE).get_page(request.GET.get("page"))
    rows = overview.rows_of(page.object_list)
    lists = list(overview.inventories(member.team))
    recordings = list(_recordings(member))
    context: dict[str, Any] = {
        "page": page,
        "rows": rows,
        "shown": shown,
        "lists": lists,
        "unread": member.team.connections.alive().filter(inventory=None).count(),
        "figures": overview.figures(member.team),
        "to_record": recording.to_record(models_of(request, member)).count(),
        "recordings": recordings,
        "busy": overview.is_moving(member.team),
    }
    state: list[tuple[Any, ...]] = [(row.pk, row.due_at, row.pages, row.trouble, row.done_at) for row in lists]
    state += [(one.pk, one.version) for one in recordings]
    state += [(context["figures"], context["to_record"], context["busy"]), *(row.shown for row in rows)]
    return listing(request, "jobs/rescue/rescue.html", state, context)


def _recordings(member: Member) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(team=member.team, kind=EvaluationKind.RECORDING)[:RECORDINGS]


def _filtered(models: QuerySet[RemoteModel], shown: str) -> QuerySet[RemoteModel]:
    rows = overview.related(models)
    if shown == "unrecorded":
        return overview.unrecorded(rows)
    return rows.filter(signed_at=None) if shown == "open" else rows


@require_GET
@viewer_page
def rescue_model(request: DeskRequest, member: Member, model: UUID) -> HttpResponse:
    found = model_of(request, member, model)
    [row] = overview.rows_of([found])
    answers = Answer.objects.filter(candidate=found.recording_id or 0).select_related("question").order_by("position")
    page = Paginator(answers, ANSWERS).get_page(request.GET.get("page"))
    pairs = in_order(found.comparison.verdict) if found.comparison else []
    context = {
        "row": row,
        "one": found,
        "page": page,
        "verdicts": [sentence(pair) for pair in pairs],
        "can_compare": comparing.can_compare(found),
        "without_tuning": untuned.link(found) if member.may_train else "",
        "tried": untuned.tried(found),
        "sign": SignForm(),
    }
    return render(request, "jobs/rescue/model.html", context)

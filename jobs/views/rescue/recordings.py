"""One recording: how far each model is, and what went wrong, in words. Acts are those of evaluations."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from jobs.models import Evaluation, EvaluationKind, Member, RemoteModel
from jobs.pipeline.rescue.overview import counts_of
from jobs.pipeline.rescue.steps import NO_ANSWERS
from jobs.run_states import RUN_STANDS, RunState
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.listings import listing

PAGE = 50
BUSY = frozenset({RunState.NEW, RunState.PREPARING, RunState.RUNNING})
RETRIABLE = RUN_STANDS | {RunState.RUNNING, RunState.DONE}


def recording_of(request: HttpRequest, member: Member, uuid: UUID) -> Evaluation:
    """A recording of the member's team, or 404."""
    rows = Evaluation.objects.visible_to(request.user).filter(team=member.team, kind=EvaluationKind.RECORDING)
    return get_object_or_404(rows.select_related("team", "created_by"), uuid=uuid)


@require_GET
@viewer_page
def rescue_recording(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    found = recording_of(request, member, evaluation)
    rows = found.candidates.select_related("connection", "question_set", "tuned_model").defer("connection__models_seen")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    counts = counts_of(candidate.pk for candidate in page.object_list)
    models = RemoteModel.objects.filter(recording__in=page.object_list).values_list("recording", "uuid")
    uuids = dict(models)
    context: dict[str, Any] = {
        "evaluation": found,
        "page": page,
        "rows": [(one, counts.get(one.pk, NO_ANSWERS), uuids.get(one.pk)) for one in page.object_list],
        "busy": found.state in BUSY or bool(found.wish),
        "may_retry": member.may_train and found.state in RETRIABLE,
        "higher_cap": "" if found.cap_usd is None else str((found.cap_usd * 2).normalize()),
    }
    state = [(found.version, found.state, found.wish), *((row[0].pk, row[0].state, row[1]) for row in context["rows"])]
    return listing(request, "jobs/rescue/recording.html", state, context)

"""One recording: how far each model is, what went wrong in words, and what one may do about it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jobs.forms.recipe import CapForm
from jobs.models import Candidate, Evaluation, EvaluationKind, Member, RemoteModel, Wish, audit
from jobs.models.paid import NANO
from jobs.pipeline.calls.record import move, note, wish
from jobs.pipeline.evaluations import asking
from jobs.pipeline.rescue.overview import counts_of
from jobs.pipeline.rescue.steps import NO_ANSWERS
from jobs.run_states import RUN_OVER, RUN_STANDS, ChunkState, RunState
from jobs.tasks import nudge, work_evaluation
from jobs.views.access import DeskRequest, trainer_page, viewer_page
from jobs.views.listings import listing
from jobs.views.rescue.acts import uuid_in

PAGE = 50
MOST_RETRIED = 2_000  # answers of one click
BUSY = frozenset({RunState.NEW, RunState.PREPARING, RunState.RUNNING})
RETRIABLE = RUN_STANDS | {RunState.RUNNING, RunState.DONE}
WISHES = {
    "pause": (Wish.PAUSE, "can_pause"),
    "resume": (Wish.RESUME, "can_resume"),
    "cancel": (Wish.CANCEL, "can_cancel"),
}


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


def _back(found: Evaluation) -> HttpResponse:
    return redirect("rescue-recording", found.team.slug, found.uuid)


def _too_late(request: HttpRequest, found: Evaluation) -> HttpResponse:
    messages.error(request, _("That is not possible any more: the recording has moved on in the meantime."))
    return _back(found)


@require_POST
@trainer_page
def rescue_wish(request: DeskRequest, member: Member, evaluation: UUID, what: str) -> HttpResponse:
    """Pause, resume or cancel."""
    found = recording_of(request, member, evaluation)
    if what not in WISHES:
        raise Http404
    wished, allowed = WISHES[what]
    if not getattr(found, allowed):
        return _too_late(request, found)
    with transaction.atomic():
        wish(found, wished)
        after = {"what": what}
        audit(request, member.team, "rescue.recording", found, before={"state": found.state}, after=after)
        nudge(work_evaluation, found.pk)
    return _back(found)


@require_POST
@trainer_page
def rescue_cap(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """Another cap; a recording that its cap had stopped goes on."""
    found = recording_of(request, member, evaluation)
    form = CapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the cap as an amount in dollars, for example 0.50."))
        return _back(found)
    if found.cap_nano is None or found.state in RUN_OVER:
        return _too_late(request, found)
    with transaction.atomic():
        cap = form.cleaned_data["cap"]
        before, after = {"cap": str(found.cap_usd)}, {"cap": str(cap)}
        audit(request, member.team, "rescue.recording", found, before=before, after=after)
        note(found, cap_nano=int(cap * NANO))
        if found.state == RunState.CAPPED:
            move(found, RunState.RUNNING)
        nudge(work_evaluation, found.pk)
    return _back(found)


@require_POST
@trainer_page
def rescue_retry(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """Ask again: what was refused, of one model (`candidate`) or of all; lost answers of one only if `lost` says so."""
    found = recording_of(request, member, evaluation)
    if found.state not in RETRIABLE:
        return _too_late(request, found)
    again = Q(state=ChunkState.FAILED)
    if named := request.POST.get("candidate", ""):
        candidate = get_object_or_404(Candidate, evaluation=found, uuid=uuid_in(named))
        again |= Q(state=ChunkState.UNSURE) if request.POST.get("lost") == "1" else Q()
        again &= Q(candidate=candidate)
    with transaction.atomic():
        count = asking.retry(found, list(found.answers.filter(again).order_by("position")[:MOST_RETRIED]))
        if count:
            audit(request, member.team, "rescue.recording", found, after={"retried": count})
            nudge(work_evaluation, found.pk)
    words = ngettext("%(n)s question is put again.", "%(n)s questions are put again.", count)
    messages.success(request, words % {"n": f"{count:,}"})
    return _back(found)

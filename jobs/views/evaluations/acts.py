"""What one may do to an evaluation, or a recording: small POSTs that leave a wish or a word for the worker."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from jobs.forms.recipe import CapForm
from jobs.models import Evaluation, EvaluationKind, Member, Wish, audit
from jobs.models.paid import NANO
from jobs.pipeline.calls.record import set_cap, wish
from jobs.pipeline.evaluations import asking
from jobs.pipeline.evaluations.verdicts import announce
from jobs.run_states import RUN_OVER, RUN_STANDS, ChunkState, RunState
from jobs.tasks import nudge, work_evaluation
from jobs.views.access import DeskRequest, owner_page, trainer_page
from jobs.views.evaluations.evaluations import evaluation_of
from jobs.views.rescue.acts import uuid_in

ALLOWED = {Wish.CANCEL: "can_cancel", Wish.PAUSE: "can_pause", Wish.RESUME: "can_resume"}
ACTIONS = {Wish.CANCEL: "evaluation.cancelled", Wish.PAUSE: "evaluation.paused", Wish.RESUME: "evaluation.resumed"}
RETRIABLE = RUN_STANDS | {RunState.RUNNING, RunState.DONE}
NAMED = {"failed": ChunkState.FAILED, "lost": ChunkState.UNSURE}


def _back(evaluation: Evaluation) -> HttpResponse:
    page = "rescue-recording" if evaluation.kind == EvaluationKind.RECORDING else "evaluation-detail"
    return redirect(page, team=evaluation.team.slug, evaluation=evaluation.uuid)


def _too_late(request: DeskRequest, evaluation: Evaluation) -> HttpResponse:
    messages.error(request, _("That is not possible any more: it has moved on in the meantime."))
    return _back(evaluation)


def _wish(request: DeskRequest, member: Member, uuid: UUID, what: Wish) -> HttpResponse:
    found = evaluation_of(request, member, uuid)
    if not getattr(found, ALLOWED[what]):
        return _too_late(request, found)
    with transaction.atomic():
        wish(found, what)
        audit(request, member.team, ACTIONS[what], found, before={"state": found.state})
        nudge(work_evaluation, found.pk)
    return _back(found)


@require_POST
@trainer_page
def evaluation_cancel(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    return _wish(request, member, evaluation, Wish.CANCEL)


@require_POST
@trainer_page
def evaluation_pause(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    return _wish(request, member, evaluation, Wish.PAUSE)


@require_POST
@trainer_page
def evaluation_resume(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    return _wish(request, member, evaluation, Wish.RESUME)


@require_POST
@trainer_page
def evaluation_cap(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """Another cap; an evaluation that its cap had stopped goes on."""
    found = evaluation_of(request, member, evaluation)
    form = CapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the cap as an amount in dollars, for example 0.50."))
        return _back(found)
    if found.cap_nano is None or not found.is_active:
        return _too_late(request, found)
    cap: Decimal = form.cleaned_data["cap"]
    after, before = {"cap": str(cap)}, {"cap": str(found.cap_usd)}
    with transaction.atomic():
        audit(request, member.team, "evaluation.capped", found, before=before, after=after)
        set_cap(found, int(cap * NANO))
        nudge(work_evaluation, found.pk)
    return _back(found)


@require_POST
@trainer_page
def evaluation_retry(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """Ask again: one answer (`answer`: its position), all that failed (`failed`), or all that got lost (`lost`).

    `candidate`: of this one alone.
    """
    found = evaluation_of(request, member, evaluation)
    if found.state not in RETRIABLE:
        return _too_late(request, found)
    if found.judgings.active().exists():
        messages.error(request, _("A judge is at work on these answers. Wait for its end, or cancel it first."))
        return _back(found)
    with transaction.atomic():
        again = _retry(request, found)
        if again:
            audit(request, member.team, "evaluation.retried", found, after={"questions": again})
            nudge(work_evaluation, found.pk)
    words = ngettext("%(n)s question is put again.", "%(n)s questions are put again.", again)
    messages.success(request, words % {"n": f"{again:,}"})
    return _back(found)


def _retry(request: DeskRequest, evaluation: Evaluation) -> int:
    rows = evaluation.answers.exclude(question__messages=[])  # what was emptied since is no question any more
    if named := request.POST.get("candidate", ""):
        rows = rows.filter(candidate__uuid=uuid_in(named))
    what = request.POST.get("answer", "")
    if what in NAMED:
        return asking.retry_all(evaluation, rows.filter(state=NAMED[what]))
    is_place = what.isascii() and what.isdigit() and len(what) < 10
    answer = rows.filter(odd=True, position=int(what)).first() if is_place else None
    return asking.retry(evaluation, answer) if answer else 0


@require_POST
@owner_page
def evaluation_delete(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """With all its answers. One that still asks is cancelled first."""
    found = evaluation_of(request, member, evaluation)
    if found.state not in RUN_OVER:
        messages.error(request, _("Cancel the evaluation first: it may still be at work."))
        return _back(found)
    if found.judgings.active().exists():
        messages.error(request, _("A judge is at work on these answers. Wait for its end, or cancel it first."))
        return _back(found)
    if found.kind == EvaluationKind.RECORDING and not member.is_owner:
        messages.error(
            request, _("Only an owner may delete a recording: it cannot be made again once the models are off.")
        )
        return _back(found)
    try:
        with transaction.atomic():
            audit(request, member.team, "evaluation.deleted", found, before={"name": found.name})
            found.delete()
            announce(found)
    except ProtectedError:
        messages.error(request, _("Another evaluation compares with its answers. Delete that one first."))
        return _back(found)
    messages.success(request, _("The evaluation and its answers are deleted."))
    return redirect("evaluation-list", team=member.team.slug)

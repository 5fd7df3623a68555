"""What one may do to a run: each a small POST that leaves a wish for the worker, or a word on the row."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from jobs.forms.recipe import CapForm
from jobs.models import Chunk, Member, Run, Wish, audit
from jobs.models.paid import NANO
from jobs.pipeline.calls.record import set_cap, wish
from jobs.pipeline.runs import acts, result
from jobs.run_states import RunState
from jobs.tasks import check_file, nudge, work_run
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.runs import odd_of, run_of

ALLOWED = {Wish.CANCEL: "can_cancel", Wish.PAUSE: "can_pause", Wish.RESUME: "can_resume"}
ACTIONS = {Wish.CANCEL: "run.cancelled", Wish.PAUSE: "run.paused", Wish.RESUME: "run.resumed"}


def _back(run: Run) -> HttpResponse:
    return redirect("run-detail", team=run.team.slug, run=run.uuid)


def _too_late(request: DeskRequest, run: Run) -> HttpResponse:
    messages.error(request, _("That is not possible any more: the run has moved on in the meantime."))
    return _back(run)


def _wish(request: DeskRequest, member: Member, uuid: UUID, what: Wish) -> HttpResponse:
    run = run_of(request, member, uuid)
    if not getattr(run, ALLOWED[what]):
        return _too_late(request, run)
    with transaction.atomic():
        wish(run, what)
        audit(request, member.team, ACTIONS[what], run, before={"state": run.state})
        nudge(work_run, run.pk)
    return _back(run)


@require_POST
@trainer_page
def run_cancel(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    return _wish(request, member, run, Wish.CANCEL)


@require_POST
@trainer_page
def run_pause(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    return _wish(request, member, run, Wish.PAUSE)


@require_POST
@trainer_page
def run_resume(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    return _wish(request, member, run, Wish.RESUME)


@require_POST
@trainer_page
def run_cap(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    """Another cap; a run that its cap had stopped goes on."""
    found = run_of(request, member, run)
    form = CapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the cap as an amount in dollars, for example 0.50."))
        return _back(found)
    if found.cap_nano is None or not found.is_active:
        return _too_late(request, found)
    cap: Decimal = form.cleaned_data["cap"]
    with transaction.atomic():
        audit(request, member.team, "run.capped", found, before={"cap": str(found.cap_usd)}, after={"cap": str(cap)})
        set_cap(found, int(cap * NANO))
        nudge(work_run, found.pk)
    return _back(found)


@require_POST
@trainer_page
def run_retry(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    """Ask again about one chunk (`chunk`: its position), or about all that were refused (`chunk=refused`)."""
    found = run_of(request, member, run)
    if not acts.may_retry(found):
        return _too_late(request, found)
    with transaction.atomic():
        asked = acts.retry(found, _named(request, found))
        if asked:
            audit(request, member.team, "run.retried", found, after={"chunks": asked})
            nudge(work_run, found.pk)
    told = ngettext("%(n)s piece is asked about again.", "%(n)s pieces are asked about again.", asked)
    messages.success(request, told % {"n": asked})
    return _back(found)


def _named(request: DeskRequest, run: Run) -> list[Chunk]:
    named = request.POST.get("chunk", "")
    if named == "refused":
        return list(odd_of(run).filter(state="failed")[: acts.AT_ONCE])
    return list(odd_of(run).filter(position=int(named))) if named.isascii() and named.isdigit() else []


@require_POST
@trainer_page
def run_take(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    """Take a flagged answer into the next file after all, or leave it out again."""
    found = run_of(request, member, run)
    for chunk in _named(request, found):
        with transaction.atomic():
            acts.take(chunk, wanted=request.POST.get("wanted") == "1")
            audit(request, member.team, "run.taken", found, after={"chunk": chunk.position + 1})
    return _back(found)


@require_POST
@trainer_page
def run_file(request: DeskRequest, member: Member, run: UUID) -> HttpResponse:
    """Make a file of the answers there are, the flagged ones too if `flagged` says so."""
    found = run_of(request, member, run)
    if not found.is_paid or found.state in (RunState.NEW, RunState.PREPARING):
        return _too_late(request, found)
    with transaction.atomic():
        file = result.order_file(found, flagged=request.POST.get("flagged") == "1")
        if file:
            audit(request, member.team, "run.file", found, after={"name": file.name})
            nudge(check_file, file.pk)
    if file is None:
        messages.error(request, _("There is no answer yet that a file could be made of."))
        return _back(found)
    return redirect("file-detail", team=member.team.slug, file=file.uuid)

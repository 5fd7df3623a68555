"""The page of one judge: how far it is, what it concludes, its replies, and what one may do about it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jobs.forms.recipe import CapForm
from jobs.models import Judging, Judgment, Member, Wish, audit
from jobs.models.paid import NANO
from jobs.pipeline.calls.record import set_cap, wish
from jobs.pipeline.evaluations.voting import count
from jobs.pipeline.judging import asking
from jobs.pipeline.judging.pairs import can_be_judged
from jobs.pipeline.spreadsheets import BOM, csv_lines
from jobs.run_states import RUN_OVER, RUN_STANDS, ChunkState, RunState
from jobs.tasks import nudge, work_judging
from jobs.training_data.scoring.judge_prompts import RUBRICS
from jobs.verdict_words import sentence
from jobs.views.access import DeskRequest, owner_page, trainer_page, viewer_page
from jobs.views.downloads import attachment
from jobs.views.evaluations import judged
from jobs.views.evaluations.downloads import named
from jobs.views.evaluations.evaluations import evaluation_of
from jobs.views.listings import listing

PAGE = 50
AT_ONCE = 1000  # replies of one click
WISHES = {
    "pause": (Wish.PAUSE, "can_pause", "judging.paused"),
    "resume": (Wish.RESUME, "can_resume", "judging.resumed"),
    "cancel": (Wish.CANCEL, "can_cancel", "judging.cancelled"),
}
RETRIABLE = RUN_STANDS | {RunState.RUNNING, RunState.DONE}
BUSY = (RunState.NEW, RunState.PREPARING, RunState.RUNNING)


def judging_of(request: HttpRequest, member: Member, evaluation: UUID, judging: UUID) -> Judging:
    """A judge of an evaluation of the member's team, or 404."""
    found = evaluation_of(request, member, evaluation)
    rows = found.judgings.select_related("evaluation__team", "connection", "created_by")
    return get_object_or_404(rows, uuid=judging)


@require_GET
@viewer_page
def judging_detail(request: DeskRequest, member: Member, evaluation: UUID, judging: UUID) -> HttpResponse:
    """While it moves it asks for news, and gets 204 until there is any."""
    found = judging_of(request, member, evaluation, judging)
    only_odd = request.GET.get("odd") == "1"
    rows = found.judgments.select_related(*judged.RELATED).order_by("position")
    page = Paginator(rows.filter(odd=True) if only_odd else rows, PAGE).get_page(request.GET.get("page"))
    every = found.evaluation.verdict.get("judges", [])
    context = {
        "evaluation": found.evaluation,
        "judging": found,
        "page": page,
        "rows": [judged.Shown(one) for one in page.object_list],
        "only_odd": only_odd,
        "busy": found.state in BUSY or bool(found.wish),
        "over": found.state in RUN_OVER,
        "no_votes": found.flagged,
        "sentences": [(pair, sentence(pair)) for pair in every if pair["judging"] == str(found.uuid)],
        "higher_cap": "" if found.cap_usd is None else str((found.cap_usd * 2).normalize()),
        "may_retry": member.may_train and found.state in RETRIABLE,
        "rubric": found.rubric or RUBRICS[_language(request)],
    }
    state = [(found.version, found.state, found.wish, found.evaluation.version)]
    return listing(request, "jobs/evaluations/judging.html", state, context)


def _language(request: HttpRequest) -> Any:
    return "ko" if getattr(request, "LANGUAGE_CODE", "") == "ko" else "en"


def _back(found: Judging) -> HttpResponse:
    return redirect("judging-detail", found.evaluation.team.slug, found.evaluation.uuid, found.uuid)


def _too_late(request: HttpRequest, found: Judging) -> HttpResponse:
    messages.error(request, _("That is not possible any more: the judge has moved on in the meantime."))
    return _back(found)


@require_POST
@trainer_page
def judging_wish(request: DeskRequest, member: Member, evaluation: UUID, judging: UUID, what: str) -> HttpResponse:
    """Pause, resume or cancel."""
    found = judging_of(request, member, evaluation, judging)
    if what not in WISHES:
        raise Http404
    wished, allowed, action = WISHES[what]
    if not getattr(found, allowed):
        return _too_late(request, found)
    with transaction.atomic():
        wish(found, wished)
        audit(request, member.team, action, found, before={"state": found.state})
        nudge(work_judging, found.pk)
    return _back(found)


@require_POST
@trainer_page
def judging_cap(request: DeskRequest, member: Member, evaluation: UUID, judging: UUID) -> HttpResponse:
    """Another cap; a judge that its cap had stopped goes on."""
    found = judging_of(request, member, evaluation, judging)
    form = CapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the cap as an amount in dollars, for example 0.50."))
        return _back(found)
    if found.cap_nano is None or not found.is_active:
        return _too_late(request, found)
    cap: Decimal = form.cleaned_data["cap"]
    after, before = {"cap": str(cap)}, {"cap": str(found.cap_usd)}
    with transaction.atomic():
        audit(request, member.team, "judging.capped", found, before=before, after=after)
        set_cap(found, int(cap * NANO))
        nudge(work_judging, found.pk)
    return _back(found)


@require_POST
@trainer_page
def judging_retry(request: DeskRequest, member: Member, evaluation: UUID, judging: UUID) -> HttpResponse:
    """Ask again: one reply (`reply`: its position), or all that `failed`, got `lost` or hold no vote (`no_vote`)."""
    found = judging_of(request, member, evaluation, judging)
    if found.state not in RETRIABLE or not can_be_judged(found.evaluation):
        return _too_late(request, found)
    try:
        with transaction.atomic():
            again = asking.retry(found, list(_named(request, found)[:AT_ONCE]))
            if again:
                audit(request, member.team, "judging.retried", found, after={"replies": again})
                nudge(work_judging, found.pk)
    except IntegrityError:
        messages.error(request, _("This judge is at work on this evaluation already."))
        return _back(found)
    words = ngettext("%(n)s pair is judged again.", "%(n)s pairs are judged again.", again)
    messages.success(request, words % {"n": f"{again:,}"})
    return _back(found)


def _named(request: DeskRequest, judging: Judging) -> QuerySet[Judgment]:
    named, rows = request.POST.get("reply", ""), judging.judgments.filter(odd=True)
    states = {"failed": ChunkState.FAILED, "lost": ChunkState.UNSURE, "no_vote": ChunkState.DONE}
    if named in states:
        return rows.filter(state=states[named])
    is_place = named.isascii() and named.isdigit() and len(named) < 10
    return rows.filter(position=int(named)) if is_place else rows.none()


@require_POST
@owner_page
def judging_delete(request: DeskRequest, member: Member, evaluation: UUID, judging: UUID) -> HttpResponse:
    """With all its replies. One that still judges is cancelled first."""
    found = judging_of(request, member, evaluation, judging)
    if found.state not in RUN_OVER:
        messages.error(request, _("Cancel the judge first: it may still be at work."))
        return _back(found)
    with transaction.atomic():
        audit(request, member.team, "judging.deleted", found, before={"name": found.name})
        found.delete()
        count(found.evaluation)
    messages.success(request, _("The judge and its replies are deleted."))
    return redirect("evaluation-detail", team=member.team.slug, evaluation=evaluation)


@require_GET
@viewer_page
def judging_csv(request: DeskRequest, member: Member, evaluation: UUID, judging: UUID) -> StreamingHttpResponse:
    """With the mark that makes a Korean Excel read UTF-8."""
    found = judging_of(request, member, evaluation, judging)

    def chunks() -> Iterator[bytes]:
        yield BOM + csv_lines([judged.JUDGED])
        for page in judged.pages(found):
            yield csv_lines(judged.cells(found, one) for one in page)

    name = named(f"{found.evaluation.name} {found.name}", "csv")
    return attachment(request, chunks(), name, "text/csv; charset=utf-8")

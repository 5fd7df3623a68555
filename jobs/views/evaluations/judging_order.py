"""Ordering a judge: model → rubric → the price → go."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.evaluations.judging import JudgeForm
from jobs.forms.evaluations.offers import grouped
from jobs.models import Evaluation, Judging, Member, QuestionSet, audit
from jobs.pipeline.evaluations.estimate import MOST_CALLS
from jobs.pipeline.judging.estimate import Estimate
from jobs.pipeline.judging.ordering import is_of_candidates, place
from jobs.pipeline.judging.pairs import can_be_judged
from jobs.tasks import nudge, work_judging
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.evaluations.evaluations import evaluation_of
from jobs.views.evaluations.leaving import personal_of

TEMPLATE = "jobs/evaluations/judging_new.html"
WORST_FIRST = ("found", "unknown", "none")


@require_http_methods(["GET", "POST"])
@trainer_page
def judging_new(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """The form; a POST orders, if the price still is the one that was shown."""
    found = evaluation_of(request, member, evaluation)
    if not can_be_judged(found):
        return _not_yet(request, found)
    if request.method == "GET":
        return _page(request, member, _first(found))
    form = JudgeForm(request.POST, evaluation=found)
    if not form.is_valid():
        return _page(request, member, form, status=422)
    price = form.price(member)
    if refusal := _refusal(form, price):
        form.add_error(None, refusal)
        return _page(request, member, form, status=422)
    return _order(request, member, form, price)


@require_POST
@trainer_page
def judging_price(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """The cost card for the form as it is now; the whole page without htmx."""
    found = evaluation_of(request, member, evaluation)
    if not can_be_judged(found):
        return _not_yet(request, found)
    return _page(request, member, JudgeForm(request.POST, evaluation=found))


def _not_yet(request: DeskRequest, evaluation: Evaluation) -> HttpResponse:
    words = _("A judge needs an evaluation that is done, with answers of two models or more.")
    messages.error(request, words)
    return redirect("evaluation-detail", team=evaluation.team.slug, evaluation=evaluation.uuid)


def _first(evaluation: Evaluation) -> JudgeForm:
    """The form with its first values as if they were typed, so that it has a price."""
    form = JudgeForm(evaluation=evaluation)
    typed = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    typed |= form.first_values() | {"order_token": uuid4()}
    filled = {name: [str(value)] for name, value in typed.items() if value not in (None, "")}
    return JudgeForm(MultiValueDict(filled), evaluation=evaluation)


def _refusal(form: JudgeForm, price: Estimate) -> str:
    """Why it may not be ordered as it is; empty where it may."""
    shown, cap = form.cleaned_data["shown_usd"], form.cleaned_data["cap"]
    if price.calls > MOST_CALLS:
        words = _("That would be %(calls)s calls; one judge makes at most %(most)s.")
        return words % {"calls": f"{price.calls:,}", "most": f"{MOST_CALLS:,}"}
    if not price.calls:
        return _("There is nothing to judge: no two models have different answers to the same question.")
    if not shown:
        return _("Here is what it costs at most. Look at it, then order.")
    if shown != shown_price(price):
        return _("The price has changed since this page showed it. Look at it once more, then start.")
    if price.usd and cap and cap < price.least_usd:
        return _("The cap is below what one call may cost, so it would stop before it begins. Set a higher cap.")
    return ""


def shown_price(price: Estimate) -> str:
    """What the button carries, so that an order is for the price that a person saw."""
    return "unknown" if price.usd is None else str(price.usd)


def _order(request: DeskRequest, member: Member, form: JudgeForm, price: Estimate) -> HttpResponse:
    row = form.priced(member, price)
    after = {"model": row.model, "usd": row.estimate["usd"], "cap": str(row.cap_usd) if row.cap_usd else None}
    try:
        with transaction.atomic():
            place(row)
            audit(request, member.team, "judging.ordered", row, after=after)
            nudge(work_judging, row.pk)
    except IntegrityError:
        # the second click of a double click, or of another member: the judge that is at work is what was meant
        row = _first_click(form.evaluation, row)
        messages.info(request, _("This judge is at work on this evaluation already."))
    else:
        messages.success(request, _("The judge is ordered. This page follows it by itself."))
    return redirect("judging-detail", member.team.slug, form.evaluation.uuid, row.uuid)


def _first_click(evaluation: Evaluation, row: Judging) -> Judging:
    rows = evaluation.judgings.all()
    same = rows.filter(order_token=row.order_token).first()
    return same or rows.active().get(connection=row.connection, model=row.model)


def _page(request: DeskRequest, member: Member, form: JudgeForm, status: int = 200) -> HttpResponse:
    price = form.price(member) if form.is_valid() or form.can_be_priced else None
    if request.htmx or request.method == "GET":
        form.errors.clear()
    context = {
        "evaluation": form.evaluation,
        "form": form,
        "groups": reversed(grouped(form.offers)),
        "chosen": form["judge"].value(),
        **_warnings(form, member),
        **_price(form, price),
    }
    return render(request, f"{TEMPLATE}#cost" if request.htmx else TEMPLATE, context, status=status)


def _warnings(form: JudgeForm, member: Member) -> dict[str, Any]:
    """What a person must know of the judge before it is ordered."""
    if not form.can_be_priced:
        return {}
    row = form.judging(member)
    host = "" if row.connection.about.bundled else row.connection.host
    sets = QuestionSet.objects.filter(candidates__evaluation=form.evaluation).distinct()
    personal = {personal_of(one.training_file) for one in sets.select_related("training_file")} if host else set()
    return {
        "judge": row,
        "of_candidates": is_of_candidates(row, form.evaluation),
        "is_simulated": form.cleaned_data["chosen"].is_simulated,
        "host": host,
        "personal": next((word for word in WORST_FIRST if word in personal), "unknown"),
    }


def _price(form: JudgeForm, price: Estimate | None) -> dict[str, Any]:
    """A cap that was offered for another price gives way to the one for this."""
    if price is None:
        return {"price": None}
    shown = shown_price(price)
    typed = form["cap"].value() if form["shown_usd"].value() == shown else None
    about = {"rate": settings.USD_KRW, "rate_day": settings.USD_KRW_DATE}
    return about | {"price": price, "button_price": shown, "cap": typed or price.cap}

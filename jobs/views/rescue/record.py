"""Ordering a recording: questions → price of each model and in all → go, within one cap."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.rescue import EACH, LENGTH, ProposeForm, RecordForm
from jobs.models import Evaluation, Member, RemoteModel, Team, audit
from jobs.models.paid import NANO
from jobs.pipeline.evaluations.estimate import MOST_CALLS
from jobs.pipeline.rescue import recording
from jobs.tasks import nudge, work_evaluation
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.rescue.acts import uuid_in
from jobs.views.rescue.listing import models_of
from jobs.views.rescue.notice import notice

SHOWN = 50  # models whose price stands on the page; the sum counts all


def _chosen(request: DeskRequest, member: Member, data: QueryDict) -> QuerySet[RemoteModel]:
    """Those that the page is about: the named ones, or all, as far as they can be recorded."""
    rows = recording.to_record(models_of(request, member))
    named = data.getlist("model")
    return rows.filter(uuid__in=[uuid_in(one) for one in named]) if named else rows


def _here(member: Member, data: QueryDict) -> str:
    named = QueryDict(mutable=True)
    named.setlist("model", data.getlist("model"))
    if most := data.get("most"):
        named["most"] = str(most)
    return f"{reverse('rescue-record', args=[member.team.slug])}?{named.urlencode()}"


@require_POST
@trainer_page
def rescue_propose(request: DeskRequest, member: Member) -> HttpResponse:
    """Choose questions from the training files, or take the written ones. Asks no model anything."""
    form = ProposeForm({"most": EACH} | request.POST.dict())
    models = _chosen(request, member, request.POST)
    if not form.is_valid():
        return _page(request, member, None, propose=form, data=request.POST, status=422)
    with transaction.atomic():
        if lines := form.cleaned_data["lines"].strip():
            name = lines.splitlines()[0]
            count = recording.propose_lines(models, member.team, member.user, lines, name)
        else:
            count = recording.propose(models, member.user, form.cleaned_data["most"])
        audit(request, member.team, "rescue.proposed", member.team, after={"models": count})
    return redirect(_here(member, request.POST))


@require_http_methods(["GET", "POST"])
@trainer_page
def rescue_record(request: DeskRequest, member: Member) -> HttpResponse:
    """The page; a POST orders the recording, if models and price still are those that were shown."""
    if request.method == "GET":
        return _page(request, member, None, data=request.GET)
    form = RecordForm(request.POST)
    if not form.is_valid():
        return _page(request, member, form, data=request.POST, status=422)
    row = _evaluation(member, form.cleaned_data)
    try:
        with transaction.atomic():
            Team.objects.select_for_update().get(pk=member.team_id)  # two people at once ask no model twice
            chosen = recording.plan(_chosen(request, member, request.POST), row)
            refusal = _refusal(chosen, form)
            if not refusal:
                _order(request, member, row, chosen, form)
    except IntegrityError:
        # the second click of a double click: the first one's order is what was meant
        row = get_object_or_404(Evaluation, team=member.team, order_token=row.order_token)
        return redirect("rescue-recording", member.team.slug, row.uuid)
    if refusal:
        if known := Evaluation.objects.filter(team=member.team, order_token=row.order_token).first():
            return redirect("rescue-recording", member.team.slug, known.uuid)
        form.add_error(None, refusal)
        return _page(request, member, form, data=request.POST, status=422)
    messages.success(request, _("The recording is ordered. This page follows it by itself."))
    return redirect("rescue-recording", member.team.slug, row.uuid)


def _length(text: str) -> int:
    """Tokens an answer, as far as `text` is a number that the form takes."""
    field = RecordForm.base_fields["max_tokens"]
    try:
        return int(field.clean(text))
    except ValidationError:
        return LENGTH


def _evaluation(member: Member, data: dict[str, Any]) -> Evaluation:
    """The order as a row that is not stored yet."""
    name = f"{timezone.localtime():%Y-%m-%d %H:%M}"
    row = Evaluation(team=member.team, created_by=member.user, name=name, max_tokens=data["max_tokens"])
    if data.get("order_token"):
        row.order_token = data["order_token"]
    return row


def _order(
    request: DeskRequest, member: Member, row: Evaluation, chosen: recording.Plan, form: RecordForm
) -> Evaluation:
    if chosen.is_priced:
        row.cap_nano = int((form.cleaned_data["cap"] or chosen.cap) * NANO)
    recording.order(row, chosen)
    after = {"models": len(chosen.parts), "calls": chosen.calls, "usd": str(chosen.usd), "cap": str(row.cap_usd)}
    audit(request, member.team, "rescue.recorded", row, after=after)
    nudge(work_evaluation, row.pk)
    return row


def _refusal(chosen: recording.Plan, form: RecordForm) -> str:
    """Why it may not be ordered as it stands; empty where it may."""
    if not chosen.parts:
        return _("There is no model with questions here that could be recorded. Choose questions first.")
    if chosen.is_too_long:
        return _(
            "That would be %(calls)s answers; one order takes at most %(most)s. Choose fewer questions a model."
        ) % {
            "calls": f"{chosen.calls:,}",
            "most": f"{MOST_CALLS:,}",
        }
    if form.cleaned_data["shown"] != chosen.shown:
        return _("Models or price have changed since this page showed them. Look once more, then start.")
    return ""


def _page(
    request: DeskRequest,
    member: Member,
    form: RecordForm | None,
    *,
    data: QueryDict,
    propose: ProposeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    models = _chosen(request, member, data)
    length = _length(str(data.get("max_tokens", "")))
    form = form or RecordForm(initial={"order_token": uuid4(), "max_tokens": length})
    chosen = recording.plan(models, _evaluation(member, {"max_tokens": length}))
    context = {
        "form": form,
        "propose": propose or ProposeForm(initial={"most": data.get("most") or _most_of(chosen)}),
        "plan": chosen,
        "shown_parts": chosen.parts[:SHOWN],
        "more_parts": len(chosen.parts) - SHOWN,
        "without": chosen.without[:SHOWN],
        "named": data.getlist("model"),
        "busy": bool(chosen.making),
        "unarchived": models.filter(job=None).exclude(remote_job="").count(),
        **notice(part.candidate for part in chosen.parts),
        "rate": settings.USD_KRW,
        "rate_day": settings.USD_KRW_DATE,
    }
    template = "jobs/rescue/record.html#moving" if request.htmx else "jobs/rescue/record.html"
    return render(request, template, context, status=status)


def _most_of(chosen: recording.Plan) -> int:
    """How many questions a model the sets were made for that stand there now."""
    sets = (part.candidate.question_set for part in chosen.parts)
    return next((made.options["most"] for made in sets if "most" in made.options), EACH)

"""The last steps of a model's rescue: the comparison with the one that replaces it, and the word of an owner."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.rescue import CompareForm, SignForm
from jobs.models import Evaluation, Member, RemoteModel, audit
from jobs.models.paid import NANO
from jobs.pipeline.evaluations.estimate import Estimate, estimate
from jobs.pipeline.rescue import comparing
from jobs.tasks import nudge, work_evaluation
from jobs.views.access import DeskRequest, owner_page, trainer_page
from jobs.views.rescue.listing import model_of
from jobs.views.rescue.notice import notice


@require_http_methods(["GET", "POST"])
@trainer_page
def rescue_compare(request: DeskRequest, member: Member, model: UUID) -> HttpResponse:
    """The price; a POST orders the comparison, if the price still is the one that was shown."""
    found = model_of(request, member, model)
    if not comparing.can_compare(found):
        messages.error(request, _("First record the old model, and train the new one."))
        return redirect("rescue-model", member.team.slug, found.uuid)
    first = {"order_token": uuid4()}
    form = CompareForm(request.POST) if request.method == "POST" else CompareForm(initial=first)
    row = Evaluation(team=member.team, created_by=member.user, name=f"{found.name}"[:120])
    row.max_tokens = found.recording.evaluation.max_tokens if found.recording else row.max_tokens
    price = estimate(row, comparing.candidates(found))
    if not form.is_bound or not form.is_valid():
        return _page(request, found, form, price)
    if form.cleaned_data["shown"] != str(price.usd):
        form.add_error(None, _("The price has changed since this page showed it. Look at it once more, then start."))
        return _page(request, found, form, price)
    return _order(request, member, found, row, price, form.cleaned_data)


def _page(request: DeskRequest, found: RemoteModel, form: CompareForm, price: Estimate) -> HttpResponse:
    context: dict[str, Any] = {"one": found, "form": form, "price": price, "shown": str(price.usd)}
    context |= notice(part.candidate for part in price.parts if not part.candidate.recorded_id)
    return render(request, "jobs/rescue/compare.html", context, status=422 if form.is_bound else 200)


def _order(
    request: DeskRequest, member: Member, found: RemoteModel, row: Evaluation, price: Estimate, data: dict[str, Any]
) -> HttpResponse:
    row.order_token = data["order_token"]
    if price.usd and price.cap:
        row.cap_nano = int((data["cap"] or price.cap) * NANO)
    try:
        with transaction.atomic():
            comparing.order(row, found, price)
            audit(request, member.team, "rescue.compared", row, after={"model": found.name, "usd": str(price.usd)})
            nudge(work_evaluation, row.pk)
    except IntegrityError:
        # the second click of a double click: the first one's order is what was meant
        row = get_object_or_404(Evaluation, team=member.team, order_token=row.order_token)
    return redirect("evaluation-detail", member.team.slug, row.uuid)


@require_POST
@owner_page
def rescue_sign(request: DeskRequest, member: Member, model: UUID) -> HttpResponse:
    """An owner says that a model is done with, or takes it back (`undo`)."""
    found = model_of(request, member, model)
    form = SignForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The note is too long: at most 2,000 characters."))
        return redirect("rescue-model", member.team.slug, found.uuid)
    undo = request.POST.get("undo") == "1"
    note = "" if undo else form.cleaned_data["note"]
    signed = {"signed_at": None, "signed_by": None} if undo else {"signed_at": timezone.now(), "signed_by": member.user}
    with transaction.atomic():
        rows = RemoteModel.objects.filter(pk=found.pk, signed_at__isnull=not undo)
        if rows.update(**signed, sign_note=note):
            action = "rescue.unsigned" if undo else "rescue.signed"
            audit(request, member.team, action, member.team, after={"model": found.name, "note": note})
    return redirect("rescue-model", member.team.slug, found.uuid)

"""The tuned models: which are alive, until when, and where they came from."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs.models import Member, TunedModel
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.evaluations.verdicts import of_models
from jobs.views.lineage import Chain, chains

PAGE = 25
SOON = 90  # days


@require_GET
@viewer_page
def model_list(request: DeskRequest, member: Member) -> HttpResponse:
    models = TunedModel.objects.visible_to(request.user).filter(team=member.team)
    full = models.select_related("job__training_file", "connection").defer("job__training_file__report")
    page = Paginator(full, PAGE).get_page(request.GET.get("page"))
    known = chains(model.job.training_file for model in page if model.job.training_file)
    verdicts = of_models([model.pk for model in page])
    rows = [_row(model, known) | {"verdict": verdicts.get(model.pk)} for model in page]
    return render(request, "jobs/models.html", {"page": page, "rows": rows})


def _row(model: TunedModel, known: dict[int, Chain]) -> dict[str, Any]:
    chain = known.get(model.job.training_file_id or 0, [])
    return {"model": model, "days_left": days_left(model), "life": life(model), "chain": chain}


def days_left(model: TunedModel) -> int | None:
    """Days until the model is switched off, below zero afterwards; None where no date is known."""
    return (model.shutdown_date - timezone.now().date()).days if model.shutdown_date else None


def life(model: TunedModel) -> str:
    """Whether it can be called: "alive", "ending" (soon), "off", "gone" (deleted here) or "cut" (its connection is)."""
    left = days_left(model)
    if model.deleted_at or model.delete_due_at:
        return "gone"
    if left is not None and left <= 0:
        return "off"
    if model.connection.deleted_at is not None:
        return "cut"
    return "ending" if left is not None and left < SOON else "alive"

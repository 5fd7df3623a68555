"""What is printed of a model's rescue: its steps, the comparison with its successor, and who signed off."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from jobs.models import Member
from jobs.pipeline.rescue import overview
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.evaluations.report import about, chosen_language, printed
from jobs.views.rescue.listing import model_of


@require_GET
@viewer_page
def rescue_report(request: DeskRequest, member: Member, model: UUID) -> HttpResponse:
    found = model_of(request, member, model)
    back = reverse("rescue-model", args=[member.team.slug, found.uuid])
    with chosen_language(request):
        [row] = overview.rows_of([found])
        context: dict[str, Any] = {"model": found, "row": row, "title": found.name, "back": back, "signed": [found]}
        if found.comparison:
            found.comparison.team = member.team
            context |= about(request, found.comparison)
        return printed(request, context)

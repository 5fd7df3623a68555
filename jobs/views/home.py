"""The front door."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from jobs.models import Team


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the jobs of one's own team, or of the first team one is in."""
    mine = Team.objects.visible_to(request.user)
    team = mine.filter(personal_for_id=request.user.pk).first() or mine.order_by("name").first()
    return redirect("job-list", team=team.slug) if team else redirect("team-new")

"""The front door."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from jobs.models import Team


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the jobs of one's own team, or of the first team one was invited to."""
    team = Team.objects.visible_to(request.user).order_by("-personal_for", "name").first()
    if team is None:
        raise Http404
    return redirect("job-list", team=team.slug)

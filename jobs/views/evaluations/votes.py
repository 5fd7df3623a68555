"""Voting blind: one question, two answers, three buttons; the page does not say whose they are."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.models import Member
from jobs.pipeline.evaluations.voting import Booth
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.evaluations.evaluations import evaluation_of


@require_http_methods(["GET", "POST"])
@trainer_page
def evaluation_vote(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    booth = Booth(evaluation_of(request, member, evaluation), request.user)
    if request.method == "POST":
        if not booth.cast(_place(request), request.POST.get("side", "")):
            messages.error(request, _("This vote could not be counted: the answers have changed. Here are the next."))
        return redirect("evaluation-vote", team=member.team.slug, evaluation=evaluation)
    context = {"evaluation": booth.evaluation, "ballot": booth.next(), "done": booth.done, "total": len(booth.all)}
    return render(request, "jobs/evaluations/evaluation_vote.html", context)


def _place(request: DeskRequest) -> tuple[int, int, int]:
    """Zeros, which nothing bears, where the form does not name it."""
    named = [request.POST.get(name, "") for name in ("question", "a", "b")]
    numbers = [int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0 for text in named]
    return numbers[0], numbers[1], numbers[2]


@require_POST
@trainer_page
def evaluation_vote_back(request: DeskRequest, member: Member, evaluation: UUID) -> HttpResponse:
    """Take the last vote back, and show that ballot again."""
    booth = Booth(evaluation_of(request, member, evaluation), request.user)
    if not booth.take_back():
        messages.info(request, _("You have not voted yet."))
    return redirect("evaluation-vote", team=member.team.slug, evaluation=evaluation)

"""One's own talks of the playground as questions: chosen, shown as the team will see them, and given."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jobs.models import Conversation, Member, audit
from jobs.pipeline.evaluations import talks
from jobs.pipeline.evaluations.talks import Turn
from jobs.tasks import make_questions, nudge
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.run_new import uuid_in

MOST_CHOSEN = 50  # conversations


@require_http_methods(["GET", "POST"])
@trainer_page
def question_talks(request: DeskRequest, member: Member) -> HttpResponse:
    """`talk`: conversations of one's own, somebody else's is a 404. A POST gives what the page has shown."""
    sent = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(request, member, sent.getlist("talk"))
    if not chosen:
        rows = talks.of(request.user, member.team)[:MOST_CHOSEN]
        status = 422 if request.method == "POST" else 200
        return render(request, "jobs/evaluations/talks.html", {"conversations": rows}, status=status)
    every = talks.turns(chosen)
    offered = every[-talks.MOST_OFFERED :]
    wanted = {*sent.getlist("give")} if request.method == "POST" else {str(turn.message) for turn in offered}
    given = [turn for turn in offered if str(turn.message) in wanted]
    if request.method == "GET":
        return _shown(request, chosen, every, wanted)
    if sent.get("seen") != talks.digest(offered):
        messages.error(request, _("The talk has changed since this page showed it. Look at it once more."))
        return _shown(request, chosen, every, wanted, status=422)
    if not given:
        messages.error(request, _("Choose at least one question."))
        return _shown(request, chosen, every, wanted, status=422)
    return _give(request, member, given)


def _chosen(request: DeskRequest, member: Member, named: list[str]) -> list[Conversation]:
    wanted: set[UUID] = {uuid_in(text) for text in named[:MOST_CHOSEN]}
    own = Conversation.objects.visible_to(request.user).filter(job__team=member.team, uuid__in=wanted)
    if own.count() < len(wanted):
        raise Http404
    return list(talks.of(request.user, member.team).filter(uuid__in=wanted))


def _shown(
    request: DeskRequest, chosen: list[Conversation], every: list[Turn], wanted: set[str], status: int = 200
) -> HttpResponse:
    offered = every[-talks.MOST_OFFERED :]
    rows = [(turn, str(turn.message) in wanted) for turn in offered]
    context = {"chosen": chosen, "rows": rows, "seen": talks.digest(offered), "left_out": len(every) - len(offered)}
    return render(request, "jobs/evaluations/talks_shown.html", context, status=status)


def _give(request: DeskRequest, member: Member, given: list[Turn]) -> HttpResponse:
    typed = request.POST.get("name", "").replace("\0", "").strip()
    name = typed or _("Talks of %(day)s") % {"day": timezone.localdate().isoformat()}
    with transaction.atomic():
        made = talks.give(member.team, member.user, given, name)
        after = {"name": made.name, "origin": made.origin, "questions": len(given)}
        audit(request, member.team, "questions.made", made, after=after)
        nudge(make_questions, made.pk)
    return redirect("question-detail", team=member.team.slug, questions=made.uuid)

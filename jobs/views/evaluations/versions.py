"""Changing a set of questions: always another version, for evaluations keep what they asked."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jobs.forms.evaluations.versions import VersionForm
from jobs.models import Member, QuestionSet, QuestionState, audit
from jobs.pipeline.evaluations import versions
from jobs.tasks import make_questions, nudge
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.evaluations.questions import set_of


@require_http_methods(["GET", "POST"])
@trainer_page
def question_change(request: DeskRequest, member: Member, questions: UUID) -> HttpResponse:
    made = set_of(request, member, questions)
    if made.state != QuestionState.READY:
        messages.error(request, _("These questions are not ready yet."))
        return redirect("question-detail", team=member.team.slug, questions=made.uuid)
    if later := made.later.first():
        return _is_older(request, member, later)
    whole = versions.lines_of(made)
    form = VersionForm(request.POST if request.method == "POST" else None, made=made, whole=whole)
    if not form.is_bound or not form.is_valid():
        context = {"made": made, "form": form, "next_number": made.number + 1}
        return render(request, "jobs/evaluations/question_change.html", context, status=422 if form.is_bound else 200)
    return _ordered(request, member, made, form)


def _ordered(request: DeskRequest, member: Member, made: QuestionSet, form: VersionForm) -> HttpResponse:
    data = form.cleaned_data
    about = {name: data[name] for name in ("lines", "name", "system_prompt")}
    with transaction.atomic():
        new = versions.order(made, member.user, leave=data.get("leave"), **about)
        if new:
            after = {"name": new.name, "number": new.number}
            audit(request, member.team, "questions.changed", new, before={"number": made.number}, after=after)
            nudge(make_questions, new.pk)
    if new is None:  # the second click of a double click, or another member was first
        return _is_older(request, member, made.later.get())
    return redirect("question-detail", team=member.team.slug, questions=new.uuid)


def _is_older(request: DeskRequest, member: Member, later: QuestionSet) -> HttpResponse:
    messages.info(request, _("There is a later version of these questions; this is it."))
    return redirect("question-detail", team=member.team.slug, questions=later.uuid)

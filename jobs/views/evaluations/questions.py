"""Sets of questions: the list, a new one, and the page of one."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.forms.evaluations.questions import QuestionForm
from jobs.models import FileState, Member, QuestionOrigin, QuestionSet, QuestionState, TrainingFile, audit
from jobs.pipeline.evaluations import questions
from jobs.pipeline.evaluations.remainder import order_remainder, remainder_of
from jobs.tasks import check_file, make_questions, nudge
from jobs.views.access import DeskRequest, owner_page, trainer_page, viewer_page
from jobs.views.listings import listing

PAGE, ROWS = 25, 50


def sets_of(request: HttpRequest, member: Member) -> QuerySet[QuestionSet]:
    later = QuestionSet.objects.filter(before=OuterRef("pk"))
    rows = QuestionSet.objects.visible_to(request.user).filter(team=member.team, deleted_at=None)
    rows = rows.annotate(is_old=Exists(later))
    return rows.select_related("team", "training_file", "created_by").defer("options", "training_file__report")


def set_of(request: HttpRequest, member: Member, uuid: UUID) -> QuestionSet:
    """A set of the member's team, or 404."""
    return get_object_or_404(sets_of(request, member), uuid=uuid)


@require_GET
@viewer_page
def question_list(request: DeskRequest, member: Member) -> HttpResponse:
    page = Paginator(sets_of(request, member), PAGE).get_page(request.GET.get("page"))
    busy = any(made.state == QuestionState.MAKING for made in page.object_list)
    shown = ((made.pk, made.version) for made in page.object_list)
    return listing(request, "jobs/evaluations/question_list.html", shown, {"page": page, "busy": busy})


@require_http_methods(["GET", "POST"])
@trainer_page
def question_new(request: DeskRequest, member: Member) -> HttpResponse:
    if request.method == "GET":
        first = {"source": request.GET.get("source", QuestionOrigin.LINES), "file": request.GET.get("file")}
        return _form(request, QuestionForm(initial=first, team=member.team))
    form = QuestionForm(request.POST, team=member.team)
    if not form.is_valid():
        return _form(request, form, status=422)
    with transaction.atomic():
        made = _ordered(form, member)
        audit(request, member.team, "questions.made", made, after={"name": made.name, "origin": made.origin})
        nudge(make_questions, made.pk)
    return redirect("question-detail", team=member.team.slug, questions=made.uuid)


def _ordered(form: QuestionForm, member: Member) -> QuestionSet:
    data = form.cleaned_data
    if data["source"] == QuestionOrigin.LINES:
        text, prompt = (data[name].replace("\r\n", "\n") for name in ("lines", "system_prompt"))
        name = data["name"] or _("Questions of %(day)s") % {"day": timezone.localdate().isoformat()}
        return questions.order_lines(member.team, member.user, text, name=name, system_prompt=prompt)
    about = {name: data[name] for name in ("most", "seed", "name")}
    return questions.order_file(member.team, member.user, data["file"], share=form.share_wanted, **about)


def _form(request: DeskRequest, form: QuestionForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "source": form["source"].value(), "files": form.usable[:200]}
    return render(request, "jobs/evaluations/question_new.html", context, status=status)


@require_GET
@viewer_page
def question_detail(request: DeskRequest, member: Member, questions: UUID) -> HttpResponse:
    """Its questions; while they, or the file without them, are made it asks for news."""
    made = set_of(request, member, questions)
    rest = remainder_of(made)
    page = Paginator(made.questions.all(), ROWS).get_page(request.GET.get("page"))
    context = {
        "made": made,
        "page": page,
        "busy": made.state == QuestionState.MAKING or bool(rest and rest.state == FileState.CHECKING),
        "rest": rest,
        "keeps_out": len(made.options.get("keep_out", ())),
        "used": made.candidates.exists(),
        "later": made.later.first(),
    }
    return listing(
        request, "jobs/evaluations/question_detail.html", [(made.pk, made.version, rest and rest.state)], context
    )


@require_POST
@trainer_page
def question_rest(request: DeskRequest, member: Member, questions: UUID) -> HttpResponse:
    """Order the version of the file to train on: without the questions, and without what is nearly the same."""
    made = set_of(request, member, questions)

    def also(row: TrainingFile) -> None:
        audit(request, member.team, "file.reduced", row, after={"name": row.name})

    kept = order_remainder(made, request.user, also)
    if kept is None:
        messages.error(request, _("There is no file that these questions could be left out of."))
        return redirect("question-detail", team=member.team.slug, questions=made.uuid)
    if kept.is_new:
        nudge(check_file, kept.file.pk)
    return redirect("question-detail", team=member.team.slug, questions=made.uuid)


@require_POST
@owner_page
def question_delete(request: DeskRequest, member: Member, questions: UUID) -> HttpResponse:
    made = set_of(request, member, questions)
    try:
        with transaction.atomic():
            audit(request, member.team, "questions.deleted", made, before={"name": made.name})
            made.delete()
    except ProtectedError:
        messages.error(request, _("An evaluation or a later version uses these questions. Delete that first."))
        return redirect("question-detail", team=member.team.slug, questions=made.uuid)
    messages.success(request, _("The questions are deleted."))
    return redirect("question-list", team=member.team.slug)

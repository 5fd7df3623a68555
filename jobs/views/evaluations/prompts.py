"""Saved prompts of a team: the list, one, and questions made of some of them."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.forms.evaluations.prompts import ChosenForm, PromptForm
from jobs.models import Member, SavedPrompt, SavedPromptQuerySet, audit
from jobs.pipeline.evaluations import prompts
from jobs.tasks import make_questions, nudge
from jobs.views.access import DeskRequest, trainer_page, viewer_page

PAGE = 50


def prompts_of(request: DeskRequest, member: Member, words: str = "") -> SavedPromptQuerySet:
    rows = SavedPrompt.objects.visible_to(request.user).alive().filter(team=member.team)
    return rows.filter(Q(name__icontains=words) | Q(text__icontains=words)) if words else rows


def _prompt(request: DeskRequest, member: Member, uuid: UUID) -> SavedPrompt:
    return get_object_or_404(prompts_of(request, member), uuid=uuid)


def _words(text: str | None) -> str:
    """What is looked for; no database holds a zero."""
    return (text or "").replace("\0", "").strip()[:200]


@require_GET
@viewer_page
def prompt_list(request: DeskRequest, member: Member) -> HttpResponse:
    words = _words(request.GET.get("q"))
    rows = prompts_of(request, member, words).select_related("created_by")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/evaluations/prompt_list.html", {"page": page, "q": words})


@require_http_methods(["GET", "POST"])
@trainer_page
def prompt_new(request: DeskRequest, member: Member) -> HttpResponse:
    """A POST without a name comes from the playground: what was typed there is filled in."""
    if request.method == "GET" or "name" not in request.POST:
        typed = {name: request.POST.get(name, "") for name in ("text", "system_prompt")}
        return _form(request, PromptForm(initial=typed))
    form = PromptForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    with transaction.atomic():
        saved = SavedPrompt.objects.create(team=member.team, created_by=member.user, **form.cleaned_data)
        audit(request, member.team, "prompt.saved", saved, after={"name": saved.name})
    messages.success(request, _("The prompt is saved for your team."))
    return redirect("prompt-list", team=member.team.slug)


def _form(request: DeskRequest, form: PromptForm, prompt: SavedPrompt | None = None, status: int = 200) -> HttpResponse:
    return render(request, "jobs/evaluations/prompt.html", {"form": form, "prompt": prompt}, status=status)


@require_GET
@viewer_page
def prompt_detail(request: DeskRequest, member: Member, prompt: UUID) -> HttpResponse:
    found = _prompt(request, member, prompt)
    return _form(request, PromptForm(initial={name: getattr(found, name) for name in PromptForm.base_fields}), found)


@require_POST
@trainer_page
def prompt_edit(request: DeskRequest, member: Member, prompt: UUID) -> HttpResponse:
    found = _prompt(request, member, prompt)
    form = PromptForm(request.POST)
    if not form.is_valid():
        return _form(request, form, found, status=422)
    after = {"name": form.cleaned_data["name"]}
    with transaction.atomic():
        # only while nobody has deleted it: a form that was open meanwhile brings nothing back
        living = SavedPrompt.objects.alive().filter(pk=found.pk)
        if living.update(**form.cleaned_data, changed_at=timezone.now()):
            audit(request, member.team, "prompt.changed", found, before={"name": found.name}, after=after)
            messages.success(request, _("The prompt is saved for your team."))
    return redirect("prompt-list", team=member.team.slug)


@require_POST
@trainer_page
def prompt_delete(request: DeskRequest, member: Member, prompt: UUID) -> HttpResponse:
    """Questions that were made of it stay: they are copies."""
    found = _prompt(request, member, prompt)
    with transaction.atomic():
        if prompts.delete(SavedPrompt.objects.filter(pk=found.pk)):
            audit(request, member.team, "prompt.deleted", found, before={"name": found.name})
    messages.success(request, _("The prompt is deleted."))
    return redirect("prompt-list", team=member.team.slug)


@require_POST
@trainer_page
def prompt_questions(request: DeskRequest, member: Member) -> HttpResponse:
    """A set of questions of the chosen ones, or of all that the list shows."""
    form = ChosenForm(request.POST, rows=prompts_of(request, member, _words(request.POST.get("q"))))
    if not form.is_valid():
        for error in (each for errors in form.errors.values() for each in errors):
            messages.error(request, str(error))
        return redirect("prompt-list", team=member.team.slug)
    chosen = form.cleaned_data["chosen"]
    name = form.cleaned_data["name"] or _("Saved prompts of %(day)s") % {"day": timezone.localdate().isoformat()}
    with transaction.atomic():
        made = prompts.order(member.team, member.user, chosen, name)
        after = {"name": made.name, "origin": made.origin, "prompts": len(chosen)}
        audit(request, member.team, "questions.made", made, after=after)
        nudge(make_questions, made.pk)
    return redirect("question-detail", team=member.team.slug, questions=made.uuid)

""" "Where is this text?": searches for a passage, what they found, and the act that deletes it everywhere."""

from contextlib import suppress
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jobs.forms.passage import ForgetForm, PassageForm
from jobs.models import Member, Search, SearchState, Source, audit
from jobs.models.search import WORKING
from jobs.pipeline import forgetting, searching
from jobs.tasks import nudge, search_passage
from jobs.training_data.indexing import Index
from jobs.training_data.searching import longest_text
from jobs.views import passage_facts
from jobs.views.access import DeskRequest, owner_page, trainer_page, viewer_page
from jobs.views.files import files_of
from jobs.views.polling import session_fits, signed_out, speak
from jobs.views.weights import wish_away

PAGE = 25
UNSEARCHED = (searching.MAKING, searching.UNREADABLE, searching.MISSING)  # why a text was not looked into
FILES = 10  # a page: each has excerpts


def _search(request: DeskRequest, member: Member, uuid: UUID) -> Search:
    return get_object_or_404(
        Search.objects.visible_to(request.user).select_related("team", "by", "source"), team=member.team, uuid=uuid
    )


@require_GET
@viewer_page
def passage_list(request: DeskRequest, member: Member) -> HttpResponse:
    """The form, with an example's text in it where `?file=…&line=…` names one, and the searches of the last week."""
    return _list(request, member, PassageForm(team=member.team, initial={"passage": _picked(request, member)}))


def _list(request: DeskRequest, member: Member, form: PassageForm, status: int = HTTPStatus.OK) -> HttpResponse:
    rows = Search.objects.visible_to(request.user).filter(team=member.team).select_related("by", "source")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/passages.html", {"form": form, "page": page}, status=status)


def _picked(request: DeskRequest, member: Member) -> str:
    """The longest text of the example that the address names; nothing where it names none."""
    with suppress(ValueError, OSError):
        file, line = UUID(request.GET.get("file", "")), int(request.GET.get("line", ""))
        found = files_of(request, member).filter(uuid=file).exclude(content="").first()
        if found and member.may_train:
            with Index(found.path) as index:
                wanted = index.read(line)
            return longest_text(wanted.raw).replace("\0", "") if wanted else ""
    return ""


@require_POST
@trainer_page
def passage_new(request: DeskRequest, member: Member) -> HttpResponse:
    form = PassageForm(request.POST, team=member.team)
    if not form.is_valid():
        return _list(request, member, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _ordered(request, member, form.cleaned_data["passage"], form.cleaned_data["source"])


def _ordered(request: DeskRequest, member: Member, passage: str, source: Source | None) -> HttpResponse:
    made = searching.order(member.team, request.user, passage, source)
    nudge(search_passage, made.pk)
    return redirect("passage-detail", member.team.slug, made.uuid)


@require_GET
@viewer_page
def passage_detail(request: DeskRequest, member: Member, search: UUID) -> HttpResponse:
    """The page; while a worker is at it, it asks `passage_poll`, and in the end gets itself anew."""
    found = _search(request, member, search)
    if request.htmx and found.is_working:
        return render(request, "jobs/passage.html#progress", _progress(found))
    response = _page(request, found, ForgetForm(**_expected(found)))
    if request.htmx:
        response["HX-Retarget"] = response["HX-Reselect"] = "#main"
        response["HX-Reswap"] = "morph:outerHTML"
    return response


def _expected(search: Search) -> dict[str, Any]:
    texts_only = not search.open_examples and bool(search.open_texts)
    sets_only = not search.open_examples and not search.open_texts and bool(search.open_sets)
    return {"expected": search.to_confirm, "texts_only": texts_only, "sets_only": sets_only}


def _progress(search: Search) -> dict[str, Any]:
    left = [entry for entry in search.hits if entry["act"] in ("", "started")]
    return {"search": search, "files_done": len(search.hits) - len(left), "files_total": len(search.hits)}


def _page(request: DeskRequest, search: Search, form: ForgetForm, status: int = HTTPStatus.OK) -> HttpResponse:
    page = Paginator(search.hits, FILES).get_page(request.GET.get("page"))
    jobs = passage_facts.job_rows(search)
    context = {
        "form": form,
        "page": page,
        "rows": passage_facts.file_rows(search, page.object_list),
        "unread": passage_facts.file_rows(search, [entry for entry in search.results if not entry["count"]]),
        "texts": passage_facts.text_rows(search, search.text_hits),
        "texts_limit": passage_facts.TEXTS,
        "unread_texts": passage_facts.text_rows(
            search, [entry for entry in search.texts if entry["why"] in UNSEARCHED]
        ),
        "sets": passage_facts.set_rows(search),
        "saved_prompts": [entry for entry in search.evaluations if not entry["set"]],
        "jobs": jobs,
        "jobs_limit": passage_facts.JOBS,
        "own_models": passage_facts.own_models(jobs),
        "models": sum(len(row.models) for row in jobs if row.how != "validated"),
        "copies": passage_facts.copies_there(search).count(),
        "copies_unknown": passage_facts.copies_unknown(search),
        "kept": [entry for entry in search.hits if entry["act"] == forgetting.KEPT],
        "kept_sets": [entry for entry in search.evaluations if entry["act"] == forgetting.KEPT],
        "kept_texts": [entry for entry in search.text_hits if entry["act"] == forgetting.KEPT],
        **_progress(search),
    }
    return render(request, "jobs/passage.html", context, status=status)


@login_not_required  # the query asks for the same things, see polling.py; what follows asks again
@require_GET
def passage_poll(request: HttpRequest, team: str, search: UUID) -> HttpResponse:
    """204 while the page shows what there is; else its progress, and in the end the page anew."""
    if SESSION_KEY not in request.session:
        return signed_out(request)
    if _is_current(request, team, search):
        return HttpResponse(status=204)
    speak(request)
    return passage_detail(request, team, search=search)


def _is_current(request: HttpRequest, team: str, search: UUID) -> bool:
    rows = Search.objects.filter(
        uuid=search,
        state__in=WORKING,
        team__slug=team,
        team__members__user_id=request.session[SESSION_KEY],
        team__members__user__is_active=True,
    )
    row = rows.values_list("version", "team__members__user__password").first()
    return bool(row and session_fits(request, row[1]) and request.GET.get("since") == str(row[0]))


@require_POST
@trainer_page
def passage_delete(request: DeskRequest, member: Member, search: UUID) -> HttpResponse:
    """Delete the search, not what it found: the passage is personal data itself."""
    found = _search(request, member, search)
    if Search.objects.filter(pk=found.pk).exclude(state=SearchState.FORGETTING).delete()[0]:
        messages.success(request, _("The search was deleted, and the text with it."))
        return redirect("passage-list", member.team.slug)
    messages.error(request, _("This search is deleting its text from files. Wait for its end first."))
    return redirect("passage-detail", member.team.slug, found.uuid)


@require_POST
@owner_page
def passage_forget(request: DeskRequest, member: Member, search: UUID) -> HttpResponse:
    """Delete it from all that holds it. For owners: it takes away what others work with, for good."""
    found = _search(request, member, search)
    if found.state != SearchState.FOUND or not found.is_open or found.is_lost:
        messages.info(request, _("There is nothing to delete here. Search again to see how things are now."))
        return redirect("passage-detail", member.team.slug, found.uuid)
    form = ForgetForm(request.POST, **_expected(found))
    if not form.is_valid():
        return _page(request, found, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if searching.is_behind(found):
        messages.warning(
            request,
            _("Files or texts came since this search, so nothing was deleted. It runs anew: confirm again then."),
        )
        return _ordered(request, member, found.passage, found.source)
    _confirm(request, member, found)
    return redirect("passage-detail", member.team.slug, found.uuid)


@require_POST
@owner_page
def passage_models(request: DeskRequest, member: Member, search: UUID) -> HttpResponse:
    """Delete models of our own trainer that learnt the text: those that are ticked, of those that the page offers."""
    found = _search(request, member, search)
    offered = passage_facts.own_models(passage_facts.job_rows(found))
    ticked = [model for model in offered if str(model.uuid) in request.POST.getlist("model")]
    if not ticked or "confirmed" not in request.POST:
        messages.error(request, _("Nothing was deleted: tick the models, and that nothing brings them back."))
    else:
        wish_away(request, member, ticked)
    return redirect("passage-detail", member.team.slug, found.uuid)


@transaction.atomic
def _confirm(request: DeskRequest, member: Member, search: Search) -> None:
    if not forgetting.order(search, request.user):
        return  # a second click
    jobs = passage_facts.job_rows(search)
    counts = {"examples": search.open_examples, "files": len(search.open_hits)}
    counts |= {"texts": len(search.open_texts)} if search.open_texts else {}
    counts |= {"questions": sum(entry["questions"] for entry in search.open_sets)} if search.open_sets else {}
    counts |= {"copies": passage_facts.copies_there(search).count(), "models": sum(len(row.models) for row in jobs)}
    audit(request, member.team, "passage.confirmed", search, after=counts)
    nudge(search_passage, search.pk)

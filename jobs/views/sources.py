"""Texts that data is made from: the list, the upload, and the page of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jobs.forms.source import EncodingForm, SourceForm
from jobs.models import Member, Source, SourceState, audit
from jobs.pipeline import sources
from jobs.tasks import nudge, read_source
from jobs.text_faults import ENCODINGS, doubts, explain_text, note_words
from jobs.training_data.texts.codes import Note
from jobs.training_data.texts.found import PUT_RIGHT
from jobs.uploads import HashedFile
from jobs.views.access import DeskRequest, trainer_page, viewer_page
from jobs.views.listings import listing
from jobs.views.polling import session_fits, signed_out, speak
from jobs.views.uploading import asked, taken, upload_form

PAGE = 25
EXCERPT = 3_000  # characters


def sources_of(request: DeskRequest, member: Member) -> QuerySet[Source]:
    """The team's texts, deleted ones too: examples that were made of them refer to them."""
    return Source.objects.visible_to(request.user).filter(team=member.team).select_related("team", "uploaded_by")


def source_url(source: Source) -> str:
    return reverse("source-detail", args=[source.team.slug, source.uuid])


@require_GET
@viewer_page
def source_list(request: DeskRequest, member: Member) -> HttpResponse:
    """Newest first. While one of them is read the list asks for news, and gets 204 until there is any."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = sources_of(request, member).filter(deleted_at=None)
    page = Paginator(rows.filter(name__icontains=query) if query else rows, PAGE).get_page(request.GET.get("page"))
    states = {source.state for source in page.object_list}
    context = {"page": page, "query": query, "busy": SourceState.CHECKING in states}
    context |= {"has_ready": SourceState.READY in states}
    told = ((source.pk, source.state) for source in page.object_list)
    return listing(request, "jobs/source_list.html", told, context)


@require_http_methods(["GET", "POST"])
@trainer_page
def source_new(request: DeskRequest, member: Member) -> HttpResponse:
    """The upload. A script is answered with JSON, a form without one with a redirect."""
    form = upload_form(request, SourceForm)
    if form.is_valid():
        return _stored(request, member, form.cleaned_data["upload"])
    return asked(request, form, "jobs/source_new.html")


def _stored(request: DeskRequest, member: Member, upload: HashedFile) -> HttpResponse:
    source, is_new = sources.store(
        member.team,
        request.user,
        upload,
        name=upload.name or "",
        sha256=upload.sha256,
        also=lambda row: audit(request, member.team, "source.uploaded", row, after={"sha256": row.sha256}),
    )
    if is_new:
        nudge(read_source, source.pk)
    else:
        messages.info(request, _("The team has exactly these bytes already. This is the text that is there."))
    return taken(request, source_url(source))


@require_GET
@viewer_page
def source_detail(request: DeskRequest, member: Member, source: UUID) -> HttpResponse:
    """The page; while the text is read it asks `source_poll`, and in the end gets itself anew."""
    found = get_object_or_404(sources_of(request, member), uuid=source)
    if request.htmx and found.state == SourceState.CHECKING and not found.deleted_at:
        return render(request, "jobs/source.html#progress", {"source": found})
    response = render(request, "jobs/source.html", _context(found))
    if request.htmx:
        response["HX-Retarget"] = response["HX-Reselect"] = "#main"
        response["HX-Reswap"] = "morph:outerHTML"
    return response


def _context(source: Source) -> dict[str, Any]:
    return {
        "source": source,
        "fault": explain_text(source.fault, source.fault_params) if source.fault else None,
        "notes": note_words(source.notes),
        "doubts": doubts(source.notes),
        "put_right": PUT_RIGHT if _can_be_put_right(source) else "",
        "encoding": ENCODINGS.get(source.encoding, source.encoding),
        "form": EncodingForm(initial={"encoding": source.chosen_encoding}) if source.is_plain else None,
        "excerpt": excerpt(source),
    }


def _can_be_put_right(source: Source) -> bool:
    return source.is_plain and Note.MOJIBAKE.value in source.notes and source.chosen_encoding != PUT_RIGHT


def excerpt(source: Source) -> str:
    """The beginning of the text; empty where there is none."""
    if not source.text_path:
        return ""
    try:
        with source.text_file.open(encoding="utf-8", newline="") as stream:
            return stream.read(EXCERPT)
    except FileNotFoundError:
        return ""


@login_not_required  # the query asks for the same things, see polling.py; what follows asks again
@require_GET
def source_poll(request: HttpRequest, team: str, source: UUID) -> HttpResponse:
    """204 while the page shows what there is; else its progress, and in the end the page anew."""
    if SESSION_KEY not in request.session:
        return signed_out(request)
    if _is_current(request, team, source):
        return HttpResponse(status=204)
    speak(request)
    return source_detail(request, team, source=source)


def _is_current(request: HttpRequest, team: str, source: UUID) -> bool:
    rows = Source.objects.alive().filter(
        uuid=source,
        state=SourceState.CHECKING,
        team__slug=team,
        team__members__user_id=request.session[SESSION_KEY],
        team__members__user__is_active=True,
    )
    row = rows.values_list("read_pages", "team__members__user__password").first()
    return bool(row and session_fits(request, row[1]) and request.GET.get("since") == str(row[0]))

"""Copies of the team's files at services: what lies where, and what of it may go."""

from hashlib import blake2b
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jobs.models import Member, RemoteFile, audit
from jobs.pipeline import copies
from jobs.tasks import delete_copy, nudge
from jobs.views.access import DeskRequest, trainer_page, viewer_page

PAGE = 25
FILTERS = {"connection": "connection__uuid", "file": "training_file__uuid"}


def _copies(request: HttpRequest, member: Member) -> QuerySet[RemoteFile]:
    """What of ours lies at the team's services, last sent first."""
    rows = RemoteFile.objects.filter(connection__team=member.team, connection__team__members__user=member.user_id)
    for name, column in FILTERS.items():
        if given := request.GET.get(name):
            rows = rows.filter(**{column: _uuid(given)})
    return rows.exclude(remote_id="").order_by(F("uploaded_at").desc(nulls_last=True), "-pk")


def _uuid(text: str) -> UUID:
    """Any text: what is none finds nothing."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def size(told: object, ours: int) -> int:
    """Bytes as the service counts them; ours where it does not tell."""
    return told if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else ours


@require_GET
@viewer_page
def copy_list(request: DeskRequest, member: Member) -> HttpResponse:
    """The list; while a copy of it is being deleted it asks for news, and gets 204 until there is any."""
    rows = _copies(request, member)
    shown = rows.annotate(needed=copies.needing()).select_related("connection", "training_file")
    shown = shown.defer("training_file__report", "training_file__options", "connection__models_seen")
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    busy = any(copy.delete_due_at and is_reachable(copy) for copy in page.object_list)
    seen = _fingerprint(page)
    if request.htmx and busy and request.headers.get("X-Since") == seen:
        return HttpResponse(status=204)
    context = {"page": page, "rows": [_row(copy) for copy in page], "busy": busy, "seen": seen}
    context |= {"total": _total(rows), "one": _one(request, page), "ticked": request.GET.get("tick") == "all"}
    template = "jobs/copies.html#listing" if request.htmx else "jobs/copies.html"
    return render(request, template, context)


def _row(copy: RemoteFile) -> dict[str, Any]:
    needed = cast(Any, copy).needed
    free = not needed and copy.delete_due_at is None and is_reachable(copy)
    bytes_there = size(copy.raw.get("bytes"), copy.training_file.size)
    return {"copy": copy, "size": bytes_there, "needed": needed, "free": free, "open": is_reachable(copy)}


def is_reachable(copy: RemoteFile) -> bool:
    """A call may be made over its connection, now or soon."""
    service = copy.connection
    return service.deleted_at is None and service.disabled_at is None and service.parked_at is None


def _total(rows: QuerySet[RemoteFile]) -> int:
    told = rows.order_by().values_list("raw__bytes", "training_file__size")
    return sum(size(there, ours) for there, ours in told.iterator())


def _one(request: HttpRequest, page: "Page[Any]") -> RemoteFile | None:
    """The first copy of a list of one connection or one file: the page says whose it is."""
    return next(iter(page.object_list), None) if any(request.GET.get(name) for name in FILTERS) else None


def _fingerprint(page: "Page[Any]") -> str:
    rows = [(copy.pk, copy.delete_due_at is None, copy.trouble) for copy in page.object_list]
    return blake2b(repr(rows).encode(), digest_size=8).hexdigest()


@require_POST
@trainer_page
def copy_delete(request: DeskRequest, member: Member) -> HttpResponse:
    """Wish the ticked copies away. The worker calls; what a job has come to need by then stays."""
    given = [int(pk) for pk in request.POST.getlist("copy")[:PAGE] if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    ticked = _copies(request, member).filter(pk__in=given).select_related("connection", "training_file")
    wished = sum(wish_away(request, member, copy) for copy in ticked)
    if wished:
        text = ngettext("%(n)d copy is being deleted.", "%(n)d copies are being deleted.", wished)
        messages.success(request, text % {"n": wished})
    if kept := len(set(given)) - wished:
        text = ngettext(
            "%(n)d copy stays: a job needs it, or its service cannot be asked now.",
            "%(n)d copies stay: a job needs them, or their service cannot be asked now.",
            kept,
        )
        messages.error(request, text % {"n": kept})
    if not given:
        messages.error(request, _("No copy is ticked. Tick those that are to go."))
    return redirect(f"{reverse('copy-list', args=[member.team.slug])}{_as_asked(request)}")


def _as_asked(request: HttpRequest) -> str:
    """The list's own filters and page, without the ticks."""
    asked = request.GET.copy()
    asked.pop("tick", None)
    return f"?{asked.urlencode()}" if asked else ""


@transaction.atomic
def wish_away(request: DeskRequest, member: Member, copy: RemoteFile) -> bool:
    """Have the worker delete `copy` at its service. False if it cannot be, or is on its way already."""
    if not copies.wish_away(copy):
        return False
    before = {"service": copy.connection.name, "id": copy.remote_id}
    audit(request, member.team, "copy.deleted", copy.training_file, before=before)
    nudge(delete_copy, copy.pk)
    return True

"""News of my jobs and of my teams' models, and the mark in the header that says so."""

from typing import cast

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from jobs.models import Notice, User
from jobs.pipeline.notices import see
from jobs.views.polling import session_fits, signed_out, speak

PER_PAGE = 25
STOP_POLLING = 286  # htmx's own word


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    rows = Notice.objects.visible_to(request.user).select_related("job__team", "job__connection", "team")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    newest = max((notice.pk for notice in page.object_list), default=0)
    return render(request, "jobs/notices.html", {"page": page, "newest": newest})


@require_POST
def notices_seen(request: HttpRequest) -> HttpResponse:
    """Mark all as seen up to the newest that the page showed: one that came since is not lost."""
    try:
        until = int(request.POST.get("until", ""))
    except ValueError as error:
        raise BadRequest("until is no number") from error
    see(cast(User, request.user), Notice.objects.filter(pk__lte=until))
    return redirect("notices")


@require_GET
@login_not_required  # one query here asks for what the middleware asks for, and for the version too
def notice_poll(request: HttpRequest) -> HttpResponse:
    """204 while the mark shows what there is, else the mark anew. A signed-out tab stops asking.

    It is not told to load itself anew, as a live page is: any page asks this, and one may hold a half-filled form.
    """
    people = User.objects.filter(pk=request.session.get(SESSION_KEY, 0), is_active=True)
    row = people.values_list("password", "notices_version").first() if SESSION_KEY in request.session else None
    if row is None or not session_fits(request, row[0]):
        if request.headers.get("HX-Request"):
            return HttpResponse(status=STOP_POLLING, headers={"HX-Reswap": "none"})
        return signed_out(request)
    if str(row[1]) == request.GET.get("since", ""):
        return HttpResponse(status=204)
    speak(request)
    return render(request, "_notices.html", {"oob": True})

"""Cheap answers for open pages: one query that is access, session and version at once, and a 204 if nothing changed.

A poll view is `login_not_required`, because LoginRequiredMiddleware would spend a query of its own on the user; the
query here asks for the same things: an active user, whose session still fits the password, in this team.
"""

from typing import NamedTuple
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from jobs.middleware import speak_as
from jobs.models import FineTuneJob, Member, User


class Seen(NamedTuple):
    """What an open page shows, and what there is now."""

    version: int
    since: str

    @property
    def is_current(self) -> bool:
        return str(self.version) == self.since


def seen(request: HttpRequest, team: str, job: UUID | None = None) -> Seen | HttpResponse:
    """Compare `?since=` with the team's version, or the job's. Raises Http404 for strangers.

    Signed-out pages are told to load themselves anew, which leads to the log-in.
    """
    rows = Member.objects.filter(team__slug=team, user_id=request.session.get(SESSION_KEY, 0), user__is_active=True)
    fields = ["user__password", "team__jobs_version"]
    if job:
        rows = rows.annotate(
            job_version=Subquery(FineTuneJob.objects.filter(uuid=job, team=OuterRef("team")).values("version"))
        )
        fields.append("job_version")
    row = rows.values_list(*fields).first() if SESSION_KEY in request.session else None
    if row is None or not session_fits(request, row[0]):
        if SESSION_KEY in request.session:
            raise Http404
        return signed_out(request)
    if row[-1] is None:
        raise Http404
    return Seen(row[-1], request.GET.get("since", ""))


def session_fits(request: HttpRequest, password: str) -> bool:
    expected = User(password=password).get_session_auth_hash()
    return constant_time_compare(request.session.get(HASH_SESSION_KEY, ""), expected)


def signed_out(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


def speak(request: HttpRequest) -> None:
    """Answer in the person's language: the middleware leaves poll views alone."""
    if isinstance(request.user, User):
        speak_as(request, request.user)

"""Cheap answers for open pages: one query that is access, session and version at once, and a 204 if nothing changed.

A poll view is `login_not_required`, because LoginRequiredMiddleware would spend a query of its own on the user; the
query here asks for the same things: an active user, whose session still fits the password, in this team.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from jobs.middleware import speak_as
from jobs.models import User

# As the ORM would write it. Open pages ask this all the time, and the ORM needs longer to write it than a database to
# answer it. SQLite keeps a uuid as its hex digits, and PostgreSQL reads them.
LOOK = """SELECT person.password, person.language, person.time_zone, member.role, {} FROM jobs_member member
    JOIN jobs_team team ON team.id = member.team_id
    JOIN jobs_user person ON person.id = member.user_id
    WHERE team.slug = %s AND person.id = %s AND person.is_active"""
JOBS_VERSION = "(SELECT version FROM jobs_finetunejob WHERE uuid = %s AND team_id = team.id)"


class Seen(NamedTuple):
    """What an open page shows, what there is now, and who looks: no more of the person than the page's words need."""

    version: int
    since: str
    person: User
    role: str

    @property
    def is_current(self) -> bool:
        return str(self.version) == self.since


def seen(request: HttpRequest, team: str, job: UUID | None = None) -> Seen | HttpResponse:
    """Compare `?since=` with the team's version, or the job's. Raises Http404 for strangers.

    Signed-out pages are told to load themselves anew, which leads to the log-in.
    """
    row = _look(team, int(request.session[SESSION_KEY]), job) if SESSION_KEY in request.session else None
    if row is None or not session_fits(request, row[0]):
        if SESSION_KEY in request.session:
            raise Http404
        return signed_out(request)
    password, language, time_zone, role, version = row
    if version is None:
        raise Http404
    person = User(password=password, language=language, time_zone=time_zone)
    return Seen(version, request.GET.get("since", ""), person, role)


def _look(team: str, user: int, job: UUID | None) -> tuple[Any, ...] | None:
    """Who looks, and the version, None where the job is not the team's; None for strangers."""
    with connection.cursor() as cursor:
        if job:
            cursor.execute(LOOK.format(JOBS_VERSION), [job.hex, team, user])
        else:
            cursor.execute(LOOK.format("team.jobs_version"), [team, user])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


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

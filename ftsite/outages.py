"""What a page says while something that it needs is away or full: that, and not that something broke on our side."""

import errno
import sys
from collections.abc import Iterator
from http import HTTPStatus

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.views.defaults import server_error

AWAY, FULL = HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE
NO_ROOM = "texthelper.no_room"  # of a request whose body found no place
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
RETRY_SECONDS = 5


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a request whose handling raised: Django calls this while the exception is being handled."""
    status = status_of(sys.exc_info()[1])
    return unable(request, status) if status else server_error(request)


def status_of(error: BaseException | None) -> HTTPStatus | None:
    """503 where the database is away, 507 where the disk is full, None for every other error."""
    causes = list(_causes(error))
    if any(is_full(cause) for cause in causes):
        return FULL
    return AWAY if any(_is_away(cause) for cause in causes) else None


def is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in NO_SPACE
    state = getattr(error, "sqlstate", "")  # PostgreSQL's: disk full
    return state == "53100" or (isinstance(error, OperationalError) and "disk is full" in str(error))


def _is_away(error: BaseException) -> bool:
    """SQLite calls errors of ours operational, too: of those only a lock passes by itself."""
    if connection.vendor == "sqlite":
        return isinstance(error, OperationalError) and "locked" in str(error)
    return isinstance(error, OperationalError | InterfaceError)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def unable(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """The page, or its words for a script. It needs no database, no session and no disk."""
    response: HttpResponse
    if request.headers.get("X-Requested-With") == "upload":
        response = JsonResponse({"error": words(status)}, status=status)
    elif request.accepts("text/html") and not request.headers.get("Authorization"):
        page = render_to_string(f"{status.value}.html", {"message": words(status)})
        response = HttpResponse(page, status=status)
    else:
        envelope = {"message": words(status), "type": "server_error", "param": None, "code": status.phrase}
        response = JsonResponse({"error": envelope}, status=status)
    response.headers["Cache-Control"] = "no-store"
    if status == AWAY:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def words(status: HTTPStatus) -> str:
    if status == FULL:
        return _(
            "The server's disk is full, so nothing new can be stored. What is stored is safe and can be read. Try "
            "again later, or contact the person who runs this site."
        )
    return _(
        "The database cannot be reached at the moment. What was stored is safe, and jobs that are training go on. Try "
        "again in a few seconds."
    )


class NoRoom(MiddlewareMixin):
    """Answers a request whose body found no place on the disk, in the visitor's language."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        return unable(request, FULL) if NO_ROOM in request.META else None

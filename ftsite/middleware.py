"""Before every other middleware: who asks (behind proxies), a request's id, its line in the log, probes."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request

from ftsite.charsets import is_utf8

log = logging.getLogger(__name__)

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
PROBES = ("/healthz", "/readyz")
LONGEST_NAME = 64
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

type Handler = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def trace(get_response: Handler) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Give the request its id and its true address, and write one line when it is answered (a stream: when it begins).

    The id stays bound until the next request in this context, so that what a stream logs carries it too.
    """

    def traced(request: HttpRequest) -> HttpResponseBase:
        began = _begin(request)
        return _end(request, get_response(request), began)

    async def traced_async(request: HttpRequest) -> HttpResponseBase:
        began = _begin(request)
        return _end(request, await get_response(request), began)

    return traced_async if iscoroutinefunction(get_response) else traced


def _begin(request: HttpRequest) -> float:
    request.META["REMOTE_ADDR"] = client_address(request)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=_request_id(request))
    return time.perf_counter()


def _end(request: HttpRequest, response: HttpResponseBase, began: float) -> HttpResponseBase:
    response.headers["X-Request-ID"] = structlog.contextvars.get_contextvars()["request_id"]
    match = request.resolver_match
    told = {
        "method": _short(request.method),
        "route": match.view_name if match else None,  # never the path: some hold a token
        "status": response.status_code,
        "ms": round((time.perf_counter() - began) * 1000, 1),
        "user": _user(request),
        "team": _short(match.kwargs.get("team")) if match else None,
    }
    known = {name: value for name, value in told.items() if value is not None}
    log.log(_level(request, response), "request", extra=known)
    return response


def _short(text: str | None) -> str | None:
    """What a stranger wrote into the first line of a request may be as long as it likes; a team's name is not."""
    return text and text[:LONGEST_NAME]


def _level(request: HttpRequest, response: HttpResponseBase) -> int:
    """Polls that bring nothing new, probes and static files come by the thousand."""
    if response.status_code >= 500:
        return logging.ERROR
    quiet = response.status_code == 204 or request.path in PROBES or request.path.startswith(settings.STATIC_URL)
    return logging.DEBUG if quiet and response.status_code < 400 else logging.INFO


def _user(request: HttpRequest) -> str | None:
    """The signed-in user's number, if the view looked: a line in the log is not worth a query."""
    session = getattr(request, "session", None)
    loaded = (
        vars(session).get("_session_cache") if session is not None else None
    )  # one that could not be is not tried again
    return loaded.get(SESSION_KEY) if loaded else None


def _request_id(request: HttpRequest) -> str:
    """The proxy's, if there is one that we trust and it is sane; else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if settings.TRUSTED_PROXIES and SANE_ID.fullmatch(given) else uuid4().hex


def client_address(request: HttpRequest) -> str:
    """Who asks: behind N trusted proxies the Nth address from the right of X-Forwarded-For.

    What stands further left was sent by the client and may say anything. Where the header is too short, or holds no
    address there, the request did not come the way the operator told: the other end of the socket is the answer.
    """
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES or len(hops) < settings.TRUSTED_PROXIES:
        return direct
    try:
        return str(ip_address(hops[-settings.TRUSTED_PROXIES].strip()))
    except ValueError:
        return direct


class Probes(MiddlewareMixin):
    """Answers /healthz and /readyz at once: whoever probes comes by number, without https, and needs no session."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        if request.path not in PROBES:
            return None
        request.resolver_match = resolve(request.path)
        answer: HttpResponseBase = request.resolver_match.func(request)
        return answer


class Utf8Forms(MiddlewareMixin):
    """Refuses forms in another character set, before anything looks into them.

    Bodies that are no forms are bytes to us: JSON is UTF-8.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        stated = request.content_params.get("charset") if request.content_params else None
        if not stated:
            return None
        request.encoding = "utf-8"  # also where it has another name, which Django would refuse
        if is_utf8(stated) or request.content_type not in FORM_TYPES:
            return None
        return bad_request(request, BadRequest("a form in another character set than UTF-8"))

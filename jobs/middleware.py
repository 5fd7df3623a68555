"""What holds for every page: a person's language and time zone, where acts lead, what may be kept."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from jobs.models import User


def speak_as(request: HttpRequest, user: User) -> None:
    """Answer this request in the language and the time zone that `user` chose."""
    if user.language:
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
    timezone.activate(ZoneInfo(user.zone()))


class BackToThePage(MiddlewareMixin):
    """Leads a browser that opens the address of a form's act to the page above it, instead of an empty 405.

    People come there by signing in again, when the act that was held up stands in `next`, and by changing the
    language of a form that was refused.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        opened = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if response.status_code == 405 and opened and not request.headers.get("Authorization"):
            return redirect(_page_above(request.path))
        return response


def _page_above(path: str) -> str:
    """The nearest address above `path` that leads somewhere."""
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        with suppress(Resolver404):
            resolve(path)
            return path
    return path


class KeepNothing(MiddlewareMixin):
    """No cache keeps what we answer: after signing out, "back" shows no page. Static files do not come by here."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class PersonalSettings(MiddlewareMixin):
    """Applies them to every page that needs a log-in; open pages follow the browser or its cookie.

    `login_required` is what `login_not_required` turns off: such a view must not cost a look at the user.
    """

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_args: Any) -> HttpResponseBase | None:
        timezone.deactivate()
        if getattr(view, "login_required", True) and isinstance(request.user, User):
            speak_as(request, request.user)
        return None

"""Per-request settings of a person: language and time zone."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from jobs.models import User


def speak_as(request: HttpRequest, user: User) -> None:
    """Answer this request in the language and the time zone that `user` chose."""
    if user.language:
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
    timezone.activate(ZoneInfo(user.zone()))


class PersonalSettings(MiddlewareMixin):
    """Applies them to every page that needs a log-in; open pages follow the browser or its cookie.

    `login_required` is what `login_not_required` turns off: such a view must not cost a look at the user.
    """

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_args: Any) -> HttpResponseBase | None:
        timezone.deactivate()
        if getattr(view, "login_required", True) and isinstance(request.user, User):
            speak_as(request, request.user)
        return None

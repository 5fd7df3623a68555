"""A person's own settings, and the language switch that everyone has."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.settings import SettingsForm
from jobs.models import User


def _remember(response: HttpResponse, language: str) -> None:
    """Keep the language for pages without a log-in, too; none means as the browser asks."""
    if not language:
        response.delete_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            path=settings.LANGUAGE_COOKIE_PATH,
            domain=settings.LANGUAGE_COOKIE_DOMAIN,
        )
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    person = User.objects.get(
        pk=cast(User, request.user).pk
    )  # not request.user: a refused name must not show in the menu
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=person)
    if not form.is_valid():
        return render(request, "jobs/settings.html", {"form": form}, status=422 if form.errors else 200)
    form.save()
    with translation.override(person.language or translation.get_language()):
        messages.success(request, _("Your settings are saved."))
    response = redirect("settings")
    _remember(response, person.language)
    return response


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch to `language` and go back to `next`; a stranger's address leads home instead."""
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(back if safe else reverse("home"))
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        _remember(response, language)
        if isinstance(request.user, User):
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response

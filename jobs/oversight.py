"""The admin site: signs in where everyone does, and begins with what staff need to know first.

Not in jobs.admin: that package registers with the site, so the site must be there before.
"""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from jobs.pipeline import overview


class OversightSite(AdminSite):
    site_header = site_title = _("TextHelper oversight")
    index_title = _("Overview")
    enable_nav_sidebar = False  # the lists are wide; the header leads to all of them

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The portal's own, behind its rate limit; Django's counts no wrong passwords. Who is no staff gets 403."""
        there = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure()):
            there = reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect(reverse("account_login", query={"next": there}))
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect(there)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, overview.figures() | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In the order of registration: what matters most first."""
        return list(self._build_app_dict(request, app_label).values())

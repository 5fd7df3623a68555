"""The admin site: signs in where everyone does, and begins with what staff need to know first.

Not in jobs.admin: that package registers with the site, so the site must be there before.
"""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jobs.pipeline import overview
from jobs.pipeline.rescue import teams

TEAMS = 25  # a page


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

    def get_urls(self) -> list[Any]:
        return [path("rescue/", self.admin_view(self.rescue), name="rescue"), *super().get_urls()]

    @method_decorator(require_GET)
    def rescue(self, request: HttpRequest) -> HttpResponse:
        """How far the rescue of every team's models is: figures, and no text of theirs."""
        page = Paginator(teams.by_urgency(), TEAMS).get_page(request.GET.get("page"))
        context = {
            **self.each_context(request),
            "title": _("Rescue of models"),
            "page": page,
            "rows": teams.rows_of(page.object_list),
            "soon": teams.ending_soon(),
        }
        return render(request, "admin/rescue.html", context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In the order of registration: what matters most first."""
        return list(self._build_app_dict(request, app_label).values())

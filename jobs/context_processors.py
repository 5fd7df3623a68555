"""What the base template needs on every page of a team."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jobs.models import Member, Team, User
from jobs.models.counts import unseen_by

ON_NEED = frozenset({"rescue"})  # shown while there is something to count, and on their own pages
MENU = (  # url name, label, icon, which count stands beside it, prefix(es) of the url names below it
    ("job-list", _("Jobs"), "play", "active", "job-"),
    ("file-list", _("Files"), "file-text", "files", ("file-", "copy-", "passage-")),
    ("source-list", _("Make data"), "wand-sparkles", "sources", ("source-", "run-", "recipe-")),
    ("model-list", _("Models"), "box", "models", "model-"),
    ("rescue", _("Rescue"), "life-buoy", "ending", "rescue"),
    ("evaluation-list", _("Evaluations"), "chart-line", None, ("evaluation-", "question-")),
    ("playground", _("Playground"), "messages-square", None, "playground"),
    ("connection-list", _("Connections"), "plug", "connections", "connection-"),
    ("team", _("Team"), "users", None, "team"),
)


def _menu(request: HttpRequest, member: Member) -> list[dict[str, Any]]:
    counts = member.counts
    here = request.resolver_match.url_name or "" if request.resolver_match else ""
    return [
        {
            "name": name,
            "url": reverse(name, args=[member.team.slug]),
            "label": label,
            "icon": icon,
            "count": getattr(counts, counted) if counted else None,
            "current": here.startswith(prefix),
        }
        for name, label, icon, counted, prefix in MENU
        if name not in ON_NEED or here.startswith(prefix) or (counted and getattr(counts, counted))
    ]


def desk(request: HttpRequest) -> dict[str, Any]:
    """`team`, `member`, and, only where a template asks for them (partials do not), `teams`, `nav` and `unseen`."""
    member: Member | None = getattr(request, "member", None)
    user = getattr(request, "user", None)

    @cache  # a template asks twice: are there any, and which
    def teams() -> list[Any]:
        """Their names and slugs."""
        if not isinstance(user, User):
            return []
        return list(Team.objects.visible_to(user).order_by("name").values_list("name", "slug", named=True))

    def nav() -> list[dict[str, Any]]:
        return _menu(request, member) if member else []

    @cache  # both bells show it
    def unseen() -> int:
        if member:
            return member.counts.unseen
        return unseen_by(user.pk) if isinstance(user, User) else 0

    lazily: dict[str, Callable[[], Any]] = {"teams": teams, "nav": nav, "unseen": unseen}
    return {"team": member.team if member else None, "member": member, **lazily}

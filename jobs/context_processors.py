"""What the base template needs on every page of a team."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jobs.models import Connection, FineTuneJob, Member, Notice, Team, TrainingFile, TunedModel, User
from jobs.states import ACTIVE

MENU = (  # url name, label, icon, which count stands beside it, prefix(es) of the url names below it
    ("job-list", _("Jobs"), "play", "n_active", "job-"),
    ("file-list", _("Files"), "file-text", "n_files", ("file-", "copy-")),
    ("model-list", _("Models"), "box", "n_models", "model-"),
    ("playground", _("Playground"), "messages-square", None, "playground"),
    ("connection-list", _("Connections"), "plug", "n_connections", "connection-"),
    ("team", _("Team"), "users", None, "team"),
)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """A subquery that counts `rows` of the outer team."""
    counted = rows.filter(team=OuterRef("pk")).order_by().values("team").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _menu(request: HttpRequest, member: Member) -> list[dict[str, Any]]:
    counts = (
        Team.objects.filter(pk=member.team_id)
        .values(
            n_active=_count(FineTuneJob.objects.filter(state__in=ACTIVE)),
            n_files=_count(TrainingFile.objects.alive()),
            n_models=_count(TunedModel.objects.all()),
            n_connections=_count(Connection.objects.alive()),
        )
        .get()
    )
    here = request.resolver_match.url_name or "" if request.resolver_match else ""
    return [
        {
            "name": name,
            "url": reverse(name, args=[member.team.slug]),
            "label": label,
            "icon": icon,
            "count": counts.get(counted or ""),
            "current": here.startswith(prefix),
        }
        for name, label, icon, counted, prefix in MENU
    ]


def desk(request: HttpRequest) -> dict[str, Any]:
    """`team`, `member`, and, only where a template asks for them (partials do not), `teams`, `nav` and `unseen`."""
    member: Member | None = getattr(request, "member", None)
    user = getattr(request, "user", None)

    @cache  # a template asks twice: are there any, and which
    def teams() -> list[Team]:
        return list(Team.objects.visible_to(user).order_by("name")) if isinstance(user, User) else []

    def nav() -> list[dict[str, Any]]:
        return _menu(request, member) if member else []

    @cache  # both bells show it
    def unseen() -> int:
        """How many notices I have not seen; a hundred stand for all above 99."""
        return Notice.objects.visible_to(user).unseen()[:100].count() if isinstance(user, User) else 0

    lazily: dict[str, Callable[[], Any]] = {"teams": teams, "nav": nav, "unseen": unseen}
    return {"team": member.team if member else None, "member": member, **lazily}

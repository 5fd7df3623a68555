"""What the base template needs on every page of a team."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jobs.models import Member, Notice, Team, User
from jobs.states import ACTIVE

MENU = (  # url name, label, icon, which count stands beside it, prefix(es) of the url names below it
    ("job-list", _("Jobs"), "play", "n_active", "job-"),
    ("file-list", _("Files"), "file-text", "n_files", ("file-", "copy-", "passage-")),
    ("source-list", _("Make data"), "wand-sparkles", "n_sources", ("source-", "run-", "recipe-")),
    ("model-list", _("Models"), "box", "n_models", "model-"),
    ("playground", _("Playground"), "messages-square", None, "playground"),
    ("connection-list", _("Connections"), "plug", "n_connections", "connection-"),
    ("team", _("Team"), "users", None, "team"),
)


# As the ORM would write it. Every page asks this, and the ORM needs longer to write it than a database to answer it.
COUNTS = """SELECT id,
    (SELECT COUNT(*) FROM jobs_finetunejob WHERE team_id = t.id AND state IN ({})) AS n_active,
    (SELECT COUNT(*) FROM jobs_trainingfile WHERE team_id = t.id AND deleted_at IS NULL) AS n_files,
    (SELECT COUNT(*) FROM jobs_source WHERE team_id = t.id AND deleted_at IS NULL) AS n_sources,
    (SELECT COUNT(*) FROM jobs_tunedmodel WHERE team_id = t.id) AS n_models,
    (SELECT COUNT(*) FROM jobs_connection WHERE team_id = t.id AND deleted_at IS NULL) AS n_connections
FROM jobs_team t WHERE id = %s""".format(", ".join(["%s"] * len(ACTIVE)))  # noqa: S608 - placeholders


def _menu(request: HttpRequest, member: Member) -> list[dict[str, Any]]:
    counts = Team.objects.raw(COUNTS, [*ACTIVE, member.team_id])[0]
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

"""Ways to narrow a list down."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.audit_words import ACTIONS
from jobs.models import Team
from jobs.pipeline.overview import failed_since
from jobs.pipeline.stuck import Why, stuck

TEAMS = 30  # offered beside the list; others are found by their name


class ByTeam(admin.SimpleListFilter):
    title = _("team")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        chosen = Q(pk=self.value()) if str(self.value()).isdecimal() else Q(pk=None)
        first = Team.objects.order_by("name").values_list("pk", "name")
        teams = dict(first.filter(chosen)) | dict(first[:TEAMS])
        return list(teams.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(team=int(chosen)) if chosen and chosen.isdecimal() else queryset


class Choosing(admin.SimpleListFilter):
    """Offers `choices`: value → (words, what it does to the rows)."""

    offered: dict[str, tuple[str | Promise, Callable[[Any], Any]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, words) for value, (words, _narrow) in self.offered.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = self.offered.get(self.value() or "")
        return found[1](queryset) if found else queryset


class ByAct(admin.SimpleListFilter):
    title = _("act")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ACTIONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class Failed(Choosing):
    title = _("failed")
    parameter_name = "failed"
    offered = {
        "day": (_("in the last 24 hours"), lambda jobs: failed_since(jobs, timedelta(days=1))),
        "week": (_("in the last 7 days"), lambda jobs: failed_since(jobs, timedelta(days=7))),
    }


def _stuck_by(why: Why, jobs: Any) -> Any:
    return stuck(jobs).filter(stuck=why)  # type: ignore[misc]  # annotated


class Stuck(Choosing):
    title = _("stuck")
    parameter_name = "stuck"
    offered = {
        "any": (_("for any reason"), stuck),
        **{why.value: (why.label, partial(_stuck_by, why)) for why in Why},
    }


class Resting(admin.SimpleListFilter):
    """Of a connection, or of the connection of a job."""

    title = _("calls")
    parameter_name = "calls"
    prefix = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"parked": "parked_at", "disabled": "disabled_at", "deleted": "deleted_at"}.get(self.value() or "")
        return queryset.filter(**{f"{self.prefix}{wanted}__isnull": False}) if wanted else queryset

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("parked", _("Parked: wrong key")), ("disabled", _("Disabled by staff")), ("deleted", _("Deleted"))]


class ServiceResting(Resting):
    title = _("connection")
    prefix = "connection__"

"""What the admin's front page tells: a constant number of queries, each on an index, over all teams."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from jobs.models import Connection, FineTuneJob, JobOrigin, JobQuerySet, Pulse
from jobs.pipeline.rescue.teams import ending_soon
from jobs.pipeline.stuck import Why, stuck
from jobs.states import State

DAY = timedelta(days=1)
SHOWN = 20
# The page shows whose and why, never the long columns.
COLUMNS = ["name", "state", "state_since", "error", "due_at", "remote_status"]
COLUMNS += ["team__name", "created_by__email", "connection__name"]


def failed_since(jobs: JobQuerySet, age: timedelta) -> JobQuerySet:
    """Jobs that failed within `age`; what had failed long before it was imported is no news."""
    since = timezone.now() - age
    old = Q(origin=JobOrigin.IMPORTED, finished_at__lt=since)
    return jobs.filter(state=State.FAILED, state_since__gte=since).exclude(old)


def figures() -> dict[str, Any]:
    jobs = FineTuneJob.objects.all()
    failed, held = failed_since(jobs, DAY), stuck(jobs)
    return {
        "states": _states(),
        "failed": _listed(failed.order_by("-state_since")),
        "failed_count": failed.count(),
        "stuck": _listed(held.order_by("state_since")),
        "stuck_count": held.count(),
        "connections": _connections(),
        "ending": ending_soon(),
        **_beat(),
    }


def _listed(jobs: JobQuerySet) -> list[dict[str, Any]]:
    """The first of them, each with what holds it up, if something does."""
    rows = jobs.select_related("team", "created_by", "connection").only(*COLUMNS)[:SHOWN]
    return [{"job": job, "held": Why(code).label if (code := getattr(job, "stuck", "")) else ""} for job in rows]


def _states() -> list[dict[str, Any]]:
    """Every state with its count, in the order of a job's life."""
    counted = dict(FineTuneJob.objects.order_by().values_list("state").annotate(n=Count("*")))
    return [{"state": state.value, "label": state.label, "count": counted.get(state, 0)} for state in State]


def _connections() -> dict[str, int]:
    return Connection.objects.alive().aggregate(
        parked=Count("pk", filter=Q(parked_at__isnull=False)), disabled=Count("pk", filter=Q(disabled_at__isnull=False))
    )


def _beat() -> dict[str, Any]:
    """When beat, broker and worker last worked together, and whether that is too long ago."""
    at = Pulse.objects.filter(name="tick").values_list("at", flat=True).first()
    patience = timedelta(seconds=max(60.0, settings.TICK_SECONDS * 10))
    return {"beat_at": at, "beat_late": at is None or timezone.now() - at > patience}

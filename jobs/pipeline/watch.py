"""A job that somebody looks at is asked for more often."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.models import FineTuneJob, JobQuerySet
from jobs.states import ACTIVE, CLAIMED, FINAL, State

WATCHED = timedelta(seconds=45)  # an open page says so every 30 s


def watch(jobs: JobQuerySet) -> None:
    """Look at these jobs more often for a while, and soon at those that the service has."""
    now = timezone.now()
    jobs.active().update(watched_until=now + WATCHED)
    # our clock, not SQLite's: it writes milliseconds, and a row is taken by the due time that was read, to the digit
    jobs.filter(state=State.RUNNING, due_at__gt=now).update(due_at=now)


def look_now(job: FineTuneJob) -> bool:
    """Make `job` due now. Returns False where nothing is left to ask, or a worker has it: a claim keeps its lease."""
    waiting = Q(state__in=ACTIVE - CLAIMED) | Q(state__in=FINAL, due_at__isnull=False)
    return bool(FineTuneJob.objects.filter(waiting, pk=job.pk).update(due_at=timezone.now()))

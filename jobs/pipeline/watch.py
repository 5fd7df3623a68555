"""A job that somebody looks at is asked for more often."""

from datetime import timedelta

from django.utils import timezone

from jobs.models import JobQuerySet
from jobs.states import State

WATCHED = timedelta(seconds=45)  # an open page says so every 30 s


def watch(jobs: JobQuerySet) -> None:
    """Look at these jobs more often for a while, and soon at those that the service has."""
    now = timezone.now()
    jobs.active().update(watched_until=now + WATCHED)
    # our clock, not SQLite's: it writes milliseconds, and a row is taken by the due time that was read, to the digit
    jobs.filter(state=State.RUNNING, due_at__gt=now).update(due_at=now)

"""A job that somebody looks at is asked for more often."""

from datetime import timedelta

from django.db.models.functions import Least, Now
from django.utils import timezone

from jobs.models import JobQuerySet
from jobs.states import State

WATCHED = timedelta(seconds=45)  # an open page says so every 30 s


def watch(jobs: JobQuerySet) -> None:
    """Look at these jobs more often for a while, and soon at those that the service has."""
    until = timezone.now() + WATCHED
    jobs.active().update(watched_until=until)
    jobs.filter(state=State.RUNNING, due_at__isnull=False).update(due_at=Least("due_at", Now()))

"""A job that somebody looks at is asked for more often."""

from datetime import timedelta

from django.db.models.functions import Least, Now
from django.utils import timezone

from jobs.models import JobQuerySet
from jobs.states import State

WATCHED = timedelta(seconds=45)  # an open page says so every 30 s


def watch(jobs: JobQuerySet) -> int:
    """Look at these jobs soon, and more often for a while; returns how many are being followed."""
    return jobs.filter(state=State.RUNNING, due_at__isnull=False).update(
        watched_until=timezone.now() + WATCHED, due_at=Least("due_at", Now())
    )

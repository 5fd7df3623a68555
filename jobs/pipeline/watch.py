"""A job that somebody looks at is asked for more often."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.models import FineTuneJob, JobQuerySet
from jobs.states import ACTIVE, CLAIMED, FINAL, State

EVERY = timedelta(seconds=30)  # an open page says so
WATCHED = timedelta(seconds=45)
MOST = 100  # so many fit into one list call of a service


def watch(jobs: JobQuerySet) -> None:
    """Look at these jobs, the newest hundred, more often for a while, and now at those nobody looked at until now.

    What another open page has marked just before is left alone: two hundred people may look at one list.
    """
    now = timezone.now()
    newest = list(jobs.active().order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST])
    rows = FineTuneJob.objects.filter(pk__in=newest, state__in=ACTIVE)
    unwatched = Q(watched_until=None) | Q(watched_until__lte=now)
    # our clock, not SQLite's: it writes milliseconds, and a row is taken by the due time that was read, to the digit
    rows.filter(unwatched, state=State.RUNNING, due_at__gt=now).update(due_at=now)
    rows.filter(unwatched, look_due_at__gt=now).update(look_due_at=now)
    rows.filter(unwatched | Q(watched_until__lt=now + EVERY)).update(watched_until=now + WATCHED)


def look_now(job: FineTuneJob) -> bool:
    """Make `job` due now. Returns False where nothing is left to ask, or a worker has it: a claim keeps its lease."""
    waiting = Q(state__in=ACTIVE - CLAIMED) | Q(state__in=FINAL, due_at__isnull=False)
    return bool(FineTuneJob.objects.filter(waiting, pk=job.pk).update(due_at=timezone.now()))

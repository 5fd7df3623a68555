"""What the tick looks at: rows that are due, each taken for a while so that a lost message is sent again."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs.models import Connection, FineTuneJob, TrainingFile, Wish
from jobs.pipeline.follow import to_follow
from jobs.states import CLAIMED, State

AGAIN = timedelta(seconds=30)  # a nudge that was lost is given again after so long
AT_ONCE = 500  # rows a tick

ON_THE_WAY = (State.NEW, State.READY, State.UNSURE, State.ADOPTING, *CLAIMED)


def _awake() -> Q:
    """Rows whose connection is neither parked, nor disabled by staff, nor asked to wait."""
    now = timezone.now()
    free = Q(connection__parked_at=None, connection__disabled_at=None)
    return free & (Q(connection__wait_until=None) | Q(connection__wait_until__lte=now))


def jobs_to_advance() -> dict[int, datetime | None]:
    """Take orders on their way to a service, and claims that have run out: each with the time it was taken until."""
    unsent = Q(wish=Wish.CANCEL, state__in=(State.NEW, State.READY))  # cancelling these needs no call
    rows = FineTuneJob.objects.due().filter(_awake() | unsent, state__in=ON_THE_WAY).order_by("due_at")
    until = timezone.now() + AGAIN
    taken: dict[int, datetime | None] = {}
    for pk, state in rows.values_list("pk", "state")[:AT_ONCE]:
        if state in CLAIMED:
            taken[pk] = None  # a claim that has run out stays due: `free` must see that it has
        elif FineTuneJob.objects.due().filter(pk=pk, state=state).update(due_at=until):
            taken[pk] = until
    return taken


def take(job: FineTuneJob, until: datetime | None) -> bool:
    """Tell whether a message about `job` is still good: it is for one look only, and not before the row is due.

    `until` names the taking by which the tick sent it; without one the row must be due now. A message that comes
    twice, or late because the worker was away, would else make a call that back-off or Retry-After forbids.
    """
    if job.state in CLAIMED:
        return True  # `free` and the claims tell by themselves
    rows = FineTuneJob.objects.filter(pk=job.pk, state=job.state)
    rows = rows.filter(due_at=until) if until else rows.filter(due_at__lte=timezone.now())
    again = timezone.now() + AGAIN
    if not rows.update(due_at=again):
        return False
    job.due_at = again
    return True


def connections_to_follow() -> list[int]:
    """Connections with jobs to look at, in no order, so that none is always last. `follow` takes their rows."""
    due = FineTuneJob.objects.due().filter(to_follow(), connection=OuterRef("pk")).exclude(remote_id="")
    now = timezone.now()
    awake: QuerySet[Connection] = Connection.objects.filter(
        Q(wait_until=None) | Q(wait_until__lte=now), Exists(due), parked_at=None, disabled_at=None
    )
    return list(awake.order_by("?").values_list("pk", flat=True))


def files_to_check() -> list[int]:
    """Files that wait for their check, or whose checking worker is gone; who waits longest comes first.

    Where workers cannot keep up, messages expire: in any other order the same files would be left out every time.
    """
    rows = TrainingFile.objects.alive().filter(check_due_at__lte=timezone.now()).order_by("check_due_at")
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])

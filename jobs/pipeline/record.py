"""The only way in which a job's row changes: by what was seen before, and counted."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.models import FineTuneJob, Team, Transition, User, Wish
from jobs.models.searching import searched
from jobs.models.vocabulary import remember
from jobs.pipeline import notices
from jobs.provider import ProviderError
from jobs.states import ACTIVE, CLAIMED, NEXT, State

QUIET = frozenset({"due_at", "polled_at", "tries", "watched_until", "remote"})  # no page shows a change of these
ENDS = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})  # of which people are told


class WrongStepError(Exception):
    """A state may not follow the one before it (states.NEXT): a mistake of ours, never of a service."""


def note(job: FineTuneJob, *, show: bool = False, **changes: Any) -> None:
    """Store `changes` of a job without changing its state; open pages are told of visible ones, and if `show`.

    When a job is due belongs to its state: a worker whose answer came late, after another had moved the job on,
    changes nothing any more.
    """
    changed = {name: value for name, value in changes.items() if getattr(job, name) != value}
    visible = show or bool(changed.keys() - QUIET)
    if not changed and not visible:
        return
    with transaction.atomic():
        rows = FineTuneJob.objects.filter(pk=job.pk)
        if "due_at" in changes:
            rows = rows.filter(state=job.state)
        if visible:
            changed |= {"version": F("version") + 1, **searched(job, changed)}
        if not rows.update(**changed):
            return
        if visible:
            Team.objects.filter(pk=job.team_id).update(jobs_version=F("jobs_version") + 1)
        if words := changed.get("words"):
            remember(job, words)
    for name in changed.keys() - {"version"}:
        setattr(job, name, changed[name])


def move(job: FineTuneJob, to: State, reason: str = "", by: User | None = None, **changes: Any) -> bool:
    """Change a job's state, if it still is what `job` says. Returns False if somebody else was first.

    Row, history, the team's version and, at an end, the notice of it change in one short transaction. A claimed state
    is due again when its claim has run out, so that a killed worker is noticed; a final state only until its results
    are collected.
    """
    before = State(job.state)
    if to not in NEXT[before]:
        raise WrongStepError(f"{before} → {to}")
    now = timezone.now()
    finished_at = changes.get("finished_at", job.finished_at)
    lease = timedelta(seconds=settings.CLAIM_SECONDS)
    changes = {"due_at": now + lease if to in CLAIMED else now, "tries": 0, "trouble": ""} | changes
    noted = searched(job, changes)
    changes |= {"state": to, "state_since": now, **noted}
    with transaction.atomic():
        rows = FineTuneJob.objects.filter(pk=job.pk, state=before)
        if rows.update(version=F("version") + 1, **changes) != 1:
            return False
        Transition.objects.create(job=job, before=before, after=to, at=now, reason=reason, by=by)
        Team.objects.filter(pk=job.team_id).update(jobs_version=F("jobs_version") + 1)
        if to in ENDS:
            notices.tell_of_end(job, to, finished_at)
        if words := noted.get("words"):
            remember(job, words)
    for name, value in changes.items():
        setattr(job, name, value)
    return True


def order(job: FineTuneJob) -> FineTuneJob:
    """Store a new order with the first line of its history. The same order token again is an IntegrityError."""
    with transaction.atomic():
        job.save(force_insert=True)
        Transition.objects.create(job=job, after=job.state, at=job.created_at, by=job.created_by)
        Team.objects.filter(pk=job.team_id).update(jobs_version=F("jobs_version") + 1)
    return job


def backoff(tries: int, error: ProviderError | None = None) -> timedelta:
    """How long to wait after the n-th failed call in a row: 2, 4, 8 ... 300 s, or what the service asked for.

    A long Retry-After is not the row's to wait for but the connection's (`park.blame`).
    """
    waited = min(300.0, 2.0 ** min(tries, 9))
    asked = 0.0 if error is None or error.asks_all_to_wait else error.retry_after or 0.0
    return timedelta(seconds=max(waited, asked))


def postpone(job: FineTuneJob, error: ProviderError) -> None:
    """The call failed but may work later: say so on the page, and look again after a while."""
    tries = job.tries + 1
    note(job, tries=tries, trouble=str(error), due_at=timezone.now() + backoff(tries, error))


def put_off(jobs: Collection[FineTuneJob], due_at: datetime) -> None:
    """Nothing of these has changed: look again at `due_at`. A row that somebody has made due meanwhile stays due."""
    taken = {job.due_at for job in jobs}
    rows = FineTuneJob.objects.filter(pk__in=[job.pk for job in jobs], due_at__in=taken, state=State.RUNNING, wish="")
    rows.update(due_at=due_at, polled_at=timezone.now())


def wish(job: FineTuneJob, what: Wish) -> None:
    """Leave a wish for the worker, and have it looked at now; a claimed row keeps its lease."""
    note(job, wish=what, trouble="")
    # by the state as it is now: since the page was read a worker may have claimed the row
    FineTuneJob.objects.filter(pk=job.pk, state__in=ACTIVE - CLAIMED).update(due_at=timezone.now())
    job.refresh_from_db(fields=["due_at"])


def grant(job: FineTuneJob, trouble: str = "") -> None:
    """The wish that `job` shows is over; a later one, left meanwhile, stays."""
    FineTuneJob.objects.filter(pk=job.pk, wish=job.wish).update(wish="")
    job.refresh_from_db(fields=["wish"])
    note(job, show=True, trouble=trouble)

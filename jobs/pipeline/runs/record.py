"""The only way in which a run's row changes: by what was seen before, and counted."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.models import Run, Wish
from jobs.pipeline.record import WrongStepError
from jobs.run_states import NEXT_OF_RUN, RUN_ACTIVE, RUN_CLAIMED, RUN_OVER, RUN_STANDS, RunState

LEASE = timedelta(seconds=60)


def move(run: Run, to: RunState, **changes: Any) -> bool:
    """Change a run's state, if it still is what `run` says. Returns False if somebody else was first.

    A claimed state is due again when its lease has run out; one that stands, or is over, is due no more.
    """
    before = RunState(run.state)
    if to not in NEXT_OF_RUN[before]:
        raise WrongStepError(f"{before} → {to}")
    now = timezone.now()
    due_at = now + LEASE if to in RUN_CLAIMED else None if to in RUN_STANDS | RUN_OVER else now
    changes = {"due_at": due_at, "tries": 0, "trouble": "", "finished_at": now if to in RUN_OVER else None} | changes
    if to == RunState.RUNNING:
        changes |= {"started_at": now, "started_with": F("done") + F("failed") + F("unsure")}
    rows = Run.objects.filter(pk=run.pk, state=before)
    if not rows.update(state=to, version=F("version") + 1, **changes):
        return False
    run.refresh_from_db()
    return True


def note(run: Run, **changes: Any) -> None:
    """Store visible `changes` of a run without changing its state."""
    Run.objects.filter(pk=run.pk).update(version=F("version") + 1, **changes)
    run.refresh_from_db()


def place(run: Run, sources: list[Any]) -> Run:
    """Store a new order. The same order token again is an IntegrityError."""
    with transaction.atomic():
        run.save(force_insert=True)
        run.sources.set(sources)
    return run


def wish(run: Run, what: Wish) -> None:
    """Leave a wish for the worker and have it looked at now; a lease is left as it is."""
    note(run, wish=what)
    Run.objects.filter(pk=run.pk, state__in=RUN_ACTIVE - RUN_CLAIMED).update(due_at=timezone.now())


def grant(run: Run) -> bool:
    """Do what a person asked for, where the state allows it: no call is needed. False: there was nothing to do."""
    asked, state = run.wish, RunState(run.state)
    if not asked:
        return False
    to = {Wish.CANCEL: RunState.CANCELLED, Wish.PAUSE: RunState.PAUSED, Wish.RESUME: RunState.RUNNING}[Wish(asked)]
    if to in NEXT_OF_RUN[state] and state not in RUN_CLAIMED:
        return move(run, to, wish="")
    if asked != Wish.CANCEL or state in RUN_OVER:  # it has moved on; a claimed one sees for itself that it is to end
        Run.objects.filter(pk=run.pk, wish=asked).update(wish="", version=F("version") + 1)
        run.refresh_from_db()
    return False

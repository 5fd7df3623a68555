"""The only way in which the row of an order of many calls changes: by what was seen before, and counted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from jobs.models import PaidOrder, Wish
from jobs.pipeline.record import WrongStepError
from jobs.run_states import NEXT_OF_RUN, RUN_ACTIVE, RUN_CLAIMED, RUN_OVER, RUN_STANDS, RunState

LEASE = timedelta(seconds=60)


def rows(order: PaidOrder) -> "QuerySet[PaidOrder]":
    """The order's own row, to be filtered and updated."""
    return type(order)._default_manager.filter(pk=order.pk)


def move(order: PaidOrder, to: RunState, **changes: Any) -> bool:
    """Change an order's state, if it still is what `order` says. Returns False if somebody else was first.

    A claimed state is due again when its lease has run out; one that stands, or is over, is due no more.
    """
    before = RunState(order.state)
    if to not in NEXT_OF_RUN[before]:
        raise WrongStepError(f"{before} → {to}")
    now = timezone.now()
    due_at = now + LEASE if to in RUN_CLAIMED else None if to in RUN_STANDS | RUN_OVER else now
    changes = {"due_at": due_at, "tries": 0, "trouble": "", "finished_at": now if to in RUN_OVER else None} | changes
    if to == RunState.RUNNING:
        changes |= {"started_at": now, "started_with": F("done") + F("failed") + F("unsure")}
    if not rows(order).filter(state=before).update(state=to, version=F("version") + 1, **changes):
        return False
    order.refresh_from_db()
    return True


def note(order: PaidOrder, **changes: Any) -> None:
    """Store visible `changes` of an order without changing its state."""
    rows(order).update(version=F("version") + 1, **changes)
    order.refresh_from_db()


def set_cap(order: PaidOrder, cap: int) -> None:
    """In billionths of a dollar. An order that its cap had stopped goes on."""
    note(order, cap_nano=cap)
    if order.state == RunState.CAPPED:
        move(order, RunState.RUNNING)


def place[O: PaidOrder](order: O, also: Callable[[O], object]) -> O:
    """Store a new order and, in the same transaction, what `also` adds. The same order token is an IntegrityError."""
    with transaction.atomic():
        order.save(force_insert=True)
        also(order)
    return order


def wish(order: PaidOrder, what: Wish) -> None:
    """Leave a wish for the worker and have it looked at now; a lease is left as it is."""
    note(order, wish=what)
    rows(order).filter(state__in=RUN_ACTIVE - RUN_CLAIMED).update(due_at=timezone.now())


def grant(order: PaidOrder) -> bool:
    """Do what a person wishes, where the state allows it: no call is needed. False: there was nothing to do."""
    wished, state = order.wish, RunState(order.state)
    if not wished:
        return False
    to = {Wish.CANCEL: RunState.CANCELLED, Wish.PAUSE: RunState.PAUSED, Wish.RESUME: RunState.RUNNING}[Wish(wished)]
    if to in NEXT_OF_RUN[state] and state not in RUN_CLAIMED:
        return move(order, to, wish="")
    if wished != Wish.CANCEL or state in RUN_OVER:  # it has moved on; a claimed one sees for itself that it is to end
        rows(order).filter(wish=wished).update(wish="", version=F("version") + 1)
        order.refresh_from_db()
    return False

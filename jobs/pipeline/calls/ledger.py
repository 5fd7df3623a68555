"""A call's way: claimed, made once, and its answer or its loss written down, the order's figures in step (ADR 0025).

What a call may cost at most is held while it is under way. A known answer turns the hold into what was spent, a call
that surely was not paid gives it back, and a lost one keeps it: so neither crash nor race lets an order pass its cap.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import PaidCall, PaidOrder
from jobs.run_states import ChunkState, RunState

type Values = dict[str, Any]
type Counts = Counter[str]
type Statement = tuple[str, list[Any]]

AT_ONCE = 3  # calls under way for one order; the embedded worker has four threads, and one must stay free
CLAIM = timedelta(seconds=60)  # beyond the longest call
WORKER_DIED = gettext_noop("The worker stopped during the call.")

COUNTERS = {ChunkState.DONE: "done", ChunkState.FAILED: "failed", ChunkState.UNSURE: "unsure"}
ODD = {ChunkState.FAILED, ChunkState.UNSURE}
HOLDS = {ChunkState.CLAIMED, ChunkState.UNSURE}
RETRIED = {ChunkState.FAILED, ChunkState.UNSURE, ChunkState.DONE}


class CapReachedError(Exception):
    """The next call could pass the cap, and none is under way that may turn out cheaper."""


@dataclass(frozen=True)
class Lane:
    """The calls of an order that one worker takes: a condition in SQL, and its values."""

    condition: str = ""
    values: tuple[Any, ...] = ()


WHOLE = Lane()


@dataclass(frozen=True)
class Ledger[C: PaidCall]:
    """The rows of one kind of order. `parent`: the call's column that names its order. `wanted`: of a claimed call."""

    order: type[PaidOrder]
    call: type[C]
    parent: str
    wanted: frozenset[str]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Those that are read of a claimed call, in the order that `from_db` needs; others are read on use."""
        wanted = self.wanted | {"id", self.parent, "state", "tries", "bound_nano"}
        return tuple(field.attname for field in self.call._meta.concrete_fields if field.attname in wanted)

    @cached_property
    def _calls(self) -> str:
        return self.call._meta.db_table

    @cached_property
    def _orders(self) -> str:
        return self.order._meta.db_table

    def claim(self, pk: int, lane: Lane = WHOLE) -> C | None:
        """Take the next call of an order. None: there is none to be made now. Raises CapReachedError.

        The order's row is locked meanwhile, so that the next claim counts what is claimed now. In plain SQL, since an
        order claims thousands, and the ORM took as long as all the rest of a call. The lock is a statement of its own:
        what is under way must be counted after it is there.
        """
        now = timezone.now()
        locked = (
            f"SELECT stop_after, done + failed + unsure, cap_nano, spent_nano + held_nano FROM {self._orders} "  # noqa: S608 - our own names
            "WHERE id = %s AND state = %s AND wish = '' AND due_at <= %s"
        )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_locking(locked), [pk, RunState.RUNNING.value, _moment(now)])
            order = cursor.fetchone()
            call = self._next(cursor, pk, lane, *order) if order else None
            if call is None:
                return None
            until = now + timedelta(seconds=settings.ORDER_SECONDS) + CLAIM
            states = [ChunkState.CLAIMED.value, _moment(until), call.pk, ChunkState.WAITING.value]
            claimed = f"UPDATE {self._calls} SET state = %s, claimed_until = %s, tries = tries + 1 WHERE id = %s AND state = %s"  # noqa: S608, E501
            held = f"UPDATE {self._orders} SET held_nano = held_nano + %s WHERE id = %s"  # noqa: S608
            if not _write((claimed, states), (held, [call.bound_nano, pk])):
                return None
        call.tries += 1
        return call

    def _next(
        self, cursor: Any, pk: int, lane: Lane, stop_after: int | None, seen: int, cap: int | None, spent_and_held: int
    ) -> C | None:
        cursor.execute(
            f"SELECT (SELECT COUNT(*) FROM {self._calls} WHERE {self.parent} = %s AND state = %s), "  # noqa: S608
            f"{', '.join(self.fields)} FROM {self._calls} "
            f"WHERE {self.parent} = %s AND state = %s{lane.condition} ORDER BY position LIMIT 1",
            [pk, ChunkState.CLAIMED.value, pk, ChunkState.WAITING.value, *lane.values],
        )
        flying, *found = cursor.fetchone() or [0]
        if not found or flying >= AT_ONCE or (stop_after is not None and seen + flying >= stop_after):
            return None
        call = self.call.from_db(connection.alias, self.fields, found)
        if cap is None or spent_and_held + call.bound_nano <= cap:
            return call
        if flying:
            return None
        raise CapReachedError

    def turn(
        self,
        call: C,
        to: ChunkState,
        *,
        seen: tuple[ChunkState, ...],
        spent: int = 0,
        gained: Counts | None = None,
        of_order: Values | None = None,
        **changes: Any,
    ) -> bool:
        """Change a call's state, if it is one of `seen` and it was not made again; the order's figures follow.

        spent: what the call cost, in billionths of a dollar. `changes` are the call's. Of the order's figures, `gained`
        is added to what they are, and `of_order` is stored.
        """
        odd = to in ODD or bool(changes.get("flags"))
        stored, values = _assigned(self.call, {"state": to.value, "claimed_until": None, "odd": odd, **changes})
        update = f"UPDATE {self._calls} SET {stored} WHERE id = %s AND state = %s AND tries = %s"  # noqa: S608
        for before in seen:
            counts = _counts(call, before, to, spent)
            counts.update(gained or {})
            figures = self._figures(getattr(call, self.parent), counts, of_order or {})
            if _write((update, [*values, call.pk, before.value, call.tries]), figures):
                return True
        return False

    def _figures(self, order: int, gained: Counts, of_order: Values) -> Statement:
        added = "".join(f", {name} = {name} + %s" for name in gained)
        stored, values = _assigned(self.order, of_order)
        update = f"UPDATE {self._orders} SET version = version + 1{added}{stored and ', '}{stored} WHERE id = %s"  # noqa: S608
        return update, [*gained.values(), *values, order]

    def retry(self, call: C, **fresh: Any) -> bool:
        """Have a failed, lost or flagged call made once more, by the word of a person: it may be paid twice."""
        if call.state not in RETRIED or (call.state == ChunkState.DONE and not call.flags):
            return False
        gained = Counter({"flagged": -1} if call.flags else {})
        fresh = {"trouble": "", "answer": "", "flags": [], **fresh}
        return self.turn(call, ChunkState.WAITING, seen=(ChunkState(call.state),), gained=gained, **fresh)

    def retry_all(self, order: int, calls: QuerySet[C]) -> int:
        """Have all failed and lost ones of an order's `calls` made once more, in one act; a lost one may be paid twice.

        Calls first, then the order, as `turn` does it: two that lock in another order wait for each other for ever.
        """
        fresh = {"state": ChunkState.WAITING, "claimed_until": None, "odd": False, "trouble": "", "answer": ""}
        # the state beside the subquery, not within: what has been made again meanwhile is left as it is
        rows = self.call._default_manager.filter(pk__in=calls.order_by().values("pk"))
        with transaction.atomic():
            counts = {state: rows.filter(state=state).update(**fresh) for state in sorted(ODD)}
            figures = {COUNTERS[state]: F(COUNTERS[state]) - count for state, count in counts.items()}
            if any(counts.values()):
                self.order._default_manager.filter(pk=order).update(version=F("version") + 1, **figures)
        return sum(counts.values())

    def sweep(self) -> int:
        """Calls whose worker is gone: they may have been paid, so they are never made again by themselves."""
        rows = self.call._default_manager.filter(claimed_until__lt=timezone.now(), state=ChunkState.CLAIMED)[:500]
        return sum(self.turn(one, ChunkState.UNSURE, seen=(ChunkState.CLAIMED,), trouble=WORKER_DIED) for one in rows)


def _write(of_call: Statement, of_order: Statement) -> bool:
    """Change a call and, if that was done, its order: in PostgreSQL by one statement, each takes its time there."""
    (first, values), (second, more) = of_call, of_order
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            both = f"WITH changed AS ({first} RETURNING 1) {second} AND EXISTS (SELECT FROM changed)"
            cursor.execute(both, [*values, *more])
            return bool(cursor.rowcount)
        with transaction.atomic(savepoint=False):
            cursor.execute(first, values)
            if not cursor.rowcount:
                return False
            cursor.execute(second, more)
            return True


def _locking(query: str) -> str:
    return f"{query} {connection.ops.for_update_sql()}" if connection.features.has_select_for_update else query


def _moment(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _assigned(model: type[Model], changes: Values) -> tuple[str, list[Any]]:
    """What follows SET, and its values as this database wants them."""
    fields: list[Any] = [model._meta.get_field(name) for name in changes]
    values = (field.get_db_prep_save(value, connection) for field, value in zip(fields, changes.values(), strict=True))
    return ", ".join(f"{field.column} = %s" for field in fields), list(values)


def _counts(call: PaidCall, before: ChunkState, to: ChunkState, spent: int) -> Counts:
    changed = Counter({"spent_nano": spent})
    if before in COUNTERS:
        changed[COUNTERS[before]] -= 1
    if to in COUNTERS:
        changed[COUNTERS[to]] += 1
    # a lost answer that is asked for again may still have been paid: its hold stays
    if before in HOLDS and to not in HOLDS and (before, to) != (ChunkState.UNSURE, ChunkState.WAITING):
        changed["held_nano"] -= call.bound_nano
    return changed

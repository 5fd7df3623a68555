"""A chunk's way: claimed, asked once, and its answer or its loss written down, with the run's figures in step.

What a call may cost at most is held while it is under way. A known answer turns the hold into what was spent, a call
that surely was not paid gives it back, and a lost one keeps it: so neither crash nor race lets a run pass its cap.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Chunk, Run
from jobs.run_states import ChunkState, RunState

type Values = dict[str, Any]
type Counts = Counter[str]
type Statement = tuple[str, list[Any]]

AT_ONCE = 3  # calls under way for one run; the embedded worker has four threads, and one must stay free
CLAIM = timedelta(seconds=60)  # beyond the longest call
WORKER_DIED = gettext_noop("The worker stopped during the call.")

LOCKED = """SELECT stop_after, done + failed + unsure, cap_nano, spent_nano + held_nano
FROM jobs_run WHERE id = %s AND state = %s AND wish = '' AND due_at <= %s"""
# Of a claimed chunk, in the order of the model's fields, as from_db wants them; others are read when asked for.
FIELDS = ("id", "run_id", "state", "text", "heading", "tries", "bound_nano")
FIRST = f"""SELECT (SELECT COUNT(*) FROM jobs_chunk WHERE run_id = %s AND state = %s), {", ".join(FIELDS)}
FROM jobs_chunk WHERE run_id = %s AND state = %s ORDER BY position LIMIT 1"""  # noqa: S608 - our own names
CLAIMED = "UPDATE jobs_chunk SET state = %s, claimed_until = %s, tries = tries + 1 WHERE id = %s AND state = %s"
HELD = "UPDATE jobs_run SET held_nano = held_nano + %s WHERE id = %s"

COUNTERS = {ChunkState.DONE: "done", ChunkState.FAILED: "failed", ChunkState.UNSURE: "unsure"}
ODD = {ChunkState.FAILED, ChunkState.UNSURE}
HOLDS = {ChunkState.CLAIMED, ChunkState.UNSURE}
RETRIED = {ChunkState.FAILED, ChunkState.UNSURE, ChunkState.DONE}


class CapReachedError(Exception):
    """The next call could pass the cap, and none is under way that may turn out cheaper."""


def claim(pk: int) -> Chunk | None:
    """Take the next chunk of a run for one call. None: there is none to be asked now. Raises CapReachedError.

    The run's row is locked meanwhile, so that whoever claims next counts what is claimed now. In plain SQL, since a run
    claims thousands, and the ORM took as long as all the rest of a chunk. The lock is a statement of its own: what is
    under way must be counted after it is there.
    """
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_locking(LOCKED), [pk, RunState.RUNNING.value, _moment(now)])
        run = cursor.fetchone()
        chunk = _next(cursor, pk, *run) if run else None
        if chunk is None:
            return None
        until = now + timedelta(seconds=settings.ORDER_SECONDS) + CLAIM
        states = [ChunkState.CLAIMED.value, _moment(until), chunk.pk, ChunkState.WAITING.value]
        if not _write((CLAIMED, states), (HELD, [chunk.bound_nano, pk])):
            return None
    chunk.tries += 1
    return chunk


def _write(of_chunk: Statement, of_run: Statement) -> bool:
    """Change a chunk and, if that was done, its run: in PostgreSQL by one statement, each takes its time there."""
    (first, values), (second, more) = of_chunk, of_run
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


def _next(
    cursor: Any, pk: int, stop_after: int | None, seen: int, cap: int | None, spent_and_held: int
) -> Chunk | None:
    cursor.execute(FIRST, [pk, ChunkState.CLAIMED.value, pk, ChunkState.WAITING.value])
    flying, *found = cursor.fetchone() or [0]
    if not found or flying >= AT_ONCE or (stop_after is not None and seen + flying >= stop_after):
        return None
    chunk = Chunk.from_db(connection.alias, FIELDS, found)
    if cap is None or spent_and_held + chunk.bound_nano <= cap:
        return chunk
    if flying:
        return None
    raise CapReachedError


def _locking(query: str) -> str:
    return f"{query} {connection.ops.for_update_sql()}" if connection.features.has_select_for_update else query


def _moment(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def turn(
    chunk: Chunk,
    to: ChunkState,
    *,
    seen: tuple[ChunkState, ...],
    spent: int = 0,
    gained: Counts | None = None,
    of_run: Values | None = None,
    **changes: Any,
) -> bool:
    """Change a chunk's state, if it is one of `seen` and no later call was made for it; the run's figures follow.

    spent: what the call cost, in billionths of a dollar. `changes` are the chunk's. Of the run's figures, `gained` is
    added to what they are, and `of_run` is stored.
    """
    odd = to in ODD or bool(changes.get("flags"))
    stored, values = _assigned(Chunk, {"state": to.value, "claimed_until": None, "odd": odd, **changes})
    update = f"UPDATE jobs_chunk SET {stored} WHERE id = %s AND state = %s AND tries = %s"  # noqa: S608 - our own names
    for before in seen:
        counts = _counts(chunk, before, to, spent)
        counts.update(gained or {})
        told = _told(chunk.run_id, counts, of_run or {})
        if _write((update, [*values, chunk.pk, before.value, chunk.tries]), told):
            return True
    return False


def _told(run: int, gained: Counts, of_run: Values) -> Statement:
    added = "".join(f", {name} = {name} + %s" for name in gained)
    stored, values = _assigned(Run, of_run)
    update = f"UPDATE jobs_run SET version = version + 1{added}{stored and ', '}{stored} WHERE id = %s"  # noqa: S608
    return update, [*gained.values(), *values, run]


def _assigned(model: type[Model], changes: Values) -> tuple[str, list[Any]]:
    """What follows SET, and its values as this database wants them."""
    fields: list[Any] = [model._meta.get_field(name) for name in changes]
    values = (field.get_db_prep_save(value, connection) for field, value in zip(fields, changes.values(), strict=True))
    return ", ".join(f"{field.column} = %s" for field in fields), list(values)


def _counts(chunk: Chunk, before: ChunkState, to: ChunkState, spent: int) -> Counts:
    changed = Counter({"spent_nano": spent})
    if before in COUNTERS:
        changed[COUNTERS[before]] -= 1
    if to in COUNTERS:
        changed[COUNTERS[to]] += 1
    # a lost answer that is asked for again may still have been paid: its hold stays
    if before in HOLDS and to not in HOLDS and (before, to) != (ChunkState.UNSURE, ChunkState.WAITING):
        changed["held_nano"] -= chunk.bound_nano
    return changed


def retry(chunk: Chunk) -> bool:
    """Have a failed, lost or flagged chunk asked once more, by the word of a person: it may be paid twice."""
    if chunk.state not in RETRIED or (chunk.state == ChunkState.DONE and not chunk.flags):
        return False
    gained = Counter({"flagged": -1} if chunk.flags else {})
    fresh: Values = {"trouble": "", "answer": "", "flags": [], "taken_in": False}
    return turn(chunk, ChunkState.WAITING, seen=(ChunkState(chunk.state),), gained=gained, **fresh)


def sweep() -> int:
    """Calls whose worker is gone: they may have been paid, so they are never made again by themselves."""
    dead = Chunk.objects.filter(claimed_until__lt=timezone.now(), state=ChunkState.CLAIMED)[:500]
    return sum(turn(one, ChunkState.UNSURE, seen=(ChunkState.CLAIMED,), trouble=WORKER_DIED) for one in dead)

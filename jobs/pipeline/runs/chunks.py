"""A chunk's way: claimed, asked once, and its answer or its loss written down, with the run's figures in step.

What a call may cost at most is held while it is under way. A known answer turns the hold into what was spent, a call
that surely was not paid gives it back, and a lost one keeps it: so neither crash nor race lets a run pass its cap.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Chunk, Run
from jobs.run_states import ChunkState, RunState

type Figures = dict[str, Any]

AT_ONCE = 3  # calls under way for one run; the embedded worker has four threads, and one must stay free
CLAIM = timedelta(seconds=60)  # beyond the longest call
WORKER_DIED = gettext_noop("The worker stopped during the call.")

COUNTERS = {ChunkState.DONE: "done", ChunkState.FAILED: "failed", ChunkState.UNSURE: "unsure"}
ODD = {ChunkState.FAILED, ChunkState.UNSURE}
HOLDS = {ChunkState.CLAIMED, ChunkState.UNSURE}
RETRIED = {ChunkState.FAILED, ChunkState.UNSURE, ChunkState.DONE}


class CapReachedError(Exception):
    """The next call could pass the cap, and none is under way that may turn out cheaper."""


def claim(pk: int) -> Chunk | None:
    """Take the next chunk of a run for one call. None: there is none to be asked now. Raises CapReachedError.

    The run's row is locked meanwhile, so that whoever claims next counts what is claimed now.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Run.objects.select_for_update().filter(pk=pk, state=RunState.RUNNING, wish="", due_at__lte=now)
        run = rows.first()
        chunk = _next(run) if run else None
        if chunk is None:
            return None
        until = now + timedelta(seconds=settings.ORDER_SECONDS) + CLAIM
        waiting = Chunk.objects.filter(pk=chunk.pk, state=ChunkState.WAITING)
        if not waiting.update(state=ChunkState.CLAIMED, claimed_until=until, tries=F("tries") + 1):
            return None
        Run.objects.filter(pk=pk).update(held_nano=F("held_nano") + chunk.bound_nano)
    chunk.tries += 1
    return chunk


def _next(run: Run) -> Chunk | None:
    flying = run.chunks.filter(state=ChunkState.CLAIMED).count()
    if flying >= AT_ONCE or (run.stop_after is not None and run.seen + flying >= run.stop_after):
        return None
    chunk = run.chunks.filter(state=ChunkState.WAITING).order_by("position").first()
    if chunk is None or run.cap_nano is None or run.spent_nano + run.held_nano + chunk.bound_nano <= run.cap_nano:
        return chunk
    if flying:
        return None
    raise CapReachedError


def turn(
    chunk: Chunk,
    to: ChunkState,
    *,
    seen: tuple[ChunkState, ...],
    spent: int = 0,
    of_run: Figures | None = None,
    **changes: Any,
) -> bool:
    """Change a chunk's state, if it is one of `seen` and no later call was made for it; the run's figures follow.

    spent: what the call cost, in billionths of a dollar. `changes` are the chunk's, `of_run` the run's.
    """
    odd = to in ODD or bool(changes.get("flags"))
    with transaction.atomic():
        for before in seen:
            rows = Chunk.objects.filter(pk=chunk.pk, state=before, tries=chunk.tries)
            if rows.update(state=to, claimed_until=None, odd=odd, **changes):
                figures = _figures(chunk, before, to, spent)
                Run.objects.filter(pk=chunk.run_id).update(version=F("version") + 1, **figures, **(of_run or {}))
                return True
    return False


def _figures(chunk: Chunk, before: ChunkState, to: ChunkState, spent: int) -> Figures:
    changed: Figures = {}
    if before in COUNTERS:
        changed[COUNTERS[before]] = F(COUNTERS[before]) - 1
    if to in COUNTERS:
        changed[COUNTERS[to]] = F(COUNTERS[to]) + 1
    # a lost answer that is asked for again may still have been paid: its hold stays
    if before in HOLDS and to not in HOLDS and (before, to) != (ChunkState.UNSURE, ChunkState.WAITING):
        changed["held_nano"] = F("held_nano") - chunk.bound_nano
    if spent:
        changed["spent_nano"] = F("spent_nano") + spent
    return changed


def retry(chunk: Chunk) -> bool:
    """Have a failed, lost or flagged chunk asked once more, by the word of a person: it may be paid twice."""
    if chunk.state not in RETRIED or (chunk.state == ChunkState.DONE and not chunk.flags):
        return False
    of_run: Figures = {"flagged": F("flagged") - 1} if chunk.flags else {}
    fresh: Figures = {"trouble": "", "answer": "", "flags": [], "taken_in": False}
    return turn(chunk, ChunkState.WAITING, seen=(ChunkState(chunk.state),), of_run=of_run, **fresh)


def sweep() -> int:
    """Calls whose worker is gone: they may have been paid, so they are never made again by themselves."""
    dead = Chunk.objects.filter(claimed_until__lt=timezone.now(), state=ChunkState.CLAIMED)[:500]
    return sum(turn(one, ChunkState.UNSURE, seen=(ChunkState.CLAIMED,), trouble=WORKER_DIED) for one in dead)

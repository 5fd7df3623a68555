"""Before a judge is sent anything: each pair in each order becomes a row that knows what it may cost."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import batched

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Judging, Judgment, Side
from jobs.pipeline.calls.lease import Lease, LeaseLostError
from jobs.pipeline.judging.estimate import bound, tokens_of
from jobs.pipeline.judging.pairs import Pair, can_be_judged, pairs_of
from jobs.run_states import ChunkState, RunState

ROWS = 200
NOTHING = gettext_noop("There are no two answers to the same question that could be compared.")


def prepare(judging: Judging) -> None:
    """Make the rows and let the order go. Does nothing where another worker is at it."""
    lease = Lease(judging, RunState.PREPARING)
    if not lease.claim():
        return
    with suppress(LeaseLostError):  # another worker has it now, or nobody wants it any more
        _make_rows(judging, lease)


def _make_rows(judging: Judging, lease: Lease) -> None:
    judging.judgments.all().delete()  # of a worker that died
    found = done = 0
    for some in batched(_rows(judging), ROWS, strict=False):
        Judgment.objects.bulk_create(some)
        found += len(some)
        done += sum(row.state == ChunkState.DONE for row in some)
        lease.keep(total=found)
    if found:
        lease.end(RunState.RUNNING, total=found, done=done)
    else:
        lease.end(RunState.FAILED, trouble=NOTHING)


def _rows(judging: Judging) -> Iterator[Judgment]:
    if not can_be_judged(judging.evaluation):
        return
    position = 0
    for pair in pairs_of(judging.evaluation):
        for in_reverse in (False, True):
            yield _row(judging, pair, position, in_reverse)
            position += 1


def _row(judging: Judging, pair: Pair, position: int, in_reverse: bool) -> Judgment:
    row = Judgment(judging=judging, a=pair.a, b=pair.b, position=position, in_reverse=in_reverse)
    if pair.is_same:
        row.state, row.vote, row.answered_at = ChunkState.DONE, Side.TIE, timezone.now()
    else:
        row.most_prompt_tokens = tokens_of(pair, judging.rubric)
        row.bound_nano = bound(judging, row.most_prompt_tokens)
    return row

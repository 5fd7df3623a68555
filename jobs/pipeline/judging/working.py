"""What the tick and its tasks do with judgings: which are due, and one step of one."""

from collections import Counter

from django.db.models import Q
from django.utils import timezone

from jobs.models import Judging, Judgment
from jobs.pipeline.calls.ledger import AT_ONCE
from jobs.pipeline.calls.record import grant
from jobs.pipeline.judging.asking import Judge
from jobs.pipeline.judging.preparing import prepare
from jobs.run_states import RUN_CLAIMED, ChunkState, RunState

MOST = 20  # judgings a tick
BEGIN = {RunState.NEW, *RUN_CLAIMED}


def due() -> dict[int, int]:
    """Judgings to be looked at, and by how many tasks more. One whose service is to be left alone waits."""
    now = timezone.now()
    free = Q(connection__parked_at=None, connection__disabled_at=None)
    awake = free & (Q(connection__wait_until=None) | Q(connection__wait_until__lte=now))
    needs_no_call = ~Q(state=RunState.RUNNING) | ~Q(wish="")
    rows = Judging.objects.due().filter(awake | needs_no_call).order_by("due_at", "pk")
    found = {
        pk: state == RunState.RUNNING and not wish for pk, state, wish in rows.values_list("pk", "state", "wish")[:MOST]
    }
    claimed = Judgment.objects.filter(judging__in=[pk for pk, calls in found.items() if calls])
    flying = Counter(claimed.filter(state=ChunkState.CLAIMED).values_list("judging_id", flat=True))
    return {pk: AT_ONCE - flying[pk] if calls else 1 for pk, calls in found.items()}


def work(judging: Judging) -> bool:
    """Take one that is due one step on. True: there is more to do at once."""
    if judging.due_at is None or judging.due_at > timezone.now():
        return False
    if grant(judging) and judging.state != RunState.RUNNING:
        return False
    if judging.state in BEGIN:
        prepare(judging)
        return judging.state == RunState.RUNNING
    return judging.state == RunState.RUNNING and Judge(judging).bite()

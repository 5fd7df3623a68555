"""What the tick and its tasks do with runs: which are due, and one step of one."""

from collections import Counter

from django.db.models import Q
from django.utils import timezone

from jobs.models import Chunk, Run
from jobs.pipeline.calls.ledger import AT_ONCE
from jobs.pipeline.calls.record import grant
from jobs.pipeline.runs import cutting, free, paid
from jobs.run_states import RUN_CLAIMED, ChunkState, RunState

MOST = 20  # runs a tick
BEGIN = {RunState.NEW, *RUN_CLAIMED}


def due() -> dict[int, int]:
    """Runs to be looked at, and by how many tasks more. One whose service is to be left alone waits."""
    now = timezone.now()
    free = Q(connection__parked_at=None, connection__disabled_at=None)
    awake = free & (Q(connection__wait_until=None) | Q(connection__wait_until__lte=now))
    needs_no_call = Q(connection=None) | ~Q(state=RunState.RUNNING) | ~Q(wish="")
    rows = Run.objects.due().filter(awake | needs_no_call).order_by("due_at", "pk")
    told = rows.values_list("pk", "state", "wish")[:MOST]
    found = {pk: state == RunState.RUNNING and not wish for pk, state, wish in told}
    asked = Chunk.objects.filter(run__in=[pk for pk, asks in found.items() if asks], state=ChunkState.CLAIMED)
    flying = Counter(asked.values_list("run_id", flat=True))
    return {pk: AT_ONCE - flying[pk] if asks else 1 for pk, asks in found.items()}


def work(run: Run) -> bool:
    """Take a run that is due one step on. True: there is more to do at once."""
    if run.due_at is None or run.due_at > timezone.now():
        return False
    if grant(run) and run.state != RunState.RUNNING:
        return False
    if run.state in BEGIN:
        (cutting.prepare if run.is_paid else free.make)(run)
        return run.state == RunState.RUNNING
    return run.state == RunState.RUNNING and paid.Summaries(run).bite()

"""What the tick and its tasks do with evaluations: which are due, which candidates are to be asked, and one step."""

from itertools import cycle, islice

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from jobs.models import Answer, Candidate, CandidateState, Evaluation
from jobs.pipeline.calls.ledger import AT_ONCE
from jobs.pipeline.calls.record import grant
from jobs.pipeline.evaluations.asking import CandidateCalls, let_go_on, settle
from jobs.pipeline.evaluations.preparing import prepare
from jobs.run_states import RUN_CLAIMED, ChunkState, RunState

MOST = 20  # evaluations a tick
BEGIN = {RunState.NEW, *RUN_CLAIMED}


def due() -> tuple[list[int], list[int]]:
    """(evaluations that need a step, candidates that are to be asked: one entry a task)."""
    rows = Evaluation.objects.due().order_by("due_at", "pk").values_list("pk", "state", "wish")[:MOST]
    steps: list[int] = []
    asked: list[int] = []
    for pk, state, wish in rows:
        found = lanes(pk) if state == RunState.RUNNING and not wish else []
        asked += found
        if not found:
            steps.append(pk)
    return steps, asked


def lanes(evaluation: int) -> list[int]:
    """Candidates whose service may be asked now, in turn, as many as may be under way still."""
    now = timezone.now()
    waiting = Answer.objects.filter(candidate=OuterRef("pk"), state=ChunkState.WAITING)
    awake = Q(wait_until=None) | Q(wait_until__lte=now)
    free = Q(connection__parked_at=None, connection__disabled_at=None, connection__deleted_at=None)
    rested = Q(connection__wait_until=None) | Q(connection__wait_until__lte=now)
    rows = Candidate.objects.filter(awake, free, rested, Exists(waiting), evaluation=evaluation)
    open_ones = list(rows.filter(state=CandidateState.OPEN).values_list("pk", flat=True))
    flying = Answer.objects.filter(evaluation=evaluation, state=ChunkState.CLAIMED).count()
    return list(islice(cycle(open_ones), max(0, AT_ONCE - flying))) if open_ones else []


def work(evaluation: Evaluation) -> bool:
    """Take one that is due one step on. True: its candidates may be asked."""
    if evaluation.due_at is None or evaluation.due_at > timezone.now():
        return False
    if grant(evaluation):
        if evaluation.state == RunState.RUNNING:
            let_go_on(evaluation)
        return evaluation.state == RunState.RUNNING
    if evaluation.state in BEGIN:
        prepare(evaluation)
    elif evaluation.state == RunState.RUNNING:
        settle(evaluation)
    return evaluation.state == RunState.RUNNING


def ask(candidate: Candidate) -> bool:
    """Ask one candidate for some seconds. True: there is more to ask at once."""
    evaluation = candidate.evaluation
    if evaluation.state != RunState.RUNNING or candidate.state != CandidateState.OPEN or candidate.recorded_id:
        return False
    if candidate.wait_until and candidate.wait_until > timezone.now():
        return False
    return CandidateCalls(candidate).bite()

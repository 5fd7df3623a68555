"""What beat and worker would do with judges, step by step in the test's own thread."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import time_machine
from django.utils import timezone

from jobs.models import Answer, CandidateKind, Evaluation, Judging, Team
from jobs.models.paid import NANO
from jobs.pipeline.judging import asking, ordering, working
from jobs.run_states import ChunkState, RunState
from tests.evaluating import make_evaluation, make_questions

BUSY = {RunState.NEW, RunState.PREPARING, RunState.RUNNING}

type Words = Callable[[str, int], str]


def plain(model: str, place: int) -> str:
    return f"{model}의 답 {place}"


def make_answered(team: Team, count: int = 4, words: Words = plain, **fields: Any) -> Evaluation:
    """An evaluation that is done: a model "ours" and its base "base", each with `count` answers."""
    made = make_questions(team, *(f"겨울 골목을 그려 줘 {n}" for n in range(count)))
    row = make_evaluation(team, ["ours", "base"], made, **fields)
    for candidate in row.candidates.all():
        for place, question in enumerate(made.questions.all()):
            about = {"position": candidate.position * count + place, "answered_at": timezone.now()}
            about |= {"state": ChunkState.DONE, "answer": words(candidate.model, place)}
            Answer.objects.create(evaluation=row, candidate=candidate, question=question, **about)
    row.candidates.filter(model="base").update(kind=CandidateKind.BASE)
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.DONE, due_at=None, done=2 * count, total=2 * count)
    row.refresh_from_db()
    return row


def make_judging(evaluation: Evaluation, model: str = "judge", *, cap: str | None = None, **fields: Any) -> Judging:
    """An order that nobody has looked at yet."""
    connection = fields.pop("connection", None) or evaluation.team.connections.get()
    row = Judging(evaluation=evaluation, connection=connection, model=model, **fields)
    row.engine = connection.engine_of(model)
    row.cap_nano = None if cap is None else int(Decimal(cap) * NANO)
    return ordering.place(row)


def fresh(judging: Judging) -> Judging:
    return Judging.objects.select_related("connection", "evaluation").get(pk=judging.pk)


def step() -> None:
    """One tick, and all that its tasks do."""
    asking.JUDGMENTS.sweep()
    for pk, lanes in working.due().items():
        for _lane in range(lanes):
            working.work(Judging.objects.select_related("connection", "evaluation").get(pk=pk))


def walk(judging: Judging, most: int = 60) -> Judging:
    """Step until nothing more is done by itself, moving the clock on."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(most):
            judging = fresh(judging)
            if judging.state not in BUSY and not judging.wish:
                return judging
            step()
            clock.shift(timedelta(seconds=5))
    raise AssertionError(f"still {judging.state} ({judging.trouble!r}) after {most} steps")

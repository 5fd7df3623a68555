"""What beat and worker would do with evaluations, step by step in the test's own thread."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import time_machine
from django.utils import timezone

from jobs.models import Candidate, CandidateKind, Connection, Evaluation, Question, QuestionSet, QuestionState, Team
from jobs.models.paid import NANO
from jobs.pipeline.evaluations import asking, ordering, working
from jobs.run_states import RunState

BUSY = {RunState.NEW, RunState.PREPARING, RunState.RUNNING}


def make_questions(team: Team, *texts: str, **fields: Any) -> QuestionSet:
    """A set that is ready."""
    about = {"name": "질문", "origin": "lines", "state": QuestionState.READY, "due_at": None, "count": len(texts)}
    made = QuestionSet.objects.create(team=team, **about | fields)
    Question.objects.bulk_create(
        Question(question_set=made, position=place, messages=[{"role": "user", "content": text}], tokens=20)
        for place, text in enumerate(texts)
    )
    return made


def make_evaluation(
    team: Team, models: Iterable[str], questions: QuestionSet, *, cap: str | None = None, **fields: Any
) -> Evaluation:
    """An order over the team's connection that nobody has looked at yet."""
    connection = fields.pop("connection", None) or team.connections.get()
    row = Evaluation(team=team, **{"name": "비교", "max_tokens": 100, **fields})
    row.cap_nano = None if cap is None else int(Decimal(cap) * NANO)
    candidates = [
        Candidate(
            kind=CandidateKind.CHAT,
            connection=connection,
            model=model,
            engine=connection.engine_of(model),
            question_set=questions,
        )
        for model in models
    ]
    return ordering.place(row, candidates)


def fresh(evaluation: Evaluation) -> Evaluation:
    return Evaluation.objects.select_related("team", "created_by").get(pk=evaluation.pk)


def ask(candidate: int) -> bool:
    rows = Candidate.objects.select_related("evaluation", "connection", "tuned_model__job")
    return working.ask(rows.get(pk=candidate))


def step() -> None:
    """One tick, and all that its tasks do."""
    asking.ANSWERS.sweep()
    steps, candidates = working.due()
    for pk in steps:
        working.work(Evaluation.objects.get(pk=pk))
    for pk in candidates:
        ask(pk)


def walk(evaluation: Evaluation, most: int = 60) -> Evaluation:
    """Step until nothing more is done by itself, moving the clock on."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(most):
            evaluation = fresh(evaluation)
            if evaluation.state not in BUSY and not evaluation.wish:
                return evaluation
            step()
            clock.shift(timedelta(seconds=5))
    raise AssertionError(f"still {evaluation.state} ({evaluation.trouble!r}) after {most} steps")


def connect(connection: Connection, url: str) -> None:
    """Lead a connection to another address."""
    Connection.objects.filter(pk=connection.pk).update(profile="custom", base_url=url)
    connection.refresh_from_db()

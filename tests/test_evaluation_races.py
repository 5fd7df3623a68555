"""Workers that are at one evaluation at the same moment: each answer is paid once, and none passes the cap."""

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.models import Evaluation
from jobs.pipeline.calls import record
from jobs.pipeline.calls.ledger import AT_ONCE
from jobs.pipeline.evaluations import estimate
from jobs.run_states import RunState
from tests.chat_side import ChatSide, chat_side
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.workers import Workers

pytestmark = pytest.mark.django_db(transaction=True)
MODEL = "sim-large-2026-06-01"  # it has a practice price
QUESTIONS = 24
WORKERS = AT_ONCE + 1  # one more than may ask at once


@pytest.fixture
def far(settings: Any) -> Iterator[ChatSide]:
    with chat_side(seconds=0.05) as far:
        settings.TRAINER_URL = far.url
        yield far


def test_four_workers_at_once_pay_each_answer_once_and_stop_at_the_cap(world: World, far: ChatSide) -> None:
    made = make_questions(world.team, *(f"질문 {n}" for n in range(QUESTIONS)))
    row = make_evaluation(world.team, [MODEL], made)
    most = estimate.estimate(row, row.candidates.all()).parts[0].nano or 0
    cap, bound = most // QUESTIONS * 2, most // QUESTIONS
    Evaluation.objects.update(cap_nano=cap)
    workers = Workers(far.url)

    workers.race("recorded", WORKERS)

    row.refresh_from_db()
    assert row.state == RunState.CAPPED
    assert cap - bound < row.spent_nano <= cap  # it stopped where the next call could have passed it, and not before
    assert (row.held_nano, row.done) == (0, far.answers.total())
    assert 0 < row.done < QUESTIONS

    record.note(row, cap_nano=most)
    record.move(row, RunState.RUNNING)
    workers.race("recorded", WORKERS)

    row.refresh_from_db()
    assert (row.state, row.done, row.unsure, row.failed) == (RunState.DONE, QUESTIONS, 0, 0)
    assert set(far.answers.values()) == {1}
    assert far.answers.total() == QUESTIONS
    assert 1 < far.most_at_once <= AT_ONCE

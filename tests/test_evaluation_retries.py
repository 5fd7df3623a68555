"""Asking again about all that failed or got lost: any number in one act, and nothing else is touched."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Answer, AuditEntry, CandidateState, Evaluation, EvaluationKind, Question
from jobs.pipeline.evaluations import asking
from jobs.run_states import ChunkState, RunState
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.test_evaluation_pages import address

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db
DONE, FAILED, LOST, WAITING = ChunkState.DONE, ChunkState.FAILED, ChunkState.UNSURE, ChunkState.WAITING


def troubled(world: World, failed: int, lost: int, done: int = 1, **fields: Any) -> Evaluation:
    """Two models; the first one's answers failed, the second one's got lost."""
    states = [*[(0, FAILED)] * failed, *[(1, LOST)] * lost, *[(0, DONE)] * done]
    made = make_questions(world.team, *(f"질문 {n}" for n in range(len(states))))
    row = make_evaluation(world.team, ["one", "two"], made, **fields)
    candidates = list(row.candidates.all())
    Answer.objects.bulk_create(
        Answer(
            evaluation=row,
            candidate=candidates[who],
            question=question,
            position=question.position,
            state=state,
            odd=state != DONE,
            tries=1,
            trouble="weg",
            bound_nano=7,
        )
        for (who, state), question in zip(states, made.questions.all(), strict=True)
    )
    figures = {"total": len(states), "failed": failed, "unsure": lost, "done": done, "held_nano": 7 * lost}
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.DONE, due_at=None, **figures)
    row.candidates.update(state=CandidateState.REFUSED, trouble="weg")
    row.refresh_from_db()
    return row


def counts(row: Evaluation) -> dict[str, int]:
    return dict(row.answers.order_by().values_list("state").annotate(n=Count("pk")))


def send(client: Client, world: World, row: Evaluation, **sent: str) -> None:
    assert client.post(address(world, "evaluation-retry", row.uuid), sent).status_code == 302
    row.refresh_from_db()


def test_more_than_a_thousand_that_failed_are_asked_again_by_one_click(world: World, login: Login) -> None:
    row = troubled(world, failed=2500, lost=3)

    send(login(world.bob), world, row, answer="failed")

    assert counts(row) == {WAITING: 2500, LOST: 3, DONE: 1}
    assert (row.state, row.failed, row.unsure, row.done, row.held_nano) == (RunState.RUNNING, 0, 3, 1, 21)
    assert not row.answers.filter(state=WAITING).exclude(odd=False, trouble="", tries=1).exists()
    assert row.candidates.get(position=0).state == CandidateState.OPEN
    assert row.candidates.get(position=1).state == CandidateState.REFUSED
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == ("evaluation.retried", {"questions": 2500})


def test_what_got_lost_keeps_its_hold_for_it_may_have_been_paid(world: World, login: Login) -> None:
    row = troubled(world, failed=2, lost=1200)

    send(login(world.bob), world, row, answer="lost")

    assert counts(row) == {WAITING: 1200, FAILED: 2, DONE: 1}
    assert (row.failed, row.unsure, row.held_nano) == (2, 0, 7 * 1200)


def test_it_takes_as_many_queries_for_thousands_as_for_two(world: World) -> None:
    def queries(count: int) -> int:
        row = troubled(world, failed=count, lost=count)
        with CaptureQueriesContext(database) as seen:
            assert asking.retry_all(row, row.answers.all()) == 2 * count
        return len(seen)

    assert queries(2) == queries(2000)


def test_a_second_click_asks_nothing_again(world: World, login: Login) -> None:
    row = troubled(world, failed=4, lost=0)
    client = login(world.bob)
    send(client, world, row, answer="failed")
    version = row.version
    Answer.objects.filter(state=WAITING, position__lt=2).update(state=ChunkState.CLAIMED)

    send(client, world, row, answer="failed")

    assert counts(row) == {WAITING: 2, ChunkState.CLAIMED: 2, DONE: 1}
    assert (row.failed, row.version) == (0, version)
    assert AuditEntry.objects.count() == 1


def test_of_one_model_alone(world: World, login: Login) -> None:
    row = troubled(world, failed=3, lost=2)
    first, second = row.candidates.all()

    send(login(world.bob), world, row, answer="failed", candidate=str(second.uuid))
    assert counts(row) == {FAILED: 3, LOST: 2, DONE: 1}
    send(login(world.bob), world, row, answer="failed", candidate=str(first.uuid))

    assert counts(row) == {WAITING: 3, LOST: 2, DONE: 1}


@pytest.mark.parametrize("sent", [
    {}, {"answer": ""}, {"answer": "all"}, {"answer": "99999"}, {"answer": "-1"}, {"answer": "9" * 30},
    {"answer": "failed", "candidate": "x"}, {"answer": "5"}, {"answer": "١"},
])  # fmt: skip
def test_what_names_nothing_changes_nothing(world: World, login: Login, sent: dict[str, str]) -> None:
    row = troubled(world, failed=3, lost=2)

    send(login(world.bob), world, row, **sent)

    assert counts(row) == {FAILED: 3, LOST: 2, DONE: 1}
    assert (row.state, AuditEntry.objects.count()) == (RunState.DONE, 0)


def test_questions_that_were_emptied_are_asked_no_more(world: World, login: Login) -> None:
    row = troubled(world, failed=3, lost=0)
    Question.objects.filter(position=1).update(messages=[])

    send(login(world.bob), world, row, answer="failed")

    assert counts(row) == {WAITING: 2, FAILED: 1, DONE: 1}
    assert row.failed == 1


def test_a_recording_is_led_back_to_its_own_page(world: World, login: Login) -> None:
    row = troubled(world, failed=1, lost=0, kind=EvaluationKind.RECORDING)
    client = login(world.bob)

    answer = client.post(address(world, "evaluation-retry", row.uuid), {"answer": "failed"})

    assert answer["Location"] == address(world, "rescue-recording", row.uuid)
    page = client.get(answer["Location"]).text
    assert address(world, "evaluation-pause", row.uuid) in page

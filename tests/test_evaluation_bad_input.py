"""What models, services and people do that nobody hopes for: the states are true, and nothing is paid twice.

Of the others on issue 13's list: a model that was just made, a connection disabled, a cap below one answer, calls
without usage (test_evaluations), members who vote at once (test_evaluation_votes), questions of the training file
(test_evaluation_scoring, test_evaluation_planned), a judge without a letter (scoring/test_judge).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.utils import timezone, translation

from jobs.models import Connection, Evaluation, QuestionSet
from jobs.pipeline.evaluations import questions, scoring
from jobs.run_states import ChunkState, RunState
from jobs.verdict_words import sentence
from tests.chat_side import ChatSide, Json, chat_side
from tests.conftest import World
from tests.evaluating import BUSY, connect, fresh, make_evaluation, make_questions, step, walk

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)
MODEL = "sim-large-2026-06-01"  # it has a practice price


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    with chat_side() as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def scored(row: Evaluation) -> Evaluation:
    walk(row)
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):  # the walk has moved the clock on
        for pk in scoring.due():
            scoring.score(Evaluation.objects.get(pk=pk))
    return fresh(row)


def page_of(world: World, login: Login, row: Evaluation) -> str:
    return login(world.carol).get(world.url(f"evaluations/{row.uuid}/")).text


def test_a_model_gone_midway_keeps_its_answers_and_the_others_go_on(world: World, far: ChatSide, login: Login) -> None:
    far.gone_after = {"one": 2}
    made = make_questions(world.team, *map(str, range(5)))

    done = scored(make_evaluation(world.team, ["one", "two"], made))

    assert (done.state, done.done, done.failed) == (RunState.DONE, 7, 3)
    assert set(far.answers.values()) == {1}
    assert done.candidates.get(model="one").refused_by == 404
    assert done.answers.filter(candidate__model="one").exclude(answer="").count() == 2
    assert "The model does not exist or you do not have access to it." in page_of(world, login, done)


@pytest.mark.parametrize("said", [{"message": {"role": "assistant", "content": None}}, {"message": {}}, {"message": 7}])
def test_an_empty_answer_is_one_and_is_not_repeated(world: World, far: ChatSide, login: Login, said: Json) -> None:
    far.choices = {"one": said}

    done = scored(make_evaluation(world.team, ["one", "two"], make_questions(world.team, "첫눈", "골목")))

    assert (done.state, done.done, done.flagged) == (RunState.DONE, 4, 2)
    assert set(far.answers.values()) == {1}
    assert done.verdict["figures"]["0"]["empty"] == 2
    assert list(done.answers.filter(candidate__model="one").values_list("answer", "flags")) == [("", ["empty"])] * 2
    assert page_of(world, login, done)


def test_an_endless_answer_is_cut_off_and_called_so(world: World, far: ChatSide, login: Login) -> None:
    endless = "눈이 내리고 " * 200_000
    far.choices = {"one": {"message": {"role": "assistant", "content": endless}, "finish_reason": "length"}}

    done = scored(make_evaluation(world.team, ["one"], make_questions(world.team, "첫눈")))

    kept = done.answers.get()
    assert (kept.state, kept.flags, kept.answer) == (ChunkState.DONE, ["cut"], endless.strip())
    assert (done.verdict["figures"]["0"]["cut"], done.verdict["figures"]["0"]["loops"]) == (1, 1)
    assert len(page_of(world, login, done)) < 100_000


def test_answers_in_another_language_are_kept_and_told(world: World, far: ChatSide) -> None:
    english = "The snow fell all night, and nobody in the village heard it."
    far.choices = {"one": {"message": {"role": "assistant", "content": english}}}
    made = make_questions(world.team, "첫눈", "골목")
    made.questions.update(reference="눈이 밤새 내려 골목이 조용했다.")

    done = scored(make_evaluation(world.team, ["one", "two"], made))

    languages = [answer.scores["language"] for answer in done.answers.order_by("position")]
    assert languages == ["en", "en", "ko", "ko"]
    assert [done.verdict["figures"][place]["foreign"] for place in "01"] == [2, 0]
    with translation.override("ko"):
        assert "답변의 100%가 다른 언어로 되어 있습니다." in sentence(done.verdict["pairs"][0])


def test_ten_thousand_questions_are_asked_four_times_and_not_five(world: World, login: Login) -> None:
    client = login(world.bob)
    lines = "\n".join(f"{number}번째 질문은?" for number in range(10_003))
    client.post(world.url("questions/new/"), {"source": "lines", "lines": lines})
    made = QuestionSet.objects.get()
    questions.make(made)
    made.refresh_from_db()
    assert (made.count, made.left_out) == (10_000, {"over_limit": 3})
    assert client.get(world.url(f"questions/{made.uuid}/")).status_code == 200

    order = world.url(f"evaluations/new/?questions={made.uuid}")
    answers = {}
    for count in (5, 4):
        sent = {"order_token": str(uuid4()), "models": [f"{world.connection.uuid}|{MODEL}"], "repetitions": count}
        sent |= {"max_tokens": 16, "temperature": 0}
        price = client.post(order.replace("new/", "price/"), sent, headers={"HX-Request": "true"})
        answers[count] = client.post(order, sent | {"shown_usd": price.context["button_price"]})
    step()

    assert {count: answer.status_code for count, answer in answers.items()} == {5: 422, 4: 302}
    assert "50,000" in answers[5].text
    row = Evaluation.objects.get()
    assert (row.state, row.total, row.answers.count()) == (RunState.RUNNING, 40_000, 40_000)


def test_a_cap_below_one_answer_says_so_and_goes_on_once_it_is_raised(
    world: World, login: Login, settings: Any
) -> None:
    with chat_side() as far:
        settings.TRAINER_URL = far.url
        row = make_evaluation(world.team, [MODEL], make_questions(world.team, "눈"), cap="0.000001")
        assert walk(row).state == RunState.CAPPED
        assert not far.answers
        assert "Raise it and go on" in login(world.bob).get(world.url(f"evaluations/{row.uuid}/")).text

        login(world.bob).post(world.url(f"evaluations/{row.uuid}/cap/"), {"cap": "0.50"})
        done = walk(row)

    assert (done.state, done.done, set(far.answers.values())) == (RunState.DONE, 1, {1})


def test_a_disabled_connection_midway_is_said_and_nothing_is_asked(world: World, far: ChatSide, login: Login) -> None:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "눈", "비"))
    step()
    Connection.objects.filter(pk=world.connection.pk).update(disabled_at=timezone.now())
    step()

    page = page_of(world, login, row)

    assert not far.answers
    assert fresh(row).state == RunState.RUNNING
    assert "disabled" in page


class KilledError(BaseException):
    """The process is gone: nothing catches it, and nothing is written after it."""


class Death:
    """Kills at the given statement; every later one of the dying process fails, too."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        self.seen += 1
        if self.seen >= self.at:
            raise KilledError
        return execute(sql, *rest)


def killed_at(row: Evaluation, at: int) -> bool:
    """Step until a statement kills the worker. False: the evaluation was over before."""
    with database.execute_wrapper(Death(at)):
        try:
            while fresh(row).state in BUSY:
                step()
        except KilledError:
            return True
    return False


def test_a_worker_killed_at_any_statement_is_replaced(world: World, far: ChatSide) -> None:
    """Each statement in its turn is the last one that a worker lives to begin."""
    at, lost, killed = 1, 0, True
    while killed:
        made = make_questions(world.team, f"{at} 눈", f"{at} 비")
        row = make_evaluation(world.team, ["one"], made)
        killed = killed_at(row, at)
        with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
            done = walk(row)

        found = (done.state, done.done + done.unsure, done.total)
        assert found == (RunState.DONE, 2, 2), f"killed at statement {at}"
        assert done.answers.exclude(state=ChunkState.DONE).count() == done.unsure <= 1
        lost += done.unsure
        at += 1

    assert at > 40
    assert lost > 0  # in a call: only a person has it made once more
    assert set(far.answers.values()) == {1}

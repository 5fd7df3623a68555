"""Questions put to models: each asked once within one cap, whatever becomes of a model, a service or a worker."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from jobs.models import Answer, Candidate, CandidateState, Connection, Evaluation, Question, Wish
from jobs.pipeline.calls import ledger, record
from jobs.pipeline.calls.accepted import adapted
from jobs.pipeline.evaluations import asking, working
from jobs.pipeline.evaluations.asking import ANSWERS
from jobs.pipeline.evaluations.estimate import estimate
from jobs.provider import ProviderError
from jobs.run_states import ChunkState, RunState
from jobs.states import State
from tests.chat_side import ChatSide, chat_side
from tests.conftest import World
from tests.evaluating import ask, connect, fresh, make_evaluation, make_questions, step, walk
from tests.factories import make_job, make_tuned_model

pytestmark = pytest.mark.django_db(transaction=True)
THREE = ("첫눈, 골목", "붕어빵, 장갑", "목도리, 버스")


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    with chat_side() as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def states(evaluation: Evaluation) -> list[str]:
    return list(evaluation.answers.order_by("position").values_list("state", flat=True))


def test_each_question_is_put_to_each_model_once(world: World, far: ChatSide) -> None:
    questions = make_questions(world.team, *THREE)

    done = walk(make_evaluation(world.team, ["one", "two"], questions))

    assert (done.state, done.total, done.done, done.failed, done.unsure) == (RunState.DONE, 6, 6, 0, 0)
    assert far.answers == {(model, text): 1 for model in ("one", "two") for text in THREE}
    kept = done.answers.get(candidate__model="two", question__position=1)
    assert kept.answer == "붕어빵, 장갑, two 모델의 답입니다."
    assert (kept.finish_reason, kept.model_named, kept.prompt_tokens, kept.completion_tokens) == ("stop", "two", 20, 10)
    assert kept.answered_at
    assert kept.seconds is not None
    questions.refresh_from_db()
    assert questions.locked_at


def test_repetitions_ask_each_question_so_often(world: World, far: ChatSide) -> None:
    order = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE), repetitions=3)
    expected = estimate(order, order.candidates.all())

    done = walk(order)

    assert done.done == 9
    assert expected.calls == 9
    assert expected.parts[0].prompt_tokens == sum(done.answers.values_list("most_prompt_tokens", flat=True))
    assert set(far.answers.values()) == {3}


def test_the_trained_system_prompt_goes_along(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, "눈"))
    Candidate.objects.filter(evaluation=evaluation).update(system_prompt="짧게 써.")
    candidate = evaluation.candidates.get()
    question = Question(messages=[{"role": "user", "content": "눈"}])

    body = asking.CandidateCalls(candidate).request(Answer(question=question))

    assert body["messages"] == [{"role": "system", "content": "짧게 써."}, {"role": "user", "content": "눈"}]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("one", 0.0, 100)


def test_a_reasoning_model_is_asked_in_its_own_way(world: World, far: ChatSide) -> None:
    """It refuses two settings, which costs nothing: each question has one answer, and the refusals are few."""
    far.reasoning = {"thinker"}

    done = walk(make_evaluation(world.team, ["thinker", "plain"], make_questions(world.team, *THREE)))

    assert (done.state, done.done, done.failed) == (RunState.DONE, 6, 0)
    assert set(far.answers.values()) == {1}
    sent = [body for body in far.bodies if body["model"] == "thinker" and "max_completion_tokens" in body]
    assert {(body["max_completion_tokens"], body.get("temperature", 1)) for body in sent[1:]} == {(100, 1)}
    assert sorted(far.refused) == ["max_tokens", "temperature"]  # learnt once, not for each question
    assert all((body["max_tokens"], body["temperature"]) == (100, 0) for body in far.bodies if body["model"] == "plain")


def test_a_refusal_of_anything_else_is_final(world: World, far: ChatSide) -> None:
    body = {"model": "m", "max_tokens": 9, "temperature": 0.0}
    for code, param in (("unsupported_parameter", "model"), ("invalid_value", "max_tokens"), ("", "temperature")):
        assert adapted(body, ProviderError("no", permanent=True, status=400, code=code, param=param)) is None
    assert adapted({"model": "m"}, ProviderError("no", code="unsupported_value", param="temperature")) is None


def test_a_model_that_is_gone_or_forbidden_stops_no_other(world: World, far: ChatSide) -> None:
    far.gone, far.forbidden = {"gone"}, {"forbidden"}

    done = walk(make_evaluation(world.team, ["gone", "one", "forbidden"], make_questions(world.team, *THREE)))

    assert (done.state, done.done, done.failed) == (RunState.DONE, 3, 6)
    assert states(done) == ["failed"] * 3 + ["done"] * 3 + ["failed"] * 3
    refused = done.candidates.get(model="forbidden")
    assert refused.state == CandidateState.REFUSED
    assert "not allowed to sample" in refused.trouble
    assert sum(call.startswith("POST") for call in far.calls) == 5  # three answers, two refusals


def test_a_call_under_way_while_its_model_is_refused_holds_nothing_up(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    step()
    far.gone = {"one"}
    under_way = ANSWERS.claim(evaluation.pk)
    assert under_way
    step()
    assert fresh(evaluation).failed == 2
    ANSWERS.turn(under_way, ChunkState.WAITING, seen=(ChunkState.CLAIMED,))  # its own 404 comes back

    done = walk(evaluation)

    assert (done.state, done.failed) == (RunState.DONE, 3)


def test_a_refused_model_is_asked_again_by_a_person(world: World, far: ChatSide) -> None:
    far.gone = {"one"}
    done = walk(make_evaluation(world.team, ["one"], make_questions(world.team, *THREE)))
    far.gone = set()

    assert asking.retry_all(done, done.answers.all()) == 3
    again = walk(done)

    assert (again.state, again.done, again.failed) == (RunState.DONE, 3, 0)


def test_a_model_that_was_just_made_is_waited_for(world: World, far: ChatSide) -> None:
    far.gone = {"one"}
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    job = make_job(world.team, connection=world.connection, state=State.SUCCEEDED, finished_at=timezone.now())
    evaluation.candidates.update(tuned_model=make_tuned_model(job, name="one"))
    for _ in range(3):
        step()
    waiting = evaluation.candidates.get()
    assert (waiting.state, waiting.wait_until is not None) == (CandidateState.OPEN, True)

    far.gone = set()
    done = walk(evaluation)

    assert (done.state, done.done) == (RunState.DONE, 3)
    assert set(far.answers.values()) == {1}


def test_a_busy_service_is_waited_for(world: World, far: ChatSide) -> None:
    far.busy = 2

    done = walk(make_evaluation(world.team, ["one", "two"], make_questions(world.team, *THREE)))

    assert (done.state, done.done) == (RunState.DONE, 6)
    assert far.turned_away == {"one": 2, "two": 2}
    assert set(far.answers.values()) == {1}


def test_no_call_is_made_that_could_pass_the_cap(world: World, trainer: str) -> None:
    model = "sim-large-2026-06-01"
    evaluation = make_evaluation(world.team, [model], make_questions(world.team, *THREE), cap="0.0005")

    capped = walk(evaluation)

    assert capped.state == RunState.CAPPED
    assert 0 < capped.done < 3
    assert capped.spent_nano <= (capped.cap_nano or 0)
    assert capped.held_nano == 0


def test_a_cap_below_one_answer_asks_nothing(world: World, far: ChatSide, trainer: str) -> None:
    connect(world.connection, "")
    Connection.objects.filter(pk=world.connection.pk).update(profile="trainer")
    evaluation = make_evaluation(world.team, ["sim-large-2026-06-01"], make_questions(world.team, "눈"), cap="0.000001")

    capped = walk(evaluation)

    assert (capped.state, capped.done, capped.spent_nano) == (RunState.CAPPED, 0, 0)


def test_a_worker_killed_in_a_call_leaves_it_to_a_person(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    step()
    claimed = ANSWERS.claim(evaluation.pk)  # and no more is heard of it
    assert claimed

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        done = walk(evaluation)

    assert (done.state, done.done, done.unsure) == (RunState.DONE, 2, 1)
    lost = Answer.objects.get(pk=claimed.pk)
    assert (lost.state, lost.trouble) == (ChunkState.UNSURE, ledger.WORKER_DIED)
    assert set(far.answers.values()) == {1}


def test_two_workers_at_once_ask_nothing_twice(world: World, far: ChatSide) -> None:
    far.seconds = 0.02
    evaluation = make_evaluation(world.team, ["one", "two"], make_questions(world.team, *map(str, range(12))))
    step()
    lanes = working.lanes(evaluation.pk)

    def work(candidate: int) -> None:
        while ask(candidate):
            pass
        database.close()

    workers = [Thread(target=work, args=(lane,)) for lane in [*lanes, *lanes]]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    done = walk(evaluation)

    assert (len(lanes), done.state, done.done) == (3, RunState.DONE, 24)
    assert set(far.answers.values()) == {1}


def test_a_silent_model_waits_for_a_person_and_the_others_go_on(world: World, far: ChatSide) -> None:
    questions = make_questions(world.team, *THREE)
    evaluation = make_evaluation(world.team, ["one", "two"], questions)
    Candidate.objects.filter(model="one").update(state=CandidateState.STOPPED, trouble=asking.SILENT)

    paused = walk(evaluation)

    assert (paused.state, paused.done, paused.trouble) == (RunState.PAUSED, 3, asking.SILENT)
    record.wish(paused, Wish.RESUME)
    done = walk(paused)
    assert (done.state, done.done) == (RunState.DONE, 6)
    assert set(far.answers.values()) == {1}


def test_a_connection_disabled_midway_is_left_alone(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    step()
    Connection.objects.filter(pk=world.connection.pk).update(disabled_at=timezone.now())
    for _ in range(3):
        step()
    assert not far.answers

    Connection.objects.filter(pk=world.connection.pk).update(disabled_at=None)
    assert walk(evaluation).done == 3


def test_a_connection_deleted_midway_leaves_it_to_a_person(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    step()
    Connection.objects.filter(pk=world.connection.pk).update(deleted_at=timezone.now(), sealed_key="")

    paused = walk(evaluation)

    assert (paused.state, paused.trouble) == (RunState.PAUSED, asking.CONNECTION_GONE)
    assert not far.answers


def test_pause_and_cancel_stop_the_next_call(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    step()
    record.wish(evaluation, Wish.PAUSE)
    step()
    assert (fresh(evaluation).state, sum(far.answers.values())) == (RunState.PAUSED, 0)

    record.wish(evaluation, Wish.CANCEL)
    Evaluation.objects.filter(pk=evaluation.pk).update(due_at=timezone.now())
    step()
    assert (fresh(evaluation).state, sum(far.answers.values())) == (RunState.CANCELLED, 0)


def test_a_killed_preparation_begins_again(world: World, far: ChatSide) -> None:
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, *THREE))
    record.move(evaluation, RunState.PREPARING)
    candidate = evaluation.candidates.get()
    Answer.objects.create(
        evaluation=evaluation, candidate=candidate, question=candidate.question_set.questions.all()[0], position=0
    )

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        done = walk(evaluation)

    assert (done.state, done.total, done.done) == (RunState.DONE, 3, 3)


def test_an_answer_without_usage_costs_its_bound(world: World, far: ChatSide) -> None:
    far.without_usage = True
    evaluation = make_evaluation(world.team, ["one"], make_questions(world.team, "눈"))
    step()
    Answer.objects.filter(evaluation=evaluation).update(bound_nano=77)

    assert walk(evaluation).spent_nano == 77

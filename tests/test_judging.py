"""A chat model as the judge: each pair in both orders once, within one cap, whatever it replies or becomes of it."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.utils import timezone, translation

from jobs.models import Answer, Candidate, Connection, Evaluation, Judging, Judgment, Vote, Wish
from jobs.pipeline.calls import ledger, record
from jobs.pipeline.evaluations import scoring
from jobs.pipeline.evaluations.voting import count
from jobs.pipeline.judging import asking, preparing, working
from jobs.pipeline.judging.asking import JUDGMENTS
from jobs.pipeline.judging.estimate import estimate
from jobs.run_states import ChunkState, RunState
from jobs.training_data.scoring.judge_prompts import RUBRICS
from jobs.verdict_words import in_order, sentence
from tests.chat_side import ChatSide, chat_side
from tests.conftest import World
from tests.evaluating import connect
from tests.judging import fresh, make_answered, make_judging, step, walk

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = "sim-large-2026-06-01"


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    with chat_side(judges={"judge": "ours"}) as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def words_of(row: Evaluation) -> str:
    row.refresh_from_db()
    with translation.override("en"):
        return sentence(row.verdict["judges"][0])


def test_each_pair_is_judged_once_in_each_order(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 8)

    done = walk(make_judging(row))

    assert (done.state, done.total, done.done, done.failed, done.unsure) == (RunState.DONE, 16, 16, 0, 0)
    assert len({body["messages"][1]["content"] for body in far.judged}) == len(far.judged) == 16
    assert [one.vote for one in done.judgments.all()] == ["first", "second"] * 8
    assert {one.prefers for one in done.judgments.all()} == {"a"}
    one = done.judgments.all()[0]
    assert (one.answer, one.finish_reason, one.model_named, one.prompt_tokens) == ("A", "stop", "judge", 20)
    assert one.seconds is not None
    assert words_of(row).startswith("Judge judge: better than base in 100% of 8 questions (95%: ")


def test_it_reads_the_rubric_of_the_questions_language_and_both_answers(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 1)
    row.candidates.get(model="ours").question_set.questions.update(reference="눈이 내렸다.")

    walk(make_judging(row))

    in_order, in_reverse = far.judged
    assert in_order["messages"][0]["content"].startswith(RUBRICS["ko"])
    shown, turned = (body["messages"][1]["content"] for body in (in_order, in_reverse))
    assert shown.index("ours의 답") < shown.index("base의 답")
    assert turned.index("base의 답") < turned.index("ours의 답")
    assert "눈이 내렸다." in shown
    assert (in_order["temperature"], in_order["max_tokens"]) == (0.0, 16)


def test_a_rubric_of_ones_own_takes_its_place(world: World, far: ChatSide) -> None:
    walk(make_judging(make_answered(world.team, 1), rubric="짧은 답이 낫다."))

    assert far.judged[0]["messages"][0]["content"].startswith("짧은 답이 낫다.")


def test_a_judge_that_chooses_by_the_order_ties_and_is_called_so(world: World, far: ChatSide) -> None:
    far.judges = {"judge": "first"}
    row = make_answered(world.team, 8)

    walk(make_judging(row))

    words = words_of(row)
    found = row.verdict["judges"][0]
    assert (found["wins"], found["ties"], found["losses"], found["swayed"]) == (0, 8, 0, 8)
    assert "Judge: judge." in words
    assert "In 8 pairs it chose by the order alone, which counts as a tie." in words


@pytest.mark.parametrize(
    ("persona", "no_vote", "flag"),
    [
        ("prose", "both_letters", "no_vote"),
        ("empty", "empty", "empty"),
        ("refusal", "no_letter", "no_vote"),
        ("endless", "no_letter", "cut"),
    ],
)
def test_a_reply_without_a_letter_is_kept_and_no_vote(
    world: World, far: ChatSide, persona: str, no_vote: str, flag: str
) -> None:
    far.judges = {"judge": persona}
    row = make_answered(world.team, 2)

    done = walk(make_judging(row))

    assert (done.state, done.done, done.flagged) == (RunState.DONE, 4, 4)
    assert {(one.vote, one.no_vote, *one.flags) for one in done.judgments.all()} == {("", no_vote, flag)}
    assert all(bool(one.answer) == (persona != "empty") for one in done.judgments.all())
    assert "4 replies hold no vote." in words_of(row)
    assert row.verdict["judges"][0]["conclusion"] == "none"


def test_what_held_no_vote_is_judged_again_by_a_person(world: World, far: ChatSide) -> None:
    far.judges = {"judge": "prose"}
    row = make_answered(world.team, 2)
    done = walk(make_judging(row))
    far.judges = {"judge": "ours"}

    assert asking.retry(done, list(done.judgments.all())) == 4
    row.refresh_from_db()
    assert row.verdict["judges"] == []  # until it is done again
    assert {(one.answer, one.no_vote) for one in done.judgments.all()} == {("", "")}
    again = walk(done)

    assert (again.state, again.done, again.flagged) == (RunState.DONE, 4, 0)
    row.refresh_from_db()
    assert row.verdict["judges"][0]["wins"] == 2


def test_the_same_words_are_a_tie_and_no_call(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 3, lambda model, place: "같은 답" if place else model)
    price = estimate(Judging(connection=world.connection, model="judge"), row)

    done = walk(make_judging(row))

    assert (price.calls, price.same) == (2, 2)
    assert (done.total, done.done, len(far.judged)) == (6, 6, 2)
    row.refresh_from_db()
    assert (row.verdict["judges"][0]["wins"], row.verdict["judges"][0]["ties"]) == (1, 2)


def test_what_failed_or_is_empty_is_in_no_pair(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 3)
    Answer.objects.filter(candidate__model="ours", question__position=0).update(answer="")
    Answer.objects.filter(candidate__model="base", question__position=1).update(state=ChunkState.FAILED)

    assert walk(make_judging(row)).total == 2


def test_nothing_to_judge_ends_in_words(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 1)
    Answer.objects.update(answer="")

    done = walk(make_judging(row))

    assert (done.state, done.trouble) == (RunState.FAILED, preparing.NOTHING)


def test_the_price_before_is_what_the_calls_may_cost(world: World, far: ChatSide) -> None:
    connect(world.connection, "")
    Connection.objects.filter(pk=world.connection.pk).update(profile="trainer")
    row = make_answered(world.team, 5, lambda model, place: f"{model} 골목의 첫눈 이야기 " * (place + 1))
    judging = make_judging(row, LARGE)

    price = estimate(judging, row)
    step()

    bounds = list(judging.judgments.values_list("bound_nano", flat=True))
    assert (price.nano, price.calls, price.least_nano) == (sum(bounds), 10, max(bounds))
    tokens = list(judging.judgments.values_list("most_prompt_tokens", flat=True))
    assert sum(tokens) == price.prompt_tokens


def test_a_cap_stops_before_the_call_that_could_pass_it(world: World, trainer: str) -> None:
    row = make_answered(world.team, 6)
    price = estimate(Judging(connection=world.connection, model=LARGE, engine="simulated"), row)
    assert price.usd

    capped = walk(make_judging(row, LARGE, cap=str(price.usd / 3)))

    assert capped.state == RunState.CAPPED
    assert 0 < capped.done < 12
    assert capped.spent_nano <= (capped.cap_nano or 0)
    row.refresh_from_db()
    assert row.verdict.get("judges", []) == []


def test_a_worker_killed_in_a_call_leaves_it_to_a_person(world: World, far: ChatSide) -> None:
    judging = make_judging(make_answered(world.team, 3))
    step()
    claimed = JUDGMENTS.claim(judging.pk)  # and no more is heard of it
    assert claimed

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        done = walk(judging)

    assert (done.state, done.done, done.unsure) == (RunState.DONE, 5, 1)
    lost = Judgment.objects.get(pk=claimed.pk)
    assert (lost.state, lost.trouble) == (ChunkState.UNSURE, ledger.WORKER_DIED)
    assert len(far.judged) == 5


def test_a_killed_preparation_begins_again(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 3)
    judging = make_judging(row)
    record.move(judging, RunState.PREPARING)
    one = row.answers.all()[0]
    Judgment.objects.create(judging=judging, a=one, b=one, position=0)

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        done = walk(judging)

    assert (done.state, done.total, done.done) == (RunState.DONE, 6, 6)


def test_two_workers_at_once_ask_nothing_twice(world: World, far: ChatSide) -> None:
    far.seconds = 0.02
    judging = make_judging(make_answered(world.team, 12))
    step()

    def work() -> None:
        while working.work(fresh(judging)):
            pass
        database.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    done = walk(judging)

    assert (done.state, done.done) == (RunState.DONE, 24)
    assert set(far.answers.values()) == {1}
    assert len(far.judged) == 24


def test_a_busy_service_is_waited_for(world: World, far: ChatSide) -> None:
    far.busy = 2

    done = walk(make_judging(make_answered(world.team, 2)))

    assert (done.state, done.done, far.turned_away["judge"], len(far.judged)) == (RunState.DONE, 4, 2, 4)


def test_a_judge_that_is_gone_waits_for_a_person(world: World, far: ChatSide) -> None:
    far.gone = {"judge"}
    judging = make_judging(make_answered(world.team, 2))
    paused = walk(judging)
    assert (paused.state, paused.done, paused.failed) == (RunState.PAUSED, 0, 0)
    assert "does not exist" in paused.trouble

    far.gone = set()
    record.wish(paused, Wish.RESUME)

    assert walk(paused).done == 4


def test_pause_and_cancel_stop_the_next_call(world: World, far: ChatSide) -> None:
    judging = make_judging(make_answered(world.team, 2))
    step()
    record.wish(judging, Wish.PAUSE)
    step()
    assert (fresh(judging).state, len(far.judged)) == (RunState.PAUSED, 0)

    record.wish(judging, Wish.CANCEL)
    Judging.objects.update(due_at=timezone.now())
    step()
    assert (fresh(judging).state, len(far.judged)) == (RunState.CANCELLED, 0)


def test_a_connection_deleted_midway_leaves_it_to_a_person(world: World, far: ChatSide) -> None:
    judging = make_judging(make_answered(world.team, 2))
    step()
    Connection.objects.filter(pk=world.connection.pk).update(deleted_at=timezone.now(), sealed_key="")

    paused = walk(judging)

    assert (paused.state, paused.trouble, far.judged) == (RunState.PAUSED, asking.CONNECTION_GONE, [])


def test_an_answer_that_was_emptied_is_not_sent(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    judging = make_judging(row)
    step()
    Answer.objects.filter(candidate__model="base", question__position=0).update(answer="")

    done = walk(judging)

    assert (done.state, done.done, done.failed, len(far.judged)) == (RunState.DONE, 2, 2, 2)
    assert {one.trouble for one in done.judgments.filter(state=ChunkState.FAILED)} == {asking.EMPTIED}


def test_one_judge_at_a_time_of_each_model(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    first = make_judging(row)
    with pytest.raises(IntegrityError):
        make_judging(row)
    make_judging(row, "another")
    walk(first)

    make_judging(row)

    assert row.judgings.count() == 3


def test_of_one_models_judgings_the_latest_counts(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    walk(make_judging(row))
    far.judges = {"judge": "base", "other": "ours"}
    walk(make_judging(row))
    walk(make_judging(row, "other"))

    row.refresh_from_db()

    assert [(one["judge"], one["wins"], one["losses"]) for one in row.verdict["judges"]] == [
        ("other", 2, 0),
        ("judge", 0, 2),
    ]


def test_an_answer_that_came_after_its_judgment_is_not_judged(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    walk(make_judging(row))
    later = timezone.now() + timedelta(days=1)
    Answer.objects.filter(candidate__model="ours", question__position=0).update(answered_at=later)

    with transaction.atomic():
        count(row)

    row.refresh_from_db()
    assert row.verdict["judges"][0]["n"] == 1


def vote(row: Evaluation, user: Any, question: int, choice: str) -> None:
    a, b = (row.candidates.get(model=model) for model in ("ours", "base"))
    asks = a.question_set.questions.get(position=question)
    Vote.objects.create(evaluation=row, user=user, a=a, b=b, question=asks, choice=choice)


def test_its_agreement_with_people_is_shown(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 4, lambda model, place: f"{model if place else 'x' + model[:1]} {place}")
    for place, choice in enumerate(["tie", "a", "b", "a"]):
        vote(row, world.alice, place, choice)
    vote(row, world.bob, 2, "b")

    walk(make_judging(row))

    words = words_of(row)
    assert "It agrees with people on 3 of 4 questions. (Kappa: 0.56; 1 is full agreement, 0 is chance.)" in words
    assert [pair["measure"] for pair in in_order(row.verdict)] == ["votes", "judge"]


def test_scores_leave_the_judge_alone(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    walk(make_judging(row))
    Evaluation.objects.update(score_due_at=timezone.now())

    scoring.score(Evaluation.objects.get())

    row.refresh_from_db()
    assert row.verdict["judges"][0]["wins"] == 2
    assert row.verdict["figures"]


def test_a_judge_of_the_same_model_is_called_so(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    Candidate.objects.filter(model="ours").update(price_as="judge")

    walk(make_judging(row))

    assert "The judge is one of the models, or made from the same one: it may prefer itself." in words_of(row)


def test_a_simulated_judge_is_called_so(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    judging = make_judging(row)
    Judging.objects.filter(pk=judging.pk).update(engine="simulated")

    walk(judging)

    assert "Simulated:" in words_of(row)


def test_korean_sentences_have_korean_words(world: World, far: ChatSide) -> None:
    row = make_answered(world.team, 8)
    walk(make_judging(row))
    row.refresh_from_db()

    with translation.override("ko"):
        words = sentence(row.verdict["judges"][0])

    assert "Judge" not in words
    assert "심판" in words


def test_a_simulated_judge_votes_for_the_longer_answer(world: World, trainer: str) -> None:
    row = make_answered(world.team, 2, lambda model, place: model * 20 if (model == "ours") != bool(place) else "짧다")

    done = walk(make_judging(row, LARGE))

    assert [one.answer for one in done.judgments.all()] == ["A", "B", "B", "A"]
    assert "Simulated:" in words_of(row)

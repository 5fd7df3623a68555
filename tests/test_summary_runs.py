"""Summaries by a chat model: each chunk is asked about once, and no bill passes the cap, whatever gets lost."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from jobs.models import Chunk, Run, Wish
from jobs.pipeline import park
from jobs.pipeline.calls import ledger, record
from jobs.pipeline.runs import paid, result
from jobs.pipeline.runs.paid import CHUNKS
from jobs.run_states import ChunkState, RunState
from jobs.training_data.recipes.recipe import Recipe
from tests.conftest import World
from tests.factories import make_source
from tests.running_recipes import (
    SUMMARY,
    asked,
    example_of,
    faulty,
    file_of,
    fresh,
    long_text,
    make_cut_run,
    make_run,
    ordered,
    step,
    walk,
)

pytestmark = pytest.mark.django_db(transaction=True)


def states(run: Run) -> list[str]:
    return list(run.chunks.order_by("position").values_list("state", flat=True))


def test_every_chunk_is_asked_about_once_and_the_answers_become_a_file(world: World, trainer: str) -> None:
    faulty(world.team, "slow=0.001")  # so that calls are counted
    source = make_source(world.team, long_text(40))

    run = walk(make_run(world.team, source, recipe=SUMMARY, cap="1"), RunState.DONE)

    assert (run.done, run.failed, run.unsure, run.flagged) == (run.total, 0, 0, 0)
    assert asked() == run.total == run.chunks.count() > 10
    assert run.prompt_tokens <= sum(run.chunks.values_list("most_prompt_tokens", flat=True))
    assert run.spent_nano == run.prompt_tokens * 800 + run.completion_tokens * 3200
    assert (run.held_nano, run.trouble) == (0, "")
    file = file_of(run)
    assert (file.state, file.examples, file.format) == ("ready", run.total, "chat")
    assert file.options["sources"][0]["uuid"] == str(source.uuid)
    chunk = run.chunks.get(position=3)
    line = example_of(file, chunk)
    assert line["messages"][0]["content"] == f"다음 내용으로 글을 쓰세요: {chunk.answer}"
    assert line["messages"][1]["content"] == long_text(40)[chunk.start : chunk.end] == chunk.text
    assert chunk.answer.startswith("(시뮬레이션 요약) ")


def test_the_cap_stops_the_run_before_the_call_that_could_pass_it(world: World, trainer: str) -> None:
    run = make_cut_run(world.team, cap="0.0015")

    run = walk(run, RunState.CAPPED)

    assert 0 < run.done < run.total
    assert run.cap_nano
    assert run.spent_nano <= run.cap_nano < run.spent_nano + run.chunks.filter(state="waiting")[0].bound_nano
    assert states(run).count(ChunkState.CLAIMED) == 0
    Run.objects.filter(pk=run.pk).update(cap_nano=10**9)
    record.wish(run, Wish.RESUME)
    assert walk(run, RunState.DONE).done == run.total


def test_a_call_that_just_fits_under_the_cap_is_made(world: World) -> None:
    run = make_cut_run(world.team)
    bound = run.chunks.all()[0].bound_nano

    Run.objects.filter(pk=run.pk).update(cap_nano=bound - 1)
    with pytest.raises(ledger.CapReachedError):
        CHUNKS.claim(run.pk)

    Run.objects.filter(pk=run.pk).update(cap_nano=bound)
    assert CHUNKS.claim(run.pk)
    assert fresh(run).held_nano == bound


@pytest.mark.parametrize("cause", ["500", "drop", "timeout=2"])
def test_a_lost_answer_is_not_asked_for_again(world: World, trainer: str, settings: Any, cause: str) -> None:
    settings.ORDER_SECONDS = 0.7
    faulty(world.team, f"chat-{cause}")
    run = make_cut_run(world.team)

    run = walk(run, RunState.DONE)

    lost = run.chunks.get(state=ChunkState.UNSURE)
    assert (run.unsure, run.done, lost.tries) == (1, run.total - 1, 1)
    assert lost.trouble
    assert asked() == run.total
    assert run.held_nano == lost.bound_nano  # it may have been paid
    assert ordered(run).options["examples"] == run.total - 1


def test_a_person_may_have_a_lost_answer_asked_for_again(world: World, trainer: str) -> None:
    faulty(world.team, "chat-500")
    run = walk(make_cut_run(world.team), RunState.DONE)
    first = run.training_file

    assert CHUNKS.retry(run.chunks.get(state=ChunkState.UNSURE))
    record.move(run, RunState.RUNNING)
    run = walk(run, RunState.DONE)

    assert (run.done, run.unsure, asked()) == (run.total, 0, run.total + 1)
    assert run.held_nano > 0  # the first call may have been paid too
    assert run.training_file != first
    assert ordered(run).options["examples"] == run.total


def test_a_claimed_chunk_is_the_first_that_waits_and_its_bound_is_held(world: World) -> None:
    run = make_cut_run(world.team)
    first, second = run.chunks.order_by("position")[:2]

    claimed = [CHUNKS.claim(run.pk), CHUNKS.claim(run.pk)]

    assert claimed == [first, second]
    for taken in filter(None, claimed):
        row = Chunk.objects.get(pk=taken.pk)
        told = (row.run_id, row.text, row.tries, row.bound_nano, row.position, row.source_id)
        assert (taken.run_id, taken.text, taken.tries, taken.bound_nano, taken.position, taken.source_id) == told
        assert (row.state, row.tries, bool(row.text)) == (ChunkState.CLAIMED, 1, True)
        assert row.claimed_until
        assert timedelta(seconds=60) < row.claimed_until - timezone.now() < timedelta(minutes=10)
    assert fresh(run).held_nano == first.bound_nano + second.bound_nano


def test_a_worker_killed_in_a_call_leaves_an_answer_lost(world: World, trainer: str) -> None:
    faulty(world.team, "slow=0.001")
    run = make_cut_run(world.team)
    claimed = CHUNKS.claim(run.pk)  # and no more is heard of it
    assert claimed

    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        run = walk(run, RunState.DONE)

    assert (run.unsure, run.done, asked()) == (1, run.total - 1, run.total - 1)
    assert Chunk.objects.get(pk=claimed.pk).trouble == ledger.WORKER_DIED


def test_an_answer_that_comes_late_is_kept(world: World, trainer: str) -> None:
    run = make_cut_run(world.team)
    claimed = CHUNKS.claim(run.pk)
    assert claimed
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        CHUNKS.sweep()
    assert fresh(run).unsure == 1

    CHUNKS.turn(claimed, ChunkState.DONE, seen=(ChunkState.CLAIMED, ChunkState.UNSURE), spent=5, answer="눈이 왔다.")

    run = fresh(run)
    assert (run.unsure, run.done, run.held_nano, run.spent_nano) == (0, 1, 0, 5)


def test_a_late_answer_does_not_end_the_call_that_was_made_since(world: World, trainer: str) -> None:
    run = make_cut_run(world.team)
    first = CHUNKS.claim(run.pk)
    assert first
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        CHUNKS.sweep()
    assert CHUNKS.retry(Chunk.objects.get(pk=first.pk))
    second = CHUNKS.claim(run.pk)
    assert second
    assert (second.pk, second.tries) == (first.pk, first.tries + 1)
    held = fresh(run).held_nano
    late: dict[str, Any] = {"seen": (ChunkState.CLAIMED, ChunkState.UNSURE), "spent": 5, "answer": "늦은 답"}

    assert not CHUNKS.turn(first, ChunkState.DONE, **late)

    row = Chunk.objects.get(pk=first.pk)
    assert (row.state, row.answer, row.tries) == (ChunkState.CLAIMED, "", 2)
    assert (fresh(run).held_nano, fresh(run).done, fresh(run).spent_nano) == (held, 0, 0)
    assert CHUNKS.turn(second, ChunkState.DONE, **late | {"answer": "새 답"})


def test_a_worker_killed_while_cutting_is_replaced(world: World, trainer: str) -> None:
    run = make_run(world.team, make_source(world.team, long_text(12)), recipe=SUMMARY, cap="1")
    record.move(run, RunState.PREPARING)
    Chunk.objects.create(run=run, position=0, source=run.sources.get(), start=0, end=5)

    run = walk(run, RunState.DONE)

    assert run.done == run.total == run.chunks.count()


def test_a_refused_chunk_is_listed_and_the_others_go_on(world: World, trainer: str) -> None:
    faulty(world.team, "chat-400")
    run = walk(make_cut_run(world.team), RunState.DONE)

    refused = run.chunks.get(state=ChunkState.FAILED)
    assert refused.trouble == "The prompt was flagged by a scripted fault."
    assert (run.failed, run.done, run.held_nano) == (1, run.total - 1, 0)


def test_too_many_requests_are_waited_out(world: World, trainer: str) -> None:
    faulty(world.team, "429-short")
    run = walk(make_cut_run(world.team), RunState.DONE)

    assert (run.done, run.unsure, run.failed) == (run.total, 0, 0)
    assert set(run.chunks.values_list("state", flat=True)) == {"done"}
    assert asked() == run.total


def test_a_long_retry_after_makes_the_connection_wait(world: World, trainer: str) -> None:
    connection = faulty(world.team, "429-long")
    run = make_cut_run(world.team)

    step(run)

    connection.refresh_from_db()
    run = fresh(run)
    assert connection.wait_until is not None
    assert (run.state, set(states(run)), run.held_nano) == ("running", {"waiting"}, 0)
    assert step(run).tries == run.tries  # nobody asks meanwhile


def test_a_refused_key_parks_the_connection_and_a_new_one_lets_it_go_on(world: World, trainer: str) -> None:
    connection = faulty(world.team, "invalid-key")
    run = make_cut_run(world.team)
    step(run)
    connection.refresh_from_db()
    assert connection.parked_at is not None
    assert set(states(run)) == {"waiting"}

    connection.set_key("trainer-anew-and-good")
    connection.save()

    assert walk(run, RunState.DONE).done == run.total


def test_nothing_is_asked_over_a_disabled_connection(world: World, trainer: str) -> None:
    run = make_cut_run(world.team)
    park.disable(run.service)

    assert set(states(step(run))) == {"waiting"}

    park.enable(run.service)
    assert walk(run, RunState.DONE).done == run.total


def test_a_service_that_stops_answering_loses_nothing(world: World, trainer: str, settings: Any) -> None:
    run = make_cut_run(world.team, stop_after=3)
    run = walk(run, RunState.PAUSED)
    assert run.done == 3
    url, settings.TRAINER_URL = settings.TRAINER_URL, "http://127.0.0.1:9/v1"
    record.wish(run, Wish.RESUME)

    run = step(run)

    assert (run.state, run.trouble, run.done) == ("running", "The service could not be reached.", 3)
    assert run.due_at
    assert run.due_at > timezone.now()
    settings.TRAINER_URL = url
    run = walk(run, RunState.DONE)
    assert (run.done, run.unsure, run.trouble) == (run.total, 0, "")


def test_a_service_that_swallows_questions_is_left_alone_after_five(world: World, trainer: str, settings: Any) -> None:
    settings.ORDER_SECONDS = 0.05
    faulty(world.team, "slow=0.3")
    run = walk(make_cut_run(world.team), RunState.PAUSED)

    assert (run.unsure, run.trouble) == (5, paid.SILENT)


def test_a_model_that_is_not_there_pauses_the_run(world: World, trainer: str) -> None:
    run = make_cut_run(world.team, model="sim-gone")

    run = walk(run, RunState.PAUSED)

    assert "sim-gone" in run.trouble
    assert set(states(run)) == {"waiting"}


def test_pause_resume_and_cancel(world: World, trainer: str) -> None:
    run = make_cut_run(world.team)
    record.wish(run, Wish.PAUSE)
    assert CHUNKS.claim(run.pk) is None  # the wish alone stops the next call
    run = walk(run, RunState.PAUSED)
    assert (run.wish, run.due_at, run.done) == ("", None, 0)

    record.wish(run, Wish.RESUME)
    run = step(run)
    assert run.state in (RunState.RUNNING, RunState.DONE)
    assert run.done > 0

    other = make_cut_run(world.team, 8)
    record.wish(other, Wish.CANCEL)
    assert walk(other, RunState.CANCELLED).done == 0


def test_a_taste_pauses_after_the_first_answer(world: World, trainer: str) -> None:
    faulty(world.team, "slow=0.001")

    run = walk(make_cut_run(world.team, stop_after=1), RunState.PAUSED)

    assert (run.done, asked(), run.stop_after) == (1, 1, None)
    assert run.chunks.get(state="done").answer


def test_two_workers_ask_about_each_chunk_once(world: World, trainer: str) -> None:
    faulty(world.team, "slow=0.01")
    run = make_cut_run(world.team)

    def work() -> None:
        try:
            paid.Summaries(fresh(run)).bite()
        finally:
            database.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    run = fresh(run)
    assert (run.state, run.done, asked()) == (RunState.DONE, run.total, run.total)
    assert set(run.chunks.values_list("tries", flat=True)) == {1}
    assert run.spent_nano == run.prompt_tokens * 800 + run.completion_tokens * 3200


def test_answers_cut_off_stay_out_unless_a_person_takes_them_in(world: World, trainer: str) -> None:
    recipe = Recipe(kind="summary", size=120, max_tokens=12)
    run = walk(make_cut_run(world.team, recipe=recipe), RunState.DONE)

    assert (run.flagged, run.training_file) == (run.total, None)
    assert set(map(tuple, run.chunks.values_list("flags", flat=True))) == {("cut",)}
    made = result.order_file(run, flagged=True)
    assert made
    assert made.options["examples"] == run.total

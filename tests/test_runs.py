"""Free recipes: from a text to a training file, the same each time, whoever dies on the way."""

from datetime import timedelta

import orjson
import pytest
import time_machine
from django.core.files.base import ContentFile
from django.utils import timezone

from jobs.models import Chunk, Run, Source, TrainingFile, Wish
from jobs.pipeline import sources
from jobs.pipeline.calls import record
from jobs.pipeline.runs import acts, free, working
from jobs.pipeline.runs.texts import TEXT_MISSING
from jobs.run_states import NEXT_OF_RUN, RUN_OVER, RUN_STANDS, RunState
from jobs.training_data.recipes.recipe import ANCESTOR, Recipe
from tests.conftest import World
from tests.factories import make_source
from tests.running_recipes import example_of, file_of, fresh, long_text, make_cut_run, make_run, ordered, step, walk

pytestmark = pytest.mark.django_db(transaction=True)


def uploaded(world: World, body: bytes, name: str = "겨울.txt") -> Source:
    """A text as a person uploads it, read by the worker."""
    content = ContentFile(body, name)
    source = sources.store(world.team, world.bob, content, name=name, sha256="0" * 64, also=lambda _row: None).source
    sources.read(source)
    return Source.objects.get(pk=source.pk)


def test_a_korean_text_becomes_a_file_whose_examples_know_where_they_come_from(world: World) -> None:
    text = long_text(500)
    source = uploaded(world, text.encode("cp949"))

    run = walk(make_run(world.team, source, recipe=Recipe(template="{keywords}"), created_by=world.bob), RunState.DONE)

    file = file_of(run)
    assert (file.state, file.format, file.origin) == ("ready", "chat", "recipe")
    assert file.examples == run.done == run.total >= 100
    assert Recipe.from_json(file.options["recipe"]) == Recipe(template="{keywords}")
    assert file.options["sources"] == [
        {"uuid": str(source.uuid), "name": "겨울.txt", "text_sha256": source.text_sha256}
    ]
    assert file.uploaded_by == world.bob
    for chunk in run.chunks.filter(position__in=(0, 57)):
        line = example_of(file, chunk)
        prompt, answer = (message["content"] for message in line["messages"])
        assert answer == text[chunk.start : chunk.end]
        assert 0 < len(prompt.split(", ")) <= 21
        assert all(keyword in answer for keyword in prompt.split(", "))


def test_the_same_recipe_and_text_give_the_same_file(world: World) -> None:
    source = make_source(world.team, long_text(60))
    first, second = (walk(make_run(world.team, source), RunState.DONE) for _ in range(2))

    assert file_of(first).sha256
    file_of(second)

    twin = TrainingFile.objects.get(pk=ordered(second).pk)
    assert twin.report == {"same_as": str(ordered(first).uuid)}
    other = walk(make_run(world.team, source, recipe=Recipe(top=1)), RunState.DONE)
    assert file_of(other).deleted_at is None


def test_a_worker_that_died_is_replaced_and_nothing_is_doubled(world: World) -> None:
    run = make_run(world.team, make_source(world.team, long_text(60)))
    record.move(run, RunState.MAKING)
    Chunk.objects.create(run=run, position=0, source=run.sources.get(), start=0, end=5)
    assert not working.due()  # the lease holds

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        run = walk(run, RunState.DONE)

    assert run.done == run.chunks.count() == ordered(run).options["examples"]


def test_a_worker_whose_lease_ran_out_stores_nothing(world: World) -> None:
    run = make_run(world.team, make_source(world.team, long_text(60)))
    slow = fresh(run)
    walk(run, RunState.DONE)
    before = fresh(run).version

    free.make(slow)

    assert (fresh(run).version, TrainingFile.objects.count()) == (before, 1)


def test_the_ancestors_settings_give_prompt_and_completion(world: World) -> None:
    run = walk(make_run(world.team, make_source(world.team, long_text(60)), recipe=ANCESTOR), RunState.DONE)

    file = file_of(run)
    line = orjson.loads(file.path.read_bytes().splitlines()[0])
    assert (file.format, sorted(line)) == ("legacy", ["completion", "prompt"])


def test_cancelled_before_the_worker_comes(world: World) -> None:
    run = make_run(world.team, make_source(world.team, long_text(60)))
    record.wish(run, Wish.CANCEL)

    run = step(run)

    assert (run.state, run.training_file, run.wish) == (RunState.CANCELLED, None, "")


def test_cancelled_while_it_is_made(world: World) -> None:
    run = make_run(world.team, make_source(world.team, long_text(60)))
    Run.objects.filter(pk=run.pk).update(wish=Wish.CANCEL)  # left while the worker is at it

    free.make(fresh(run))

    run = fresh(run)
    assert (run.state, run.chunks.count(), run.training_file) == (RunState.CANCELLED, 0, None)


def test_a_text_that_was_deleted_meanwhile_is_named(world: World) -> None:
    source = make_source(world.team, long_text(60))
    run = make_run(world.team, source)
    sources.delete(source, also=lambda: None)

    run = step(run)

    assert (run.state, run.trouble) == (RunState.FAILED, TEXT_MISSING)


def test_a_text_without_a_noun_gives_no_file(world: World) -> None:
    run = walk(make_run(world.team, make_source(world.team, "!!! ??? ...")), RunState.DONE)

    assert (run.done, run.training_file) == (0, None)


def test_deleting_a_text_takes_its_pieces_and_their_answers_away(world: World) -> None:
    run = make_cut_run(world.team, 4)
    Chunk.objects.filter(run=run, position=0).update(state="done", answer="눈이 왔다.")

    acts.forget(run.sources.get())

    assert set(run.chunks.values_list("text", "answer")) == {("", "")}
    assert list(run.chunks.order_by("position").values_list("state", flat=True)) == ["done", *["failed"] * 3]
    assert fresh(run).failed == 3


def test_every_state_of_a_run_is_reached_and_named() -> None:
    assert set(NEXT_OF_RUN) == set(RunState)
    reached = {RunState.NEW}.union(*NEXT_OF_RUN.values())
    assert reached == set(RunState)
    assert all(RunState.CANCELLED in NEXT_OF_RUN[state] for state in set(RunState) - RUN_OVER)
    assert {state for state in RUN_STANDS if RunState.RUNNING in NEXT_OF_RUN[state]} == RUN_STANDS

"""Each example on the page of a file that a run made says which piece of which text it is, and which run made it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.models import Chunk, Origin, Run, Source, TrainingFile
from jobs.pipeline.calls import record
from jobs.pipeline.runs import result
from jobs.pipeline.runs.paid import CHUNKS
from jobs.run_states import ChunkState, RunState
from tests.conftest import World
from tests.factories import chat_lines, make_file, make_source
from tests.running_recipes import SUMMARY, example_of, faulty, file_of, fresh, long_text, make_run, walk

pytestmark = pytest.mark.django_db(transaction=True)

type Login = Callable[..., Client]


def page(client: Client, file: TrainingFile, query: str = "") -> str:
    return client.get(reverse("file-examples", args=[file.team.slug, file.uuid]) + f"?{query}").content.decode()


def told(shown: str) -> list[str]:
    """The line under each example, without its marks."""
    found = re.findall(r'<p class="small muted">\s*(<svg.*?characters.*?)</p>', shown, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in found]


def words(chunk: Chunk) -> str:
    return f"{chunk.source.name} · characters {chunk.start:,}–{chunk.end:,} · Recipe run {chunk.run.name}"


def made_by_a_run(world: World, *sources: Source) -> tuple[Run, TrainingFile]:
    """A free run of some hundred examples, and its file."""
    run = walk(make_run(world.team, *(sources or [make_source(world.team, long_text(200))])), RunState.DONE)
    return fresh(run), file_of(run)


def test_every_example_names_its_text_its_characters_and_its_run(world: World, login: Login) -> None:
    first, second = (make_source(world.team, long_text(n), name=f"{n}.txt") for n in (80, 100))
    run, file = made_by_a_run(world, first, second)
    pieces = list(run.chunks.select_related("source", "run"))
    assert {piece.source for piece in pieces} == {first, second}
    assert 20 < len(pieces) <= 40

    shown = [page(login(world.carol), file, f"page={number}") for number in (1, 2)]

    assert [*told(shown[0]), *told(shown[1])] == [words(piece) for piece in pieces]
    assert reverse("source-detail", args=[world.team.slug, first.uuid]) in shown[0]
    assert reverse("run-detail", args=[world.team.slug, run.uuid]) in shown[0]


def test_it_is_in_korean_too(world: World, login: Login) -> None:
    run, file = made_by_a_run(world)
    piece = run.chunks.all()[0]

    shown = " ".join(re.sub(r"<[^>]+>", "", page(login(world.carol, "ko"), file)).split())

    assert f"winter.txt · 글자 {piece.start:,}–{piece.end:,} · 레시피 작업 겨울 자료" in shown


def test_of_a_deleted_text_only_the_name_is_left(world: World, login: Login) -> None:
    run, file = made_by_a_run(world)
    Source.objects.update(deleted_at=timezone.now())

    shown = page(login(world.carol), file)

    assert told(shown)[0] == words(run.chunks.all()[0]).replace("winter.txt", "winter.txt (deleted)")
    assert reverse("source-detail", args=[world.team.slug, run.sources.get().uuid]) not in shown


def test_a_summary_knows_its_chunk_though_another_was_left_out(world: World, login: Login, trainer: str) -> None:
    faulty(world.team, "chat-400")  # refuses one
    run = walk(make_run(world.team, make_source(world.team, long_text(30)), recipe=SUMMARY, cap="1"), RunState.DONE)
    file = file_of(run)
    assert run.failed == 1

    shown = told(page(login(world.carol), file))

    kept = run.chunks.filter(state=ChunkState.DONE).select_related("source", "run")
    assert shown == [words(piece) for piece in kept][:20]
    assert [example_of(file, piece)["messages"][1]["content"] for piece in kept] == [piece.text for piece in kept]


def test_the_examples_of_a_finding_know_theirs(world: World, login: Login) -> None:
    run, file = made_by_a_run(world)
    file.path.with_suffix(".findings").write_text('{"short_answers": [7, 21, 40]}')

    shown = told(page(login(world.carol), file, "finding=short_answers"))

    found = run.chunks.filter(line__in=(7, 21, 40)).select_related("source", "run")
    assert shown == [words(piece) for piece in found]


def test_a_version_made_of_it_has_other_lines_and_says_nothing(world: World, login: Login) -> None:
    _run, file = made_by_a_run(world)
    uploaded = make_file(world.team, chat_lines(5))
    child = make_file(world.team, chat_lines(6), parent=file, origin=Origin.SHUFFLED)

    assert [told(page(login(world.carol), other)) for other in (uploaded, child)] == [[], []]


def test_an_older_file_of_the_run_says_nothing_once_another_is_made(world: World, login: Login, trainer: str) -> None:
    faulty(world.team, "chat-500")  # loses the first answer
    run = walk(make_run(world.team, make_source(world.team, long_text(30)), recipe=SUMMARY, cap="1"), RunState.DONE)
    older = file_of(run)
    CHUNKS.retry(run.chunks.get(state=ChunkState.UNSURE))
    record.move(fresh(run), RunState.RUNNING)
    newer = file_of(walk(run, RunState.DONE))
    assert (older.examples, newer.examples) == (run.total - 1, run.total)

    carol = login(world.carol)

    assert told(page(carol, older)) == []
    assert len(told(page(carol, newer))) == min(20, newer.examples)


def test_a_second_order_of_the_same_bytes_takes_nothing_away(world: World, login: Login, trainer: str) -> None:
    run = walk(make_run(world.team, make_source(world.team, long_text(30)), recipe=SUMMARY, cap="1"), RunState.DONE)
    file = file_of(run)
    Run.objects.filter(pk=run.pk).update(version=run.version + 10)
    assert result.order_file(fresh(run)) != file
    assert file_of(fresh(run)).report == {"same_as": str(file.uuid)}

    assert len(told(page(login(world.carol), file))) == min(20, file.examples)


def test_it_costs_one_query_a_page(world: World, login: Login) -> None:
    carol = login(world.carol)
    short = made_by_a_run(world, make_source(world.team, long_text(12)))[1]
    long = made_by_a_run(world)[1]
    plain = make_file(world.team, chat_lines(40))
    page(carol, plain)

    counts: dict[str, Any] = {}
    for name, file in {"short": short, "long": long, "plain": plain}.items():
        page(carol, file)
        with CaptureQueriesContext(connection) as asked:
            page(carol, file, "page=2")
        counts[name] = len(asked)

    assert counts["short"] == counts["long"] == counts["plain"] + 1

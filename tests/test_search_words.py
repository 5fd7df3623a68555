"""The words that jobs are named by: by them is found what stands in names, and they go with the last job."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from jobs.forms import find
from jobs.models import SearchWord, Team, vocabulary
from jobs.pipeline.record import note
from jobs.states import State
from jobs.tasks import look_at_tables
from tests.conftest import World
from tests.factories import make_file, make_job

type Login = Callable[..., Client]


def words(world: World) -> list[str]:
    return sorted(world.team.search_words.values_list("text", flat=True))


@pytest.fixture(params=["", "MOST_WORDS", "MOST_JOBS"])
def way(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where too many words or jobs hold what is looked for, the names themselves are read."""
    if request.param:
        monkeypatch.setattr(vocabulary, request.param, 0)
    return request.param or "by words"


@pytest.fixture
def other(world: World) -> Team:
    return Team.objects.make("이웃", world.mallory)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("겨울", ["겨울 에세이 v2", "겨울비"]),
        ("에세", ["겨울 에세이 v2"]),
        ("겨울 에세이", ["겨울 에세이 v2"]),
        ("울 에세", ["겨울 에세이 v2"]),
        ("에세이 겨울", []),
        ("겨울  에세이", []),
        ("LOUD", ["봄 Loud%_"]),
        ("d%_", ["봄 Loud%_"]),
        ("%", ["봄 Loud%_"]),
        ("_", ["봄 Loud%_"]),
        ("짧게", ["겨울비"]),
        ("눈.jsonl", ["겨울비"]),
        ("없는말", []),
    ],
)
def test_both_ways_find_what_stands_in_the_names(
    world: World, other: Team, login: Login, way: str, query: str, found: list[str]
) -> None:
    make_job(world.team, name="봄 Loud%_", base_model="base", training_file=None)
    make_job(
        world.team,
        name="겨울비",
        base_model="base",
        note="더 짧게",
        training_file=make_file(world.team, name="눈.jsonl"),
    )
    make_job(world.team, name="겨울 에세이 v2", base_model="base", training_file=None)
    make_job(other, name=f"{query} 남의 것")

    shown = login(world.bob).get(world.url("jobs/"), {"q": query})

    assert [row.name for row in shown.context["rows"]] == found, way


def test_a_common_word_is_known_as_such_and_still_finds_what_has_it_when_it_is_rare(
    world: World, login: Login, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    job = make_job(world.team, name="겨울", training_file=None)
    monkeypatch.setattr(vocabulary, "MOST_JOBS", 0)
    assert vocabulary.jobs_with(world.team, "겨울") is None
    monkeypatch.undo()

    with django_assert_max_num_queries(0):
        assert vocabulary.jobs_with(world.team, "겨울") is None
    shown = login(world.bob).get(world.url("jobs/"), {"q": "겨울"})

    assert [row.uuid for row in shown.context["rows"]] == [str(job.uuid)]


def test_too_many_files_are_not_asked_one_by_one(world: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    make_job(world.team, name="봄", training_file=make_file(world.team, name="눈.jsonl"))
    monkeypatch.setattr(find, "MOST_FILES", 0)

    shown = login(world.bob).get(world.url("jobs/"), {"q": "눈.jsonl"})

    assert [row.name for row in shown.context["rows"]] == ["봄"]


def test_a_word_goes_with_the_last_job_that_has_it(world: World) -> None:
    one = make_job(world.team, name="겨울 비밀", base_model="base")
    make_job(world.team, name="겨울 바다", base_model="base")

    note(one, name="봄 바다")

    assert words(world) == ["base", "겨울", "바다", "봄"]


def test_what_changes_no_name_touches_no_word(world: World, django_assert_max_num_queries: Any) -> None:
    job = make_job(world.team, name="겨울", state=State.RUNNING)

    with django_assert_max_num_queries(5) as asked:
        note(job, step=7)

    assert not [query for query in asked if "search" in query["sql"]]


def test_jobs_of_before_are_found_after_the_migration(world: World, other: Team) -> None:
    for name in ("겨울 바다", "겨울 산"):
        make_job(world.team, name=name, base_model="base")
    make_job(other, name="겨울", base_model="base")
    before = sorted(SearchWord.objects.values_list("team", "text", "jobs__name"))
    SearchWord.objects.all().delete()
    migration = import_module("jobs.migrations.0018_search_words")

    migration.fill(apps, None)

    assert sorted(SearchWord.objects.values_list("team", "text", "jobs__name")) == before
    assert len(before) == 8


def test_sqlite_knows_what_its_tables_hold(world: World) -> None:
    if connection.vendor != "sqlite":
        look_at_tables()
        return  # another database looks by itself; it must not be told in SQLite's words
    make_job(world.team, name="겨울")

    look_at_tables()

    with connection.cursor() as cursor:
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'jobs_finetunejob' AND idx = 'jobs_newest_first'")
        assert cursor.fetchone()[0].startswith("1 ")

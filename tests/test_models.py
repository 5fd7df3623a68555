"""The models page: what is alive, until when, where it came from."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import Connection, User
from tests.conftest import World
from tests.factories import make_job, make_tuned_model

type Login = Callable[[User], Client]


@pytest.mark.parametrize(
    ("days", "life"), [(None, "alive"), (400, "alive"), (89, "ending"), (1, "ending"), (0, "off"), (-5, "off")]
)
def test_life_follows_the_shutdown_date(world: World, login: Login, days: int | None, life: str) -> None:
    ends = None if days is None else timezone.now().date() + timedelta(days=days)
    make_tuned_model(make_job(world.team), shutdown_date=ends)

    page = login(world.carol).get(world.url("models/"))

    assert [(row["life"], row["days_left"]) for row in page.context["rows"]] == [(life, days)]


def test_model_without_its_connection_cannot_be_called(world: World, login: Login) -> None:
    model = make_tuned_model(make_job(world.team))
    Connection.objects.update(deleted_at=timezone.now())

    page = login(world.bob).get(world.url("models/"))

    assert [row["life"] for row in page.context["rows"]] == ["cut"]
    assert f"?model={model.name}" not in page.content.decode()


def test_trainer_gets_a_way_to_the_playground_and_a_viewer_none(world: World, login: Login) -> None:
    model = make_tuned_model(make_job(world.team), name="ft:a:b::c:ckpt-step-7", step=7)
    link = f'href="{world.url(f"playground/{model.job.uuid}/")}?model=ft%3Aa%3Ab%3A%3Ac%3Ackpt-step-7"'

    assert login(world.bob).get(world.url("models/")).content.decode().count(link) == 1
    assert login(world.carol).get(world.url("models/")).content.decode().count(link) == 0


def test_stranger_meets_nothing(world: World, login: Login) -> None:
    assert login(world.mallory).get(world.url("models/")).status_code == 404


def test_empty_page_leads_to_a_new_job(world: World, login: Login) -> None:
    assert f'href="{world.url("jobs/new/")}"' in login(world.bob).get(world.url("models/")).content.decode()


@pytest.mark.parametrize("rows", [1, 60])
def test_page_costs_the_same_however_many(
    world: World, login: Login, django_assert_num_queries: Any, rows: int
) -> None:
    job = make_job(world.team)
    for _ in range(rows):
        make_tuned_model(job)
    carol = login(world.carol)
    carol.get(world.url("models/"))

    with django_assert_num_queries(7):
        page = carol.get(world.url("models/"))

    assert len(page.context["rows"]) == min(rows, 25)

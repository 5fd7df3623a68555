"""Until when a job waits that a service has put off: on its page, in the reader's own time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from jobs.models import Connection, FineTuneJob, User
from jobs.pipeline import launch
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job
from tests.walking import fresh

pytestmark = pytest.mark.django_db(transaction=True)

type Login = Callable[..., Client]
NOON = datetime(2026, 11, 30, 12, 0, tzinfo=ZoneInfo("Asia/Seoul"))


def page_of(job: FineTuneJob, client: Client) -> str:
    return client.get(f"/t/{job.team.slug}/jobs/{job.uuid}/").content.decode()


def test_a_long_retry_after_is_told_on_the_pages_of_all_jobs_that_wait(
    world: World, trainer: str, login: Login
) -> None:
    connection = make_connection(world.team, "trainer-fault.429-long-abcdef")
    refused, other = (make_job(world.team, connection=connection, due_at=NOON) for _ in range(2))
    client = login(world.bob)
    with time_machine.travel(NOON, tick=False):
        launch.push(fresh(refused))

        assert "Tried 1 time. The next try is at 12:10:00." in page_of(refused, client)
        assert "The service asked for a pause. The next call is made at 12:10:00." in page_of(other, client)

    with time_machine.travel(NOON + timedelta(minutes=11), tick=False):
        assert "12:10:00" not in page_of(refused, client) + page_of(other, client)


def test_a_wait_into_tomorrow_says_the_day_in_the_readers_zone(world: World, login: Login) -> None:
    User.objects.filter(pk=world.bob.pk).update(time_zone="Europe/Berlin")
    job = make_job(world.team, due_at=NOON)
    with time_machine.travel(NOON, tick=False):
        Connection.objects.filter(pk=job.service.pk).update(wait_until=NOON + timedelta(hours=23))

        assert "2026-12-01 03:00" in page_of(job, login(world.bob))


def test_a_short_wait_is_the_jobs_own(world: World, login: Login) -> None:
    with time_machine.travel(NOON, tick=False):
        due = NOON + timedelta(seconds=8)
        job = make_job(world.team, tries=3, trouble="Busy.", due_at=due)

        assert "Tried 3 times. The next try is at 12:00:08." in page_of(job, login(world.bob))


@pytest.mark.parametrize("ended", [State.SUCCEEDED, State.FAILED])
def test_what_has_ended_waits_for_nothing(world: World, login: Login, ended: State) -> None:
    fields: dict[str, Any] = {"state": ended, "due_at": None}
    job = make_job(world.team, **fields)
    with time_machine.travel(NOON, tick=False):
        Connection.objects.filter(pk=job.service.pk).update(wait_until=NOON + timedelta(minutes=10))

        assert "asked for a pause" not in page_of(job, login(world.bob))

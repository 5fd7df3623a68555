"""A connection that staff disabled makes no call, whatever asks for one. Orders over it wait, and go on later."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import Connection, FineTuneJob, RemoteFile
from jobs.models.connection import DISABLED
from jobs.pipeline import due, follow, launch, park, probe, talk
from jobs.provider import ProviderError
from jobs.states import State
from tests.conftest import World
from tests.factories import make_file, make_job
from tests.test_job_new import order
from tests.walking import fresh, remote_jobs, walk

type Login = Callable[..., Client]


@pytest.fixture
def off(world: World) -> Connection:
    park.disable(world.connection)
    return Connection.objects.get()


def test_no_access_is_given_even_to_who_read_the_row_before(world: World) -> None:
    read_before = Connection.objects.get()
    park.disable(world.connection)

    with pytest.raises(ProviderError) as refused:
        read_before.access()

    assert (refused.value.code, refused.value.permanent) == (DISABLED, False)


@pytest.mark.django_db(transaction=True)
def test_an_order_waits_while_disabled_and_goes_on_when_enabled(world: World, trainer: str) -> None:
    job = make_job(world.team, connection=world.connection, created_by=world.alice)
    park.disable(world.connection)
    assert list(due.jobs_to_advance()) == []
    launch.advance(fresh(job))  # as a nudge would
    waited, sent = fresh(job), RemoteFile.objects.count()

    park.enable(world.connection)
    done = walk(job, State.SUCCEEDED)

    assert (waited.state, waited.tries, sent) == (State.NEW, 0, 0)
    assert (done.state, remote_jobs()) == (State.SUCCEEDED, 1)


@pytest.mark.parametrize("state", [State.NEW, State.READY])
def test_disabled_between_the_look_and_the_call_it_goes_back(world: World, state: State) -> None:
    job = make_job(world.team, connection=world.connection, state=state)
    RemoteFile.objects.create(connection=world.connection, training_file=job.trained_on, remote_id="file-1")
    read_before = fresh(job)
    park.disable(world.connection)

    launch.advance(read_before)

    job = fresh(job)
    assert (job.state, job.error, job.tries) == (state, {}, 1)
    assert job.due_at
    assert job.due_at > timezone.now()


def test_nothing_is_followed_settled_or_tested(world: World, off: Connection) -> None:
    running = make_job(world.team, name="r", connection=off, state=State.RUNNING, remote_id="ftjob-1")
    unsure = make_job(world.team, name="u", connection=off, state=State.UNSURE)
    Connection.objects.update(test_due_at=timezone.now(), state="testing")

    follow.follow(off)
    launch.advance(fresh(unsure))
    probe.test(off)

    assert (list(due.jobs_to_advance()), due.connections_to_follow(), list(probe.due())) == ([], [], [])
    assert (fresh(running).due_at, fresh(running).trouble) == (running.due_at, "")
    assert fresh(unsure).trouble == ""
    assert Connection.objects.get().tested_at is None


def test_what_was_never_sent_can_be_cancelled(world: World, off: Connection) -> None:
    job = make_job(world.team, connection=off, wish="cancel")

    assert list(due.jobs_to_advance()) == [job.pk]
    launch.advance(fresh(job))

    assert fresh(job).state == State.CANCELLED


def test_a_new_key_does_not_enable_it(world: World, off: Connection, login: Login) -> None:
    url = world.url(f"connections/{off.uuid}/key/")

    page = login(world.alice).post(url, {"key": "trainer-a-new-key-123456"}, follow=True).content.decode()

    now = Connection.objects.get()
    assert now.key_hint == "3456"
    assert (now.disabled_at, now.state, now.test_due_at) == (off.disabled_at, "untested", None)
    assert "The connection stays disabled: only staff enable it." in page


def test_a_test_is_refused(world: World, off: Connection, login: Login) -> None:
    page = login(world.bob).post(world.url(f"connections/{off.uuid}/test/"), follow=True).content.decode()

    assert "it is not tested." in page
    assert Connection.objects.get().test_due_at is None


def test_an_order_over_it_is_refused_by_name(world: World, off: Connection, login: Login) -> None:
    file = make_file(world.team)

    answer = login(world.bob).post(world.url("jobs/new/"), order(world, file))

    assert answer.status_code == 422
    told = "Staff disabled this connection, so nothing can be ordered over it. Connection: Practice trainer"
    assert told in answer.content.decode()
    assert FineTuneJob.objects.count() == 0


def test_the_playground_says_so(world: World, off: Connection) -> None:
    job = make_job(world.team, connection=off, state=State.SUCCEEDED)
    ask: Any = job.conversations.create(user=world.alice).messages.create(role="user", content="눈")

    with pytest.raises(ProviderError) as refused:
        talk.answer(job.conversations.get(), "m", ask)

    assert "until the staff of this portal enable it" in str(talk.advice(job, "m", refused.value))


@pytest.mark.parametrize("where", ["connections/{connection}/", "connections/", "jobs/{job}/", "jobs/new/"])
def test_the_pages_say_that_staff_disabled_it(world: World, off: Connection, login: Login, where: str) -> None:
    job = make_job(world.team, connection=off)

    page = login(world.bob).get(world.url(where.format(connection=off.uuid, job=job.uuid))).content.decode()

    said = {"connections/": "Disabled by staff", "jobs/new/": "This connection is disabled by staff."}
    assert said.get(where, "The staff of this portal disabled this connection.") in page


def test_open_pages_hear_of_it(world: World) -> None:
    job = make_job(world.team, connection=world.connection)
    before = fresh(job)

    park.disable(world.connection)

    after = fresh(job)
    assert (after.version, after.team.jobs_version) == (before.version + 1, before.team.jobs_version + 1)


def test_its_owner_may_delete_it_with_ended_jobs(world: World, off: Connection, login: Login) -> None:
    make_job(world.team, connection=off, state=State.SUCCEEDED, due_at=timezone.now() - timedelta(hours=1))

    login(world.alice).post(world.url(f"connections/{off.uuid}/delete/"))

    assert Connection.objects.get().deleted_at is not None

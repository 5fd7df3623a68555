"""A service that has lost a file: it is sent again, and no order goes out without its file's id."""

from typing import Any

import pytest
from django.utils import timezone

from jobs.models import RemoteFile
from jobs.pipeline import copies, launch
from jobs.states import State
from tests.conftest import World
from tests.factories import make_file, make_job
from tests.far_side import Habits
from tests.test_odd_answers import Answers, pushed, service
from tests.test_once_lanes import lane
from tests.walking import fresh, walk

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["service"]  # a fixture


@pytest.mark.parametrize("role", ["training_file", "validation_file"])
def test_orders_of_a_lost_file_send_it_again(world: World, settings: Any, role: str) -> None:
    with lane(world, settings, Habits()) as (far, first):
        lost = make_file(world.team)
        fields = {"connection": first.connection, "base_model": first.base_model, role: lost}
        jobs = [make_job(world.team, **fields) for _ in range(3)]
        for job in jobs:
            walk(job, State.READY)
        far.files.pop(RemoteFile.objects.get(training_file=lost).remote_id)

        ended = [walk(job, State.RUNNING, State.FAILED) for job in jobs]

        assert [job.state for job in ended] == [State.RUNNING] * 3
        assert all(order[role] for order in far.sent)
        assert {order[role] for order in far.sent[-2:]} <= far.files.keys()
        assert sum(file["filename"] == lost.remote_name for file in far.files.values()) == 1


def test_an_order_whose_copy_is_gone_makes_no_call(world: World, settings: Any) -> None:
    with lane(world, settings, Habits()) as (far, job):
        job = walk(job, State.READY)
        copy = RemoteFile.objects.get()
        copies.forget(job.service, job.trained_on, copy.remote_id)

        launch.submit(fresh(job))

        assert (fresh(job).state, far.sent) == (State.NEW, [])
        assert walk(job, State.RUNNING).remote_id


def test_an_order_whose_copy_is_being_deleted_makes_no_call(world: World, settings: Any) -> None:
    with lane(world, settings, Habits()) as (far, job):
        job = walk(job, State.READY)
        RemoteFile.objects.update(claimed_at=timezone.now())

        launch.submit(fresh(job))

        assert (fresh(job).state, far.sent) == (State.NEW, [])


@pytest.mark.parametrize(("is_there", "state"), [(True, State.FAILED), (False, State.NEW)])
def test_a_404_is_about_a_file_only_where_one_is_missing(
    world: World, service: Answers, is_there: bool, state: State
) -> None:
    job = pushed(world)
    service |= {"/files/file-1": {"id": "file-1"}} if is_there else {}

    launch.submit(job)  # every other path answers 404

    assert fresh(job).state == state


def test_an_id_that_another_order_has_brought_since_is_kept(world: World, settings: Any) -> None:
    with lane(world, settings, Habits()) as (_far, job):
        job = walk(job, State.READY)

        copies.forget(job.service, job.trained_on, "file-of-yesterday")

        assert RemoteFile.objects.get().remote_id


def test_a_service_that_loses_every_file_ends_the_job(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(loses_files=True)) as (far, job):
        job = walk(job, State.FAILED)

        assert job.error["message"].startswith("No such File object: file-")
        assert len(far.sent) == launch.SENT_AGAIN + 1


def test_a_file_that_is_refused_for_what_it_holds_is_not_sent_again(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(refuses_files=True)) as (far, job):
        job = walk(job, State.FAILED)

        assert job.error["param"] == "training_file"
        assert (len(far.sent), len(far.files)) == (1, 1)
        assert RemoteFile.objects.get().remote_id in far.files

"""Settling an order whose answer was lost, step by step: how far lists are read, and when a person is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs.models import AuditEntry, FineTuneJob
from jobs.pipeline import settling
from jobs.pipeline.job_pages import JobPages
from jobs.pipeline.stuck import Why, explained
from jobs.states import State
from tests.conftest import World
from tests.factories import make_job
from tests.far_side import FarSide, Habits
from tests.test_odd_answers import Answers, Refusal, pushed, service
from tests.test_once_lanes import lane, ours, step_when_due
from tests.walking import fresh, walk

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["service"]  # a fixture

type Login = Callable[..., Client]
LIST = "GET /fine_tuning/jobs"


def lost(far: FarSide, job: FineTuneJob) -> FineTuneJob:
    job = walk(job, State.UNSURE)
    far.calls.clear()
    return job


def crowd(far: FarSide, count: int, age: timedelta) -> None:
    """Jobs of others, made `age` ago and newer."""
    for number in range(count):
        far.add({"model": "m", "training_file": "file-other"}, age - timedelta(seconds=number))


def settle_later(job: FineTuneJob, after: timedelta) -> FineTuneJob:
    with time_machine.travel(job.state_since + after, tick=True):
        settling.settle(fresh(job))
    return fresh(job)


# --- how far a list is read ---------------------------------------------------------------------------


def test_a_job_behind_many_newer_ones_is_found(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(tag_filter="ignored", pages="capped"), "after") as (far, job):
        job = lost(far, job)
        crowd(far, 12, timedelta(minutes=-1))

        job = walk(job, State.RUNNING)

        assert far.orders == 0
        assert far.calls.count(LIST) == 1 + 5  # the filtered one, then three a page


def test_a_list_is_read_until_it_shows_what_was_made_long_before(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(pages="capped"), "before") as (far, job):
        crowd(far, 20, timedelta(days=2))
        crowd(far, 4, timedelta(hours=20))
        job = lost(far, job)

        settling.settle(fresh(job))

        assert far.calls.count(LIST) == 1 + 2
        assert fresh(job).absent_since is not None


def test_a_list_in_no_order_is_read_to_its_end(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(pages="capped", oldest_first=True), "before") as (far, job):
        crowd(far, 20, timedelta(days=2))
        job = lost(far, job)

        settling.settle(fresh(job))

        assert far.calls.count(LIST) == 1 + 8  # 24 jobs
        assert fresh(job).absent_since is not None


def test_a_list_that_never_ends_proves_nothing_and_a_person_decides(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(pages="capped", times="none", model_prefix="x/"), "before") as (far, job):
        crowd(far, settling.SCAN_PAGES * 3, timedelta())
        job = lost(far, job)

        settling.settle(fresh(job))
        first = fresh(job)
        second = settle_later(job, timedelta(seconds=settings.UNSURE_SECONDS + 1))

        assert (first.absent_since, first.trouble, first.needs_a_person) == (None, settling.NO_PROOF, False)
        assert (second.state, second.can_start_again) == (State.UNSURE, True)
        assert far.calls.count(LIST) == 2 * (1 + settling.SCAN_PAGES)


# --- when a person is asked ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_service_that_refuses_its_list_leaves_it_to_a_person(world: World, service: Answers, status: int) -> None:
    job = asked(world, service, Refusal(status, {"error": {"message": "No such route."}}), timedelta(seconds=121))

    assert (job.state, job.can_start_again) == (State.UNSURE, True)


def test_a_service_that_is_down_is_waited_for_before_a_person_is_asked(world: World, service: Answers) -> None:
    down = Refusal(503, {"error": {"message": "Down."}})

    first = asked(world, service, down, timedelta(minutes=9))
    second = settle_later(first, timedelta(minutes=11))

    assert (first.can_start_again, second.can_start_again, second.due_at is not None) == (False, True, True)
    service["/fine_tuning/jobs"] = {"data": [], "has_more": False}
    assert settle_later(second, timedelta(minutes=12)).can_start_again is False  # it can be asked again


def test_nobody_is_asked_while_the_key_is_wrong(world: World, service: Answers) -> None:
    wrong = Refusal(401, {"error": {"message": "Wrong key."}})

    assert asked(world, service, wrong, timedelta(minutes=20)).can_start_again is False


def asked(world: World, service: Answers, answer: Any, after: timedelta) -> FineTuneJob:
    """A job that has been unsure for `after`, at a service that answers so to every list."""
    job = pushed(world)
    FineTuneJob.objects.filter(pk=job.pk).update(state=State.UNSURE, state_since=timezone.now())
    service["/fine_tuning/jobs"] = answer
    return settle_later(fresh(job), after)


def test_that_it_never_started_can_be_said_once_the_service_had_the_time_to_list_it(
    world: World, settings: Any, login: Login
) -> None:
    with lane(world, settings, Habits(has_metadata=False), "before") as (far, job):
        job = lost(far, job)
        far.add({"model": job.base_model, "training_file": next(iter(far.files))})
        FineTuneJob.objects.filter(pk=job.pk).update(absent_since=timezone.now())
        job = step_when_due(job)
        assert job.absent_since is None  # it was not absent in this answer
        client = login(world.bob)
        settle = world.url(f"jobs/{job.uuid}/settle/")
        assert (job.needs_a_person, job.can_start_again) == (True, False)

        client.post(settle, {"remote_id": ""})
        assert fresh(job).state == State.UNSURE
        job = settle_later(job, timedelta(seconds=settings.UNSURE_SECONDS + 1))
        client.post(settle, {"remote_id": ""})

        job = fresh(job)
        assert (job.state, job.candidates, job.asks_person) == (State.READY, [], False)
        assert AuditEntry.objects.get(action="job.settled").actor == world.bob


def test_it_is_asked_after_less_often_with_time_and_at_least_each_five_minutes(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(has_metadata=False), "after") as (far, job):
        job = lost(far, job)
        pauses = []
        for age in (timedelta(), timedelta(minutes=10), timedelta(days=2)):
            job = settle_later(job, age)
            assert job.due_at
            pauses.append(round((job.due_at - (job.polled_at or job.due_at)).total_seconds()))

        assert pauses == [10, 60, 300]


def test_a_lean_job_that_cannot_be_asked_for_now_is_asked_for_later(world: World, service: Answers) -> None:
    service["/jobs/ftjob-9"] = Refusal(503, {"error": {"message": "Down."}})

    job = asked(world, service, {"data": [{"id": "ftjob-9"}], "has_more": False}, timedelta(seconds=121))

    assert (job.candidates, job.trouble, job.tries) == ([], "Down.", 1)


def test_a_service_that_asks_for_patience_gets_one_call(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(tag_filter=429), "before") as (far, job):
        job = lost(far, job)

        settling.settle(fresh(job))

        assert (far.calls.count(LIST), fresh(job).tries, fresh(job).absent_since) == (1, 1, None)


def test_an_id_that_a_person_types_is_needed(world: World, settings: Any, login: Login) -> None:
    with lane(world, settings, Habits(has_metadata=False), "after") as (far, job):
        job = step_when_due(lost(far, job))
        job = settle_later(job, timedelta(seconds=settings.UNSURE_SECONDS + 1))
        client, settle = login(world.bob), world.url(f"jobs/{job.uuid}/settle/")

        client.post(settle, {"is_typed": "1", "remote_id": "  "})
        assert fresh(job).state == State.UNSURE
        client.post(settle, {"is_typed": "1", "remote_id": f" {far.jobs[-1]['id']} "})

        job = fresh(job)
        assert (job.state, job.remote_id, job.candidates) == (State.RUNNING, far.jobs[-1]["id"], [])


def test_candidates_without_an_id_cannot_be_chosen_by_mistake(world: World, service: Answers, login: Login) -> None:
    job = asked(world, service, {"data": [{"status": "running"}, {"id": "ftjob-9"}]}, timedelta(seconds=121))

    page = login(world.bob).get(world.url(f"jobs/{job.uuid}/")).content.decode()

    assert (len(job.candidates), page.count('type="radio" name="remote_id"')) == (2, 1)


def test_a_candidate_that_the_list_forgets_is_no_absence(world: World, settings: Any) -> None:
    """Lists are cut after some weeks: nobody had decided, and nothing is ordered again by itself."""
    with lane(world, settings, Habits(has_metadata=False), "after") as (far, job):
        job = step_when_due(lost(far, job))
        mine = far.jobs.pop()["id"]

        for days in (1, 2, 3):
            job = settle_later(job, timedelta(days=days))

        assert (job.state, job.can_start_again) == (State.UNSURE, True)
        assert [candidate["id"] for candidate in job.candidates] == [mine]


def test_a_candidate_that_turns_out_another_ones_is_none(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(), "before") as (far, job):
        job = lost(far, job)
        other = far.add({"model": job.base_model, "training_file": next(iter(far.files))})
        job = step_when_due(job)
        assert job.needs_a_person
        make_job(world.team, connection=job.connection, state=State.SUCCEEDED, remote_id=other["id"], due_at=None)

        job = walk(job, State.RUNNING)

        assert (far.orders, ours(far, job)) == (1, [job.remote_id])


def test_staff_see_that_a_person_is_needed(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(has_metadata=False), "after") as (far, job):
        job = step_when_due(lost(far, job))
        job = settle_later(job, timedelta(seconds=settings.UNSURE_SECONDS + 1))

        assert explained(FineTuneJob.objects.filter(pk=job.pk)).get().stuck == Why.PERSON  # type: ignore[attr-defined]


def test_a_job_that_shows_its_tag_late_needs_no_person_any_more(world: World, settings: Any) -> None:
    with lane(world, settings, Habits(tag_filter="ignored"), "late") as (far, job):
        job = lost(far, job)
        far.add({"model": job.base_model, "training_file": next(iter(far.files))})
        job = settle_later(job, timedelta(seconds=settings.UNSURE_SECONDS + 1))
        assert job.can_start_again
        mine = far.act_late()

        job = walk(job, State.RUNNING)

        assert (job.remote_id, job.candidates, job.asks_person) == (mine["id"], [], False)


def test_where_no_page_was_read_nothing_is_known_to_have_ended(world: World) -> None:
    pages = JobPages(world.connection.access(), 0)

    assert list(pages) == []
    assert pages.ended is False

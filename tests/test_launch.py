"""Exactly once: whatever gets lost on the way, one order is one job at the service."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from jobs import provider
from jobs.models import Connection, ConnectionState, FineTuneJob, RemoteFile, Transition
from jobs.pipeline import due, launch, settling
from jobs.pipeline.park import blame
from jobs.pipeline.record import move
from jobs.provider_error import ProviderError
from jobs.states import State
from jobs.tasks import advance_job
from tests.conftest import World
from tests.factories import chat_lines, make_connection, make_file, make_job
from tests.walking import fresh, remote_jobs, step, walk
from trainer.models import File as RemoteFileRow
from trainer.models import Job as RemoteJob

pytestmark = pytest.mark.django_db(transaction=True)


def faulty(world: World, *faults: str) -> Connection:
    return make_connection(world.team, f"trainer-fault.{'.'.join(faults)}-{uuid4().hex}")


def order(job: FineTuneJob) -> dict[str, Any]:
    ids = launch.copies_of(job)
    assert ids
    return launch.order_body(job, ids)


def path_of(job: FineTuneJob) -> list[str]:
    return list(job.transitions.values_list("after", flat=True))


def test_a_job_is_pushed_submitted_and_followed_to_its_end(world: World, trainer: str) -> None:
    job = make_job(world.team, training_file=make_file(world.team, chat_lines(60)), suffix="winter")

    job = walk(job, State.SUCCEEDED)

    assert path_of(job) == ["pushing", "ready", "submitting", "running", "succeeded"]
    assert remote_jobs() == 1
    assert job.remote_id == RemoteJob.objects.get().uid
    assert job.remote["metadata"] == {"texthelper_job": str(job.uuid)}
    assert job.fine_tuned_model.startswith("ft:sim-small-2026-06-01:")
    assert job.trained_tokens == job.remote["trained_tokens"]
    assert job.metrics.count() == job.total_steps
    assert job.events.count() >= job.total_steps
    assert job.checkpoints.count() == 3
    assert job.result_csv.startswith("step,")
    assert job.tuned_models.count() == 4
    assert (job.due_at, job.collected_at is not None) == (None, True)


@pytest.mark.parametrize("cause", ["500", "drop", "timeout"])
def test_an_answer_lost_after_the_act_is_found_by_asking(world: World, trainer: str, settings: Any, cause: str) -> None:
    settings.ORDER_SECONDS = 0.5
    fault = "timeout-after=2" if cause == "timeout" else f"{cause}-after"
    job = make_job(world.team, connection=faulty(world, fault))

    job = walk(job, State.RUNNING)

    assert path_of(job) == ["pushing", "ready", "submitting", "unsure", "running"]
    assert remote_jobs() == 1
    assert job.remote_id == RemoteJob.objects.get().uid


@pytest.mark.parametrize("cause", ["500", "drop", "timeout"])
def test_an_order_lost_before_the_act_is_given_again_once_it_is_proven_absent(
    world: World, trainer: str, settings: Any, cause: str
) -> None:
    settings.ORDER_SECONDS = 0.5
    fault = "timeout-before=2" if cause == "timeout" else f"{cause}-before"
    job = make_job(world.team, connection=faulty(world, fault))

    job = walk(job, State.RUNNING)

    assert path_of(job) == ["pushing", "ready", "submitting", "unsure", "ready", "submitting", "running"]
    assert remote_jobs() == 1
    unsure, ready = Transition.objects.filter(job=job, after__in=["unsure", "ready"]).order_by("at")[1:3]
    assert (ready.at - unsure.at).total_seconds() >= settings.UNSURE_SECONDS


def test_a_clock_moved_on_proves_nothing_absent(world: World, trainer: str) -> None:
    """Listed a minute late, asked for once; then the portal's clock jumps by an hour."""
    job = walk(make_job(world.team, connection=faulty(world, "500-after", "late-list=60")), State.UNSURE)
    job = ask(job)
    assert job.absent_since is not None

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        RemoteJob.objects.update(listed_at=timezone.now() + timedelta(seconds=60))  # its clock did not jump
        job = step(job)
        assert job.state == State.UNSURE
        job = walk(job, State.RUNNING)

    assert path_of(job) == ["pushing", "ready", "submitting", "unsure", "running"]
    assert remote_jobs() == 1


def test_failed_asks_that_good_ones_lie_between_do_not_add_up(world: World, trainer: str, settings: Any) -> None:
    settings.UNSURE_SECONDS = 3600
    job = make_job(world.team, connection=faulty(world, "429-short", "500-after", "late-list=3600"))
    job = walk(job, State.UNSURE)

    states = [(job := ask(job)).tries for _ in range(12)]

    assert set(states) == {0, 1}


def ask(job: FineTuneJob) -> FineTuneJob:
    """Settle it once, when it is due."""
    with time_machine.travel(fresh(job).due_at or timezone.now(), tick=True):
        return step(job)


def test_a_message_that_comes_twice_is_good_for_one_look(world: World) -> None:
    job = make_job(world.team)
    until = due.jobs_to_advance()[job.pk]

    assert due.take(fresh(job), until)
    assert not due.take(fresh(job), until)
    assert not due.take(fresh(job), None)


def test_a_late_message_makes_no_call_that_back_off_forbids(world: World, trainer: str) -> None:
    job = make_job(world.team, connection=faulty(world, "429-quota"))
    job = step(job)
    assert (job.state, job.tries) == (State.NEW, 1)

    advance_job(job.pk)

    assert fresh(job).tries == 1


def test_a_job_that_is_listed_late_is_still_found(world: World, trainer: str) -> None:
    job = make_job(world.team, connection=faulty(world, "500-after", "late-list=90"))

    job = walk(job, State.RUNNING)

    assert path_of(job)[-2:] == ["unsure", "running"]
    assert remote_jobs() == 1


def test_a_service_that_ignores_the_metadata_filter_is_searched(world: World, trainer: str) -> None:
    connection = faulty(world, "no-metadata-filter", "500-after")
    job = make_job(world.team, connection=connection)

    job = walk(job, State.RUNNING)

    assert remote_jobs() == 1
    assert job.remote_id == RemoteJob.objects.get().uid


def test_two_workers_with_one_order_make_one_call(world: World, trainer: str) -> None:
    job = step(make_job(world.team))
    first, second = fresh(job), fresh(job)

    launch.submit(first)
    launch.submit(second)

    assert remote_jobs() == 1
    assert (first.state, second.state) == (State.RUNNING, State.READY)
    assert fresh(job).state == State.RUNNING


def test_a_worker_killed_while_it_orders_leaves_a_claim_that_is_settled_by_asking(world: World, trainer: str) -> None:
    job = step(make_job(world.team))
    move(job, State.SUBMITTING)
    provider.create_job(job.service.access(), order(job))  # the kill came before the record

    job = walk(job, State.RUNNING)

    assert path_of(job)[-3:] == ["submitting", "unsure", "running"]
    assert remote_jobs() == 1


def test_a_nudge_too_many_does_not_free_a_living_claim(world: World, trainer: str) -> None:
    job = step(make_job(world.team))
    move(job, State.SUBMITTING)

    launch.advance(fresh(job))

    assert fresh(job).state == State.SUBMITTING


def test_a_worker_killed_while_it_uploads_does_not_upload_twice(world: World, trainer: str) -> None:
    job = make_job(world.team)
    move(job, State.PUSHING)
    file = job.trained_on
    provider.upload(job.service.access(), file.path, file.remote_name)

    job = walk(job, State.RUNNING)

    assert path_of(job)[:3] == ["pushing", "new", "pushing"]
    assert RemoteFileRow.objects.filter(purpose="fine-tune").count() == 1


def test_the_same_bytes_are_uploaded_once_for_two_jobs(world: World, trainer: str) -> None:
    file = make_file(world.team)
    first, second = make_job(world.team, training_file=file), make_job(world.team, training_file=file)

    walk(first, State.RUNNING)
    walk(second, State.RUNNING)

    assert RemoteFileRow.objects.filter(purpose="fine-tune").count() == 1
    assert RemoteFile.objects.count() == 1


def test_what_asking_cannot_settle_waits_for_a_person(world: World, trainer: str) -> None:
    job = step(make_job(world.team))
    body = order(job)
    del body["metadata"]  # as if the service had dropped it
    twin = provider.create_job(job.service.access(), body)
    move(job, State.SUBMITTING, submitted_at=job.created_at)
    move(job, State.UNSURE)

    settling.settle(fresh(job))

    job = fresh(job)
    assert job.needs_a_person
    assert [candidate["id"] for candidate in job.candidates] == [twin["id"]]
    assert settling.decide(job, twin["id"], world.alice)
    assert fresh(job).state == State.RUNNING
    assert remote_jobs() == 1


def test_a_wrong_key_parks_the_connection_once_and_loses_nothing(world: World, trainer: str) -> None:
    connection = faulty(world, "invalid-key")
    job = step(make_job(world.team, connection=connection))

    step(job)

    connection.refresh_from_db()
    job = fresh(job)
    assert (connection.state, connection.parked_at is not None) == (ConnectionState.WRONG_KEY, True)
    assert job.state == State.NEW
    connection.set_key(f"trainer-{uuid4().hex}")
    connection.save()
    assert walk(job, State.RUNNING).state == State.RUNNING


def test_an_account_that_may_not_train_ends_the_job_with_the_services_own_words(world: World, trainer: str) -> None:
    connection = faulty(world, "training-not-available")

    job = walk(make_job(world.team, connection=connection), State.FAILED)

    connection.refresh_from_db()
    assert job.error["code"] == "training_not_available"
    assert "winding down the fine-tuning platform" in job.error["message"]
    assert connection.state == ConnectionState.MAY_NOT_TRAIN
    assert remote_jobs() == 0


def test_a_long_retry_after_is_obeyed_for_the_whole_connection(world: World, trainer: str) -> None:
    connection = faulty(world, "429-long")
    job = step(make_job(world.team, connection=connection))

    connection.refresh_from_db()
    assert job.state == State.NEW
    assert connection.wait_until is not None
    assert (connection.wait_until - job.state_since).total_seconds() > 590
    assert due.jobs_to_advance() == {}


def test_a_new_key_ends_the_wait_that_the_old_one_was_told(world: World, trainer: str) -> None:
    connection = faulty(world, "429-long")
    job = step(make_job(world.team, connection=connection))

    connection.refresh_from_db()
    connection.set_key(f"trainer-{uuid4().hex}")
    connection.save()

    job = fresh(job)
    assert job.due_at is not None
    assert job.due_at < timezone.now() + timedelta(seconds=10)
    assert walk(job, State.RUNNING).state == State.RUNNING


def test_a_late_answer_to_the_old_key_does_not_make_the_new_one_wait(world: World) -> None:
    connection = faulty(world, "429-long")
    old = Connection.objects.get(pk=connection.pk)
    connection.set_key(f"trainer-{uuid4().hex}")
    connection.save()

    blame(old, ProviderError("slow down", status=429, retry_after=600))

    connection.refresh_from_db()
    assert connection.wait_until is None


def test_a_cancelled_order_is_never_sent(world: World, trainer: str) -> None:
    job = make_job(world.team, wish="cancel")

    job = step(job)

    assert (job.state, job.due_at, remote_jobs()) == (State.CANCELLED, None, 0)


def test_stored_bytes_that_are_gone_end_the_job_with_a_reason(world: World, trainer: str) -> None:
    job = make_job(world.team)
    job.trained_on.path.unlink()

    job = walk(job, State.FAILED)

    assert job.error["message"] == "The stored file cannot be read."

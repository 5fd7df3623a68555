"""Following: nothing that a service sends can stop the poll, and many jobs cost few calls."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from jobs.models import ConnectionState, FineTuneJob, JobEvent, Wish
from jobs.pipeline import follow, launch
from jobs.pipeline.due import connections_to_follow
from jobs.pipeline.events import read_events
from jobs.pipeline.record import put_off, wish
from jobs.pipeline.watch import watch
from jobs.result_file import decode_result, steps_of
from jobs.states import State
from tests.conftest import World
from tests.factories import chat_lines, make_connection, make_file, make_job
from tests.walking import fresh, step, walk
from trainer.models import Job as RemoteJob

pytestmark = pytest.mark.django_db(transaction=True)


def running(world: World, *faults: str, **fields: Any) -> FineTuneJob:
    """A job that the trainer has, followed for the first time."""
    key = f"trainer-fault.{'.'.join(faults)}-{uuid4().hex}" if faults else ""
    return walk(make_job(world.team, connection=make_connection(world.team, key), **fields), State.RUNNING)


def trouble_key(job: FineTuneJob, fault: str) -> None:
    """The same account at the service, whose answers are now in trouble."""
    rest = job.service.access().key.removeprefix("trainer-")
    job.service.set_key(f"trainer-fault.{fault}-{rest}")
    job.service.save()


def due_now(job: FineTuneJob) -> FineTuneJob:
    FineTuneJob.objects.filter(pk=job.pk).update(due_at=timezone.now())
    return fresh(job)


def test_a_status_that_we_do_not_know_is_kept_as_it_came_and_followed_on(world: World, trainer: str) -> None:
    job = step(due_now(running(world, "unknown-status")))

    assert (job.state, job.remote_status) == (State.RUNNING, "compressing")
    assert job.due_at is not None


def test_an_event_of_a_type_that_we_do_not_know_is_kept(world: World, trainer: str) -> None:
    job = walk(running(world, "unknown-event"), State.SUCCEEDED)

    assert job.events.filter(type="quantum_checks").exists()


def test_a_moderation_event_is_kept(world: World, trainer: str) -> None:
    job = walk(running(world, "moderation"), State.SUCCEEDED)

    assert job.events.filter(type="moderation_checks").exists()


@pytest.mark.parametrize("code", ["server_error", "invalid_training_file", "invalid_n_examples"])
def test_a_failed_job_keeps_the_services_own_error(world: World, trainer: str, code: str) -> None:
    job = walk(running(world, f"fail={code}"), State.FAILED)

    assert job.error["code"] == code
    assert job.error["message"]
    assert job.fine_tuned_model == ""
    assert job.due_at is None


def test_a_malformed_answer_postpones_and_says_so(world: World, trainer: str) -> None:
    job = running(world)
    trouble_key(job, "malformed")

    job = step(due_now(job))

    assert job.state == State.RUNNING
    assert job.trouble == "The answer was not JSON as OpenAI's API sends it."
    assert job.due_at is not None
    assert job.due_at > timezone.now()


def test_a_service_that_answers_html_postpones_and_recovers(world: World, trainer: str) -> None:
    job = running(world)
    good = job.service.sealed_key
    trouble_key(job, "html")
    job = step(due_now(job))
    assert job.tries == 1

    type(job.service).objects.filter(pk=job.service.pk).update(sealed_key=good)
    job = walk(job, State.SUCCEEDED)

    assert (job.tries, job.trouble) == (0, "")


def test_a_key_that_is_withdrawn_parks_the_connection_and_stops_the_calls(world: World, trainer: str) -> None:
    job = running(world)
    trouble_key(job, "invalid-key")

    job = step(due_now(job))
    polled = job.polled_at
    job = step(due_now(job))

    job.service.refresh_from_db()
    assert job.service.state == ConnectionState.WRONG_KEY
    assert (job.state, job.polled_at) == (State.RUNNING, polled)


def test_a_long_wait_is_obeyed(world: World, trainer: str) -> None:
    job = running(world)
    trouble_key(job, "429-long")

    job = step(due_now(job))
    asked = job.polled_at
    job = step(due_now(job))

    job.service.refresh_from_db()
    assert job.service.wait_until is not None
    assert job.service.wait_until > timezone.now() + timedelta(seconds=590)
    assert (connections_to_follow(), job.polled_at) == ([], asked)


@pytest.mark.parametrize(("asked", "status"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_wish_is_granted_by_the_worker(world: World, trainer: str, settings: Any, asked: str, status: str) -> None:
    settings.TRAINER_SPEED = 1.0
    job = running(world)
    wish(job, asked)  # type: ignore[arg-type]

    job = step(job)

    assert (job.wish, job.remote_status) == ("", status)
    assert RemoteJob.objects.count() == 1


def test_a_paused_job_can_be_resumed(world: World, trainer: str, settings: Any) -> None:
    settings.TRAINER_SPEED = 1.0
    job = running(world)
    wish(job, "pause")  # type: ignore[arg-type]
    job = step(job)
    assert job.can_resume

    wish(job, "resume")  # type: ignore[arg-type]
    job = step(job)

    assert job.remote_status in ("queued", "running", "validating_files")


def test_a_wish_that_comes_too_late_is_over_and_the_end_is_shown(world: World, trainer: str) -> None:
    job = running(world)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        wish(job, "cancel")  # type: ignore[arg-type]
        job = walk(job, State.SUCCEEDED)

    assert (job.wish, job.fine_tuned_model != "") == ("", True)


def test_many_due_jobs_are_asked_for_by_list_pages(world: World, trainer: str, settings: Any) -> None:
    settings.TRAINER_SPEED = 1.0
    file = make_file(world.team, chat_lines(12))
    jobs = [make_job(world.team, connection=world.connection, training_file=file) for _ in range(6)]
    for job in jobs:
        walk(job, State.RUNNING)
    FineTuneJob.objects.update(due_at=timezone.now(), remote_status="")

    with time_machine.travel(timezone.now() + timedelta(minutes=5)):  # walking moved the clock when they were made
        found = follow._listed(world.connection, world.connection.access(), list(FineTuneJob.objects.all()))

    assert found.keys() == {job.remote_id for job in FineTuneJob.objects.all()}


def test_two_workers_do_not_follow_the_same_row(world: World, trainer: str) -> None:
    job = due_now(running(world))

    first = follow._take_due(job.service)
    second = follow._take_due(job.service)

    assert [row.pk for row in first] == [job.pk]
    assert second == []


def test_events_are_stored_once_however_often_they_are_told(world: World, trainer: str) -> None:
    job = walk(running(world), State.SUCCEEDED)
    before = JobEvent.objects.count()

    JobEvent.objects.filter(pk__in=list(JobEvent.objects.values_list("pk", flat=True)[:3])).delete()
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):  # the far side lives at the walk's clock
        read_events(job.service.access(), job)
        read_events(job.service.access(), job)

    assert JobEvent.objects.count() == before


def test_a_job_whose_page_is_open_is_looked_at_more_often(world: World, trainer: str) -> None:
    job = running(world)
    idle = follow.next_look(job)
    job.watched_until = timezone.now() + timedelta(seconds=45)

    assert follow.next_look(job) < idle


@pytest.mark.parametrize("status", [None, 7, "", {"a": 1}])
def test_a_status_that_is_no_word_leaves_the_last_one(world: World, db: None, status: object) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="ftjob-1", remote_status="queued")

    follow.apply(job, {"id": "ftjob-1", "status": status, "created_at": "yesterday"})

    assert (fresh(job).state, fresh(job).remote_status) == (State.RUNNING, "queued")


@pytest.mark.parametrize("sent", ["step,train_loss\n1,0.5\n", "c3RlcCx0cmFpbl9sb3NzCjEsMC41Cg=="])
def test_a_result_file_is_read_plain_and_as_base64(sent: str) -> None:
    assert steps_of(decode_result(sent.encode())) == [{"step": 1, "train_loss": 0.5}]


def test_a_result_that_is_neither_is_kept_as_it_came() -> None:
    assert decode_result(b"\xffnot a csv!") == "�not a csv!"


def test_the_bill_is_the_services_token_count_times_the_price(world: World, trainer: str) -> None:
    job = walk(running(world, base_model="sim-large-2026-06-01"), State.SUCCEEDED)

    assert job.billed_usd is not None
    assert job.billed_usd * 1_000_000 / 5 == pytest.approx(job.trained_tokens, abs=20)


def test_an_order_is_sent_with_its_settings(world: World, trainer: str) -> None:
    job = running(world, suffix="winter", seed=7, hyperparameters={"n_epochs": 2, "batch_size": 4})

    assert launch.order_body(job, launch.copies_of(job) or {})["method"]["supervised"]["hyperparameters"] == {
        "n_epochs": 2,
        "batch_size": 4,
    }
    assert (job.remote["seed"], job.remote["user_provided_suffix"]) == (7, "winter")


def test_a_watched_job_is_taken_at_once(world: World, trainer: str) -> None:
    """Due by the clock of whoever takes it: SQLite's own writes milliseconds, which no worker would find again."""
    job = running(world)
    FineTuneJob.objects.filter(pk=job.pk).update(due_at=timezone.now() + timedelta(seconds=40))

    watch(FineTuneJob.objects.filter(pk=job.pk))
    follow.follow(fresh(job).service)

    assert (job.polled_at, fresh(job).polled_at is None) == (None, False)


def test_a_sweep_over_unchanged_jobs_costs_the_same_however_many(
    world: World, trainer: str, settings: Any, django_assert_num_queries: Any
) -> None:
    """Taken in one write, asked for in one list call, put off in one write."""
    settings.TRAINER_SPEED = 0.001
    service = make_connection(world.team)
    for _ in range(6):
        walk(make_job(world.team, connection=service), State.RUNNING)
    FineTuneJob.objects.update(due_at=timezone.now(), watched_until=None)
    follow.follow(service)
    FineTuneJob.objects.update(due_at=timezone.now(), watched_until=None)

    with django_assert_num_queries(4):  # taken, read, is the connection disabled, put off
        follow.follow(service)

    assert FineTuneJob.objects.due().count() == 0


def test_a_wish_left_during_a_sweep_stays_due(world: World) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="ftjob-1")
    taken = fresh(job)
    FineTuneJob.objects.filter(pk=job.pk).update(due_at=timezone.now(), wish=Wish.CANCEL)

    put_off([taken], timezone.now() + timedelta(minutes=1))

    assert FineTuneJob.objects.due().count() == 1


def test_a_job_that_another_page_watches_is_left_alone(world: World) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="ftjob-1")
    watch(FineTuneJob.objects.all())
    marked = fresh(job).watched_until

    watch(FineTuneJob.objects.all())

    assert fresh(job).watched_until == marked

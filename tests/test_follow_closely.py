"""What a poll asks for and what it leaves, call by call: events, wishes, leases, waits, keys that are refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from jobs import provider
from jobs.models import Connection, ConnectionState, FineTuneJob, RemoteFile, TrainingFile
from jobs.pipeline import checking, collect, due, fetching, follow, job_pages, launch, probe
from jobs.pipeline.due import files_to_check
from jobs.pipeline.events import read_events
from jobs.pipeline.record import postpone, wish
from jobs.provider import ProviderError
from jobs.states import State
from tests.conftest import World
from tests.factories import make_job
from tests.lean_side import MADE, LeanSide, a_list, ended, far, imported, running, sweep
from tests.walking import fresh, step

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["far"]  # a fixture


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "created_at": MADE + number, "level": "info", "message": f"m{number}", **fields}


# --- events -------------------------------------------------------------------------------------------


def test_events_are_read_when_the_word_changes_and_else_only_for_a_page(world: World, far: LeanSide) -> None:
    job = ended(far, world, status="queued")
    sweep(world)
    assert far.asked_for("/events") == 1

    FineTuneJob.objects.update(watched_until=timezone.now() + timedelta(minutes=1))
    sweep(world)

    assert (far.asked_for("/events"), fresh(job).state) == (2, State.RUNNING)


def test_events_are_read_back_to_the_first_that_is_known_and_no_further(world: World, far: LeanSide) -> None:
    far.events["ftjob-1"] = a_list([event(2), event(1)])
    job = ended(far, world, status="queued")
    far.events["ftjob-1"] = a_list([event(3), event(2)]) | {"has_more": True}
    far.calls.clear()

    read_events(job.service.access(), job)

    assert (far.asked_for("/events"), job.events.count()) == (1, 3)


def test_events_without_an_end_are_read_a_hundred_pages_far(world: World, far: LeanSide) -> None:
    job = running(world, far.job("ftjob-1"))

    def next_page(_path: str) -> None:
        far.events["ftjob-1"] = a_list([event(len(far.calls))]) | {"has_more": True}

    far.on_call = next_page

    read_events(job.service.access(), job)

    assert (far.asked_for("/events"), job.events.count()) == (100, 100)


def test_a_figure_that_no_chart_can_show_is_left_out(world: World, far: LeanSide) -> None:
    numbers = {"step": 1, "train_loss": 0.5, "huge": 1e12, "low": -1e13, "flag": True, "word": "x", "just": 9e11}
    far.events["ftjob-1"] = a_list([event(1, type="metrics", data=numbers)])

    job = ended(far, world, status="queued")

    assert job.metrics.get().values == {"train_loss": 0.5, "just": 9e11}


def test_a_step_that_a_later_page_completes_keeps_what_was_there(world: World, far: LeanSide) -> None:
    far.events["ftjob-1"] = a_list([event(1, type="metrics", data={"step": 1, "train_loss": 0.5})])
    job = ended(far, world, status="queued")
    far.events["ftjob-1"] = a_list([event(2, type="metrics", data={"step": 1, "valid_loss": 0.7})])

    read_events(job.service.access(), job)

    assert job.metrics.get().values == {"train_loss": 0.5, "valid_loss": 0.7}


# --- leases, waits, wishes ----------------------------------------------------------------------------


def test_two_workers_at_the_same_moment_do_not_take_the_same_row(world: World, far: LeanSide) -> None:
    job = running(world, far.job("ftjob-1"))

    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False):
        taken = [[row.pk for row in follow._take_due(job.service)] for _worker in range(2)]

    assert taken == [[job.pk], []]


@pytest.mark.parametrize(
    ("tries", "asked", "waited"), [(0, 20, 20), (0, None, 2), (5, 20, 64), (0, 600, 2), (20, None, 300)]
)
def test_a_row_waits_as_long_as_the_service_asks_and_a_connection_the_rest(
    world: World, tries: int, asked: float | None, waited: float
) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="ftjob-1", tries=tries)

    with time_machine.travel(timezone.now(), tick=False):
        postpone(job, ProviderError("busy", status=429, retry_after=asked))
        assert job.due_at == timezone.now() + timedelta(seconds=waited)


def test_many_open_pages_share_a_call_a_second_and_a_job_that_fails_keeps_its_own_wait(
    world: World, far: LeanSide
) -> None:
    now = timezone.now()
    jobs = [running(world, far.job(f"ftjob-{n}"), watched_until=now + timedelta(hours=1)) for n in range(9)]
    far.refuses["/jobs/ftjob-0/events"] = 503

    with time_machine.travel(now, tick=False):
        sweep(world)

    failing, *others = (fresh(job).due_at or now for job in jobs)
    assert others == [now + timedelta(seconds=8)] * 8
    assert now < failing < now + timedelta(seconds=8)
    assert [call for call in far.calls if "/jobs?" in call] == ["/v1/fine_tuning/jobs?limit=100"]


@pytest.mark.parametrize(("status", "left"), [(503, "cancel"), (409, "cancel"), (404, "")])
def test_a_wish_that_is_refused_for_good_is_over_and_any_other_stays(
    world: World, far: LeanSide, status: int, left: str
) -> None:
    job = running(world, far.job("ftjob-1"))
    far.refuses["/cancel"] = status
    wish(job, "cancel")  # type: ignore[arg-type]

    sweep(world)

    job = fresh(job)
    assert (job.wish, bool(job.trouble)) == (left, True)
    assert far.asked_for("/jobs/ftjob-1") == (0 if status == 409 else 1)


def test_a_claim_that_was_freed_meanwhile_is_gone_on_with_by_the_same_message(world: World) -> None:
    job = make_job(world.team, state=State.PUSHING, due_at=timezone.now() - timedelta(seconds=1))
    taken = due.jobs_to_advance()

    launch.free(fresh(job))

    assert fresh(job).state == State.NEW
    assert due.take(fresh(job), taken[job.pk])


# --- keys, ids, answers of others ---------------------------------------------------------------------


def test_a_key_that_is_refused_while_results_are_fetched_does_not_lose_them(world: World, far: LeanSide) -> None:
    far.refuses["/checkpoints"] = 401
    job = ended(far, world, status="succeeded", finished_at=MADE, fine_tuned_model="ft:m")
    assert (job.state, job.collected_at) == (State.SUCCEEDED, None)
    assert Connection.objects.get(pk=world.connection.pk).parked_at is not None

    far.refuses.clear()
    far.checkpoints["ftjob-1"] = [{"id": "c", "step_number": "1", "fine_tuned_model_checkpoint": "ft:c"}]
    Connection.objects.update(parked_at=None)
    sweep(world)

    assert list(fresh(job).checkpoints.values_list("model", "step")) == [("ft:c", 1)]


def test_a_test_that_a_refused_key_overtook_does_not_undo_it(world: World, far: LeanSide) -> None:
    connection = Connection.objects.get(pk=world.connection.pk)
    probe.order(connection)
    refused = {"state": ConnectionState.WRONG_KEY, "parked_at": timezone.now()}
    far.on_call = lambda path: "limit=1" in path and Connection.objects.update(**refused)

    probe.test(Connection.objects.get(pk=connection.pk))

    connection.refresh_from_db()
    assert (connection.state, connection.parked_at is not None) == (ConnectionState.WRONG_KEY, True)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_service_without_training_may_not_train(world: World, far: LeanSide, status: int) -> None:
    far.refuses["/fine_tuning/jobs"] = status

    assert probe.find(Connection.objects.get(pk=world.connection.pk)).state == ConnectionState.MAY_NOT_TRAIN


def test_another_job_than_the_one_that_was_imported_is_not_taken_for_it(world: World, far: LeanSide) -> None:
    far.jobs["ftjob-1"] = far.job("ftjob-2")

    job = step(imported(world, "ftjob-1"))

    assert (job.state, job.connection, job.remote) == (State.RECORDED, None, {})


def test_an_order_of_another_team_is_kept_as_a_record_that_says_so(world: World, far: LeanSide) -> None:
    theirs = make_job(world.mallory.ensure_team())
    far.job("ftjob-1", metadata={"texthelper_job": str(theirs.uuid)})

    job = step(imported(world, "ftjob-1"))

    assert "ordered in another team" in job.transitions.get(after=State.RECORDED).reason


def test_a_file_that_does_not_come_for_a_day_is_given_up(world: World, far: LeanSide) -> None:
    far.job("ftjob-1", training_file="file-1")
    far.files["file-1"] = b"x"
    far.refuses["/content"] = 503
    job = step(imported(world, "ftjob-1"))
    waiting = job.trained_on
    for hours, is_there in ((0, True), (23, True), (25, False)):
        with time_machine.travel(waiting.created_at + timedelta(hours=hours, minutes=1), tick=True):
            for pk in files_to_check():
                checking.check(TrainingFile.objects.get(pk=pk))

        assert TrainingFile.objects.filter(pk=waiting.pk).exists() == is_there
    assert (fresh(job).training_file, RemoteFile.objects.count()) == (None, 0)


def test_a_file_is_read_to_the_last_byte_that_is_allowed(world: World, far: LeanSide) -> None:
    far.files["file-1"] = b"0123456789"
    access = Connection.objects.get(pk=world.connection.pk).access()

    assert provider.file_content(access, "file-1", limit=10) == b"0123456789"
    with pytest.raises(ProviderError) as refused:
        provider.file_content(access, "file-1", limit=9)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("status", "is_refusal"), [(404, True), (501, False), (401, False), (503, False), (429, False)]
)
def test_a_service_may_have_no_description_of_a_file(
    world: World, far: LeanSide, status: int, is_refusal: bool
) -> None:
    far.refuses["/files/file-1"] = status
    access = Connection.objects.get(pk=world.connection.pk).access()

    if is_refusal:
        assert fetching._facts(access, "file-1") == {}
    else:
        with pytest.raises(ProviderError) as refused:
            fetching._facts(access, "file-1")
        assert refused.value.status == status


@pytest.mark.parametrize(
    ("minutes", "status", "may"),
    [(14.9, 404, True), (-14.9, 404, True), (15, 404, False), (-15, 404, False), (1, 410, False)],
)
def test_what_is_missing_is_awaited_for_a_quarter_of_an_hour_around_the_end(
    world: World, minutes: float, status: int, may: bool
) -> None:
    with time_machine.travel("2026-11-30T00:00:00Z", tick=False):
        job = make_job(world.team, finished_at=timezone.now() - timedelta(minutes=minutes))

        assert collect.may_still_come(job, ProviderError("Not there.", status=status)) is may


@pytest.mark.parametrize(("status", "answers"), [(400, True), (402, True), (503, True), (401, False), (429, False)])
def test_a_filtered_list_that_is_refused_lists_nothing_but_for_a_key_or_a_limit(
    world: World, far: LeanSide, status: int, answers: bool
) -> None:
    far.refuses["/fine_tuning/jobs"] = status
    access = Connection.objects.get(pk=world.connection.pk).access()

    if answers:
        assert job_pages.filtered(access, uuid4()) == []
    else:
        with pytest.raises(ProviderError):
            job_pages.filtered(access, uuid4())

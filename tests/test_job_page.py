"""One job's page: what it shows and offers, its downloads, and when it stops polling."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs.models import AuditEntry, FineTuneJob, JobEvent, Metric, RemoteFile, Wish
from jobs.pipeline.record import move, note
from jobs.provider import NOT_THE_SHAPE
from jobs.states import ACTIVE, CLAIMED, FINAL, NEXT, State
from jobs.views.job_parts import eta
from tests.conftest import World
from tests.factories import make_file, make_job

type Login = Callable[..., Client]


def running(world: World, **fields: Any) -> FineTuneJob:
    return make_job(
        world.team, **{"state": State.RUNNING, "remote_id": "ftjob-1", "remote_status": "running", **fields}
    )


def ended(world: World, **fields: Any) -> FineTuneJob:
    made = {"state": State.SUCCEEDED, "finished_at": timezone.now(), "collected_at": timezone.now(), "due_at": None}
    return running(world, **made | fields)


def page(client: Client, world: World, job: FineTuneJob, tail: str = "") -> str:
    response = client.get(world.url(f"jobs/{job.uuid}/{tail}"))
    assert response.status_code == 200
    return response.content.decode()


def test_a_file_that_the_service_does_not_know_is_said_with_what_to_do(world: World, login: Login) -> None:
    error = {
        "code": "invalid_request_error",
        "param": "training_file",
        "status": 400,
        "message": "invalid training_file",
    }
    job = make_job(world.team, state=State.FAILED, error=error)

    assert "Ordering again uploads the file anew." in page(login(world.bob), world, job)


def test_the_ids_of_its_files_are_those_it_was_ordered_with(world: World, login: Login) -> None:
    training, validation = make_file(world.team), make_file(world.team)
    for file, sent in ((training, "file-anew"), (validation, "file-held-out")):
        RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id=sent)
    job = ended(world, training_file=training, validation_file=validation, remote={"training_file": "file-then"})

    response = login(world.bob).get(world.url(f"jobs/{job.uuid}/"))

    assert response.context["file_ids"] == [("Training file", "file-then"), ("Validation file", "file-held-out")]
    assert "file-anew" not in response.text


@pytest.mark.parametrize("state", list(State))
def test_it_opens_in_every_state_and_both_languages(world: World, login: Login, state: State) -> None:
    job = make_job(world.team, state=state, error={"code": "server_error", "message": "boom"}, remote={"seed": 5})

    for language in ("ko", "en"):
        response = login(world.carol, language).get(world.url(f"jobs/{job.uuid}/"))
        assert (response.status_code, response.headers["Content-Language"]) == (200, language)


def test_the_times_of_another_day_are_shown_with_the_day(world: World, login: Login) -> None:
    now = timezone.localtime(timezone=ZoneInfo(world.bob.zone()))
    old = make_job(world.team, name="old", created_at=now - timedelta(days=3))

    assert f">{now - timedelta(days=3):%m-%d %H:%M}</time>" in page(login(world.bob), world, old)
    assert f">{now:%m-%d %H:%M}</time>" not in page(login(world.bob), world, make_job(world.team, created_at=now))


def test_a_running_job_polls_and_an_ended_one_does_not(world: World, login: Login) -> None:
    client = login(world.bob)
    live, done = running(world), ended(world, remote_id="ftjob-2")

    assert f"/jobs/{live.uuid}/poll/?since=0" in page(client, world, live)
    assert f"/jobs/{done.uuid}/poll/" not in page(client, world, done)
    assert page(client, world, done).count("hx-get") == 1  # the bell's


def test_an_idle_poll_is_one_query_and_a_204(world: World, login: Login, django_assert_num_queries: Any) -> None:
    job = running(world)
    client = login(world.bob)
    page(client, world, job)

    with django_assert_num_queries(1):
        response = client.get(world.url(f"jobs/{job.uuid}/poll/?since=0"))

    assert response.status_code == 204


def test_a_poll_brings_the_moving_parts(world: World, login: Login) -> None:
    job = running(world)
    note(job, step=10, total_steps=40)

    body = page(login(world.bob), world, job, "poll/?since=0")

    assert "<html" not in body
    assert "10 / 40 steps" in body
    assert body.count("hx-swap-oob") == 5


def test_its_queries_do_not_grow(
    world: World, login: Login, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    job = running(world)
    client = login(world.bob)

    def told(first: int, last: int) -> None:
        for n in range(first, last):
            JobEvent.objects.create(job=job, remote_id=f"e{n}", created_at=timezone.now(), message=f"event {n}")
            Metric.objects.create(job=job, step=n, values={"train_loss": 1.0})

    told(0, 1)
    with django_assert_max_num_queries(40) as with_one:
        page(client, world, job)
    told(1, 50)

    with django_assert_num_queries(len(with_one)):
        page(client, world, job)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The answer was not JSON as OpenAI"), ("ko", "OpenAI API 형식의 JSON 응답이 아닙니다.")],
)
def test_a_service_that_answers_html_is_named_in_the_readers_language(
    world: World, login: Login, language: str, words: str
) -> None:
    job = running(world, trouble=NOT_THE_SHAPE, tries=2)

    response = login(world.bob, language).get(world.url(f"jobs/{job.uuid}/"))

    assert words in response.content.decode()


def test_a_failure_shows_the_services_words_and_ours(world: World, login: Login) -> None:
    job = make_job(
        world.team, state=State.FAILED,
        error={"code": "invalid_n_examples", "message": "Training file has 7 example(s)", "param": "training_file"},
    )  # fmt: skip

    shown = page(login(world.bob), world, job)

    assert "Training file has 7 example(s)" in shown
    assert "Add examples until the file has at least ten" in shown
    assert "retry=1" in shown


@pytest.mark.parametrize(
    ("act", "fields", "wish"),
    [
        ("cancel", {}, Wish.CANCEL),
        ("pause", {}, Wish.PAUSE),
        ("resume", {"remote_status": "paused"}, Wish.RESUME),
    ],
)
def test_an_act_leaves_a_wish_and_an_audit_entry(
    world: World, login: Login, act: str, fields: dict[str, str], wish: Wish
) -> None:
    job = running(world, **fields)

    login(world.bob).post(world.url(f"jobs/{job.uuid}/{act}/"))

    job.refresh_from_db()
    assert job.wish == wish
    assert job.state == State.RUNNING
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action.split(".")[0], entry.subject) == (world.bob, "job", job.name)


@pytest.mark.parametrize("act", ["cancel", "pause", "resume"])
def test_an_act_on_an_ended_job_says_that_it_is_too_late(world: World, login: Login, act: str) -> None:
    job = ended(world)

    response = login(world.bob).post(world.url(f"jobs/{job.uuid}/{act}/"), follow=True)

    job.refresh_from_db()
    assert job.wish == ""
    assert "That is not possible any more" in response.content.decode()


def test_a_person_settles_what_asking_could_not(world: World, login: Login) -> None:
    job = make_job(world.team, state=State.UNSURE, due_at=None, candidates=[{"id": "ftjob-9", "status": "running"}])
    client = login(world.bob)
    assert "ftjob-9" in page(client, world, job)

    client.post(world.url(f"jobs/{job.uuid}/settle/"), {"remote_id": "ftjob-9"})

    job.refresh_from_db()
    assert (job.state, job.remote_id) == (State.RUNNING, "ftjob-9")
    assert job.transitions.get(after=State.RUNNING).by == world.bob


def test_a_person_says_that_it_never_started(world: World, login: Login) -> None:
    job = make_job(world.team, state=State.UNSURE, due_at=None, candidates=[{"id": "ftjob-9", "status": "running"}])

    login(world.bob).post(world.url(f"jobs/{job.uuid}/settle/"), {"remote_id": ""})

    job.refresh_from_db()
    assert (job.state, job.candidates) == (State.READY, [])


def test_settling_with_another_jobs_id_is_refused(world: World, login: Login) -> None:
    running(world)
    job = make_job(world.team, state=State.UNSURE, due_at=None)

    response = login(world.bob).post(world.url(f"jobs/{job.uuid}/settle/"), {"remote_id": "ftjob-1"}, follow=True)

    job.refresh_from_db()
    assert job.state == State.UNSURE
    assert "Another job of this connection already has that id." in response.content.decode()


def test_a_job_can_be_renamed_and_noted(world: World, login: Login) -> None:
    job = ended(world)

    login(world.bob).post(world.url(f"jobs/{job.uuid}/edit/"), {"name": "새 이름", "note": "둘째 줄\n셋째"})

    job.refresh_from_db()
    assert (job.name, job.note.splitlines()) == ("새 이름", ["둘째 줄", "셋째"])
    assert AuditEntry.objects.get().before == {"name": "겨울 에세이", "note": ""}


# --- downloads ----------------------------------------------------------------------------------------


def test_the_job_json_is_the_services_own(world: World, login: Login) -> None:
    job = ended(world, remote={"id": "ftjob-1", "model": "모델"})

    response = login(world.carol).get(world.url(f"jobs/{job.uuid}/job.json"))

    assert json.loads(response.content) == {"id": "ftjob-1", "model": "모델"}
    assert response.headers["Content-Disposition"].startswith("attachment;")


def test_events_and_metrics_are_csv_that_a_spreadsheet_reads(world: World, login: Login) -> None:
    job = ended(world)
    JobEvent.objects.create(job=job, remote_id="e1", created_at=datetime(2026, 1, 2, tzinfo=UTC), message="=1+1")
    Metric.objects.create(job=job, step=1, values={"train_loss": 0.5})
    Metric.objects.create(job=job, step=2, values={"train_loss": 0.4, "valid_loss": 0.6})

    def rows(tail: str) -> list[list[str]]:
        response = login(world.carol).get(world.url(f"jobs/{job.uuid}/{tail}"))
        text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        return list(csv.reader(io.StringIO(text)))

    assert rows("metrics.csv") == [["step", "train_loss", "valid_loss"], ["1", "0.5", ""], ["2", "0.4", "0.6"]]
    assert rows("events.csv")[1][:4] == ["2026-01-02T00:00:00+00:00", "", "", "'=1+1"]  # no formula


def test_the_result_file_is_there_once_the_service_made_one(world: World, login: Login) -> None:
    client = login(world.carol)
    without, with_one = ended(world), ended(world, remote_id="ftjob-2", result_csv="step,train_loss\n1,0.5\n")

    assert client.get(world.url(f"jobs/{without.uuid}/result.csv")).status_code == 404
    assert client.get(world.url(f"jobs/{with_one.uuid}/result.csv")).content == b"step,train_loss\n1,0.5\n"


# --- the state machine --------------------------------------------------------------------------------


def test_every_state_is_placed() -> None:
    assert set(NEXT) == set(State)
    assert set(State) == ACTIVE | FINAL
    assert CLAIMED < ACTIVE
    assert {follower for following in NEXT.values() for follower in following} == set(State)


def test_a_step_that_is_not_in_the_table_is_refused(world: World) -> None:
    job = make_job(world.team, state=State.SUCCEEDED)

    with pytest.raises(Exception, match="succeeded → running"):
        move(job, State.RUNNING)


def test_who_saw_an_older_state_changes_nothing(world: World) -> None:
    job = make_job(world.team)
    other = FineTuneJob.objects.get(pk=job.pk)

    assert move(job, State.PUSHING)
    assert not move(other, State.PUSHING)
    assert job.transitions.count() == 1


@pytest.mark.parametrize("finish", [1e300, 10**400], ids=["float", "whole"])
def test_a_nonsensical_finish_does_not_break_the_pages(world: World, login: Login, finish: float) -> None:
    job = running(world, remote={"estimated_finish": finish})

    assert eta(job, job.remote["estimated_finish"]) is None
    assert login(world.carol).get(world.url("jobs/")).status_code == 200


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "iso"])
def test_the_services_own_finish_is_shown_however_it_is_written(world: World, form: str) -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
        finish = timezone.now() + timedelta(minutes=9)
        told = {"seconds": finish.timestamp(), "milliseconds": finish.timestamp() * 1000, "iso": finish.isoformat()}

        assert eta(running(world), told[form]) == timedelta(minutes=9)

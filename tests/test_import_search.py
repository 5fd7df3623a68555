"""The search for an imported job: found with all it left, silent services asked again, files fetched."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs import job_json, provider
from jobs.models import AuditEntry, Connection, FileState, FineTuneJob, Notice, Origin, RemoteFile, Team, TrainingFile
from jobs.pipeline import adopt, checking
from jobs.pipeline.due import files_to_check, jobs_to_advance
from jobs.states import State
from tests.conftest import World
from tests.factories import chat_lines, make_connection, make_file, make_job
from tests.test_odd_answers import DONE, Answers, listed, service
from tests.walking import fresh, step, walk

pytestmark = pytest.mark.django_db(transaction=True)

type Login = Callable[..., Client]
type Json = dict[str, Any]

__all__ = ["service"]  # a fixture


def take_in(world: World, raw: Json, connection: Connection | None = None) -> FineTuneJob:
    told = job_json.read(raw, timezone.now())
    return fresh(adopt.take_in(world.team, world.bob, told, raw, connection)[0])


def ended_elsewhere(world: World, path: Path, content: bytes) -> Json:
    """A job that somebody ordered at the trainer with a script of their own, long ago; its JSON as it is now."""
    access = world.connection.access()
    path.write_bytes(content)
    with time_machine.travel(timezone.now() - timedelta(days=40), tick=True):
        file = provider.upload(access, path, "winter-2026.jsonl")
        order = {"model": "sim-small-2026-06-01", "training_file": file["id"], "suffix": "winter", "seed": 7}
        remote = provider.create_job(access, order)
    return provider.retrieve_job(access, remote["id"])


def checked() -> None:
    for pk in files_to_check():
        checking.check(TrainingFile.objects.get(pk=pk))


# --- found --------------------------------------------------------------------------------------------


def test_a_job_that_ended_long_ago_comes_with_all_it_left(world: World, trainer: str, tmp_path: Path) -> None:
    content = chat_lines(40)
    remote = ended_elsewhere(world, tmp_path / "x.jsonl", content)

    job = walk(take_in(world, {"id": remote["id"]}), State.SUCCEEDED)
    checked()
    job = fresh(job)

    assert (job.connection, job.remote_status, job.trouble) == (world.connection, "succeeded", "")
    assert job.created_at == datetime.fromtimestamp(remote["created_at"], UTC)
    assert job.finished_at == datetime.fromtimestamp(remote["finished_at"], UTC)
    assert (job.name, job.suffix, job.seed, job.base_model) == ("winter", "winter", 7, "sim-small-2026-06-01")
    assert job.trained_tokens == remote["trained_tokens"]
    assert job.events.count() > 10
    assert job.checkpoints.count() == 3
    assert job.metrics.count() == job.total_steps
    assert job.result_csv.startswith("step,")
    assert job.tuned_models.filter(name=remote["fine_tuned_model"], step=None).count() == 1
    assert list(job.transitions.values_list("after", flat=True)) == ["adopting", "running", "succeeded"]
    assert Notice.objects.count() == 0
    file = job.trained_on
    assert (file.origin, file.state, file.name) == (Origin.FETCHED, FileState.READY, "winter-2026.jsonl")
    assert file.path.read_bytes() == content
    assert file.remote_files.get().remote_id == remote["training_file"]


def test_a_running_job_is_followed_to_its_end(world: World, trainer: str, settings: Any) -> None:
    file = make_file(world.team, content=chat_lines(40))
    access = world.connection.access()
    sent = provider.upload(access, file.path, file.remote_name)
    RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id=sent["id"])
    remote = provider.create_job(access, {"model": "sim-small-2026-06-01", "training_file": sent["id"]})

    job = step(take_in(world, remote))

    assert (job.state, job.training_file) == (State.RUNNING, file)  # the team's own: nothing is fetched
    assert walk(job, State.SUCCEEDED).trained_tokens
    assert TrainingFile.objects.count() == 1


def test_the_same_bytes_are_not_kept_twice(world: World, trainer: str, tmp_path: Path) -> None:
    content = chat_lines(40)
    twin = make_file(world.team, content=content)
    remote = ended_elsewhere(world, tmp_path / "x.jsonl", content)

    job = step(take_in(world, remote))
    checked()

    assert fresh(job).training_file == twin
    assert TrainingFile.objects.get() == twin
    assert twin.remote_files.get().remote_id == remote["training_file"]


def test_a_file_that_the_service_does_not_hand_out_stays_unknown(world: World, service: Answers, login: Login) -> None:
    service["/jobs/ftjob-1"] = DONE | {"training_file": "file-gone", "finished_at": 1750000000}

    job = step(take_in(world, {"id": "ftjob-1"}))
    waiting = job.trained_on
    checked()

    job = fresh(job)
    assert (waiting.origin, waiting.state) == (Origin.FETCHED, FileState.CHECKING)
    assert (job.training_file, TrainingFile.objects.count(), RemoteFile.objects.count()) == (None, 0, 0)
    page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
    assert "The service did not hand out the training file" in page
    assert "file-gone" in page


def test_a_file_is_asked_for_again_after_trouble(world: World, service: Answers) -> None:
    service |= {"/jobs/ftjob-1": DONE | {"training_file": "file-1"}, "/files/file-1": 503}
    job = step(take_in(world, {"id": "ftjob-1"}))
    checked()
    assert fresh(job).trained_on.state == FileState.CHECKING

    service |= {"/files/file-1": {"id": "file-1", "filename": "눈.jsonl"}, "/files/file-1/content": chat_lines(20)}
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        checked()

    file = fresh(job).trained_on
    assert (file.state, file.name, file.examples) == (FileState.READY, "눈.jsonl", 20)


def test_a_file_waits_while_staff_have_the_connection_disabled(world: World, service: Answers) -> None:
    service |= {"/jobs/ftjob-1": DONE | {"training_file": "file-1"}, "/files/file-1/content": chat_lines(20)}
    service |= {"/files/file-1": {"id": "file-1", "filename": "눈.jsonl"}}
    job = step(take_in(world, {"id": "ftjob-1"}))
    Connection.objects.update(disabled_at=timezone.now())
    checked()
    assert fresh(job).trained_on.state == FileState.CHECKING

    Connection.objects.update(disabled_at=None)
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=True):
        checked()

    assert fresh(job).trained_on.state == FileState.READY


def test_a_file_that_is_too_large_is_not_kept(world: World, service: Answers, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 100
    service |= {"/jobs/ftjob-1": DONE | {"training_file": "file-1"}, "/files/file-1/content": chat_lines(20)}

    job = step(take_in(world, {"id": "ftjob-1"}))
    checked()

    assert fresh(job).training_file is None


def test_events_and_results_are_asked_for_again_though_the_end_is_long_past(world: World, service: Answers) -> None:
    service |= {"/jobs/ftjob-1": DONE | {"finished_at": 1750000000}, "/events": 503, "/checkpoints": listed()}
    job = step(step(take_in(world, {"id": "ftjob-1"})))
    assert (job.state, job.collected_at) == (State.SUCCEEDED, None)

    service["/events"] = listed({"id": "e1", "message": "눈", "created_at": 1750000000})
    job = walk(job, State.SUCCEEDED)

    assert list(job.events.values_list("message", flat=True)) == ["눈"]


@pytest.mark.parametrize("age", ["older", "newer"])
def test_a_job_of_another_team_is_not_taken_from_a_shared_service(world: World, service: Answers, age: str) -> None:
    theirs = make_job(world.mallory.ensure_team() if age == "older" else Team.objects.make("다른 팀", world.mallory))
    service["/jobs/ftjob-1"] = DONE | {"metadata": {"texthelper_job": str(theirs.uuid)}}

    job = step(take_in(world, {"id": "ftjob-1"}))

    assert (job.state, job.connection, job.remote) == (State.RECORDED, None, {})
    assert "in another team" in job.transitions.last().reason  # type: ignore[union-attr]


def test_an_order_of_ours_that_is_imported_by_its_id_is_not_taken_from_it(world: World, service: Answers) -> None:
    ordered = make_job(world.team, state=State.UNSURE, due_at=None)
    service["/jobs/ftjob-1"] = DONE | {"metadata": {"texthelper_job": str(ordered.uuid)}}

    job = step(take_in(world, {"id": "ftjob-1"}))

    assert (job.state, job.connection) == (State.RECORDED, None)
    assert "see the job that was ordered" in job.transitions.last().reason  # type: ignore[union-attr]


# --- silent services ----------------------------------------------------------------------------------


def test_a_service_that_is_down_is_asked_again_and_named(world: World, service: Answers, login: Login) -> None:
    service["/jobs/ftjob-1"] = 503
    other = make_connection(world.team, name="A 연결", profile="custom", base_url=world_url(world))
    Connection.objects.filter(pk=other.pk).update(parked_at=timezone.now())
    told = make_connection(world.team, name="B 연결", profile="custom", base_url=world_url(world))
    Connection.objects.filter(pk=told.pk).update(parked_at=timezone.now(), detail="Wrong key.")

    job = step(take_in(world, {"id": "ftjob-1"}))

    assert (job.state, job.tries) == (State.ADOPTING, 1)
    assert [silent["connection"] for silent in job.candidates] == ["A 연결", "B 연결", "Practice trainer"]
    assert [silent["trouble"] for silent in job.candidates[:2]] == [
        "The service asked to be left alone for a while.",
        "Wrong key.",
    ]
    assert job.due_at is not None
    assert job.due_at > timezone.now()
    page = login(world.carol).get(world.url(f"jobs/{job.uuid}/")).content.decode()
    assert "Have not answered yet" in page
    assert "A 연결" in page

    service["/jobs/ftjob-1"] = DONE
    with time_machine.travel(job.due_at + timedelta(seconds=1), tick=True):
        job = step(job)
    assert (job.state, job.connection, job.candidates) == (State.RUNNING, world.connection, [])


def world_url(world: World) -> str:
    return Connection.objects.get(pk=world.connection.pk).base_url


@pytest.mark.parametrize("status", [400, 404, 405, 410, 422, 501])
def test_a_refusal_of_the_question_is_an_answer(world: World, service: Answers, status: int) -> None:
    service["/jobs/ftjob-1"] = status

    assert step(take_in(world, {"id": "ftjob-1"})).state == State.RECORDED


def test_a_wrong_key_is_no_proof_of_absence(world: World, service: Answers) -> None:
    service["/jobs/ftjob-1"] = 401

    job = step(take_in(world, {"id": "ftjob-1"}))

    assert job.state == State.ADOPTING
    assert Connection.objects.get(pk=world.connection.pk).parked_at is not None


def test_one_connection_may_be_chosen_and_no_other_is_asked(world: World, service: Answers) -> None:
    address = world_url(world)
    chosen = make_connection(world.team, name="chosen", profile="custom", base_url=f"{address}/elsewhere")
    service |= {"/elsewhere/fine_tuning/jobs/ftjob-1": 404, "/jobs/ftjob-1": DONE}

    job = step(take_in(world, {"id": "ftjob-1"}, chosen))

    assert (job.state, job.connection) == (State.RECORDED, None)


def test_a_person_ends_the_search_and_may_look_again(world: World, service: Answers, login: Login) -> None:
    service["/jobs/ftjob-1"] = 503
    client = login(world.bob)
    job = step(take_in(world, {"id": "ftjob-1", "object": "fine-tune", "status": "succeeded"}))

    client.post(world.url(f"jobs/{job.uuid}/keep/"))
    kept = fresh(job)
    assert (kept.state, kept.due_at, kept.remote_status) == (State.RECORDED, None, "succeeded")
    assert AuditEntry.objects.filter(action="job.kept", actor=world.bob, subject_id=str(job.uuid)).count() == 1
    assert jobs_to_advance() == {}

    service["/jobs/ftjob-1"] = DONE
    client.post(world.url(f"jobs/{job.uuid}/look/"))
    again = step(kept)
    assert (again.state, again.connection) == (State.RUNNING, world.connection)

    client.post(world.url(f"jobs/{job.uuid}/keep/"))
    client.post(world.url(f"jobs/{job.uuid}/look/"))
    assert fresh(job).state == State.RUNNING


def test_events_of_the_json_give_way_to_the_services_own(world: World, service: Answers) -> None:
    raw = {"object": "fine-tune", "id": "ftjob-1", "events": [{"message": "old", "created_at": 1689840127}]}
    service["/jobs/ftjob-1"] = 404
    job = step(take_in(world, raw))
    assert list(job.events.values_list("message", flat=True)) == ["old"]

    service |= {"/jobs/ftjob-1": DONE, "/events": listed({"id": "e1", "message": "new"}), "/checkpoints": listed()}
    adopt.look_again(job, world.bob)
    job = walk(job, State.SUCCEEDED)

    assert list(job.events.values_list("message", flat=True)) == ["new"]


def test_a_deleted_connection_is_not_asked(world: World, service: Answers) -> None:
    service["/jobs/ftjob-1"] = DONE
    Connection.objects.update(deleted_at=timezone.now())

    assert step(take_in(world, {"id": "ftjob-1"})).state == State.RECORDED


def test_the_json_download_is_the_services_once_it_is_known(world: World, service: Answers, login: Login) -> None:
    service["/jobs/ftjob-1"] = DONE
    job = step(take_in(world, {"id": "ftjob-1"}))

    body = login(world.carol).get(world.url(f"jobs/{job.uuid}/job.json")).content

    assert json.loads(body)["status"] == "succeeded"

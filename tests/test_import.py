"""Importing a job: found at a service with all it left, or kept as a record; bad input; twice; the search."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from jobs import job_json
from jobs.models import AuditEntry, Connection, FineTuneJob, Notice, Team
from jobs.pipeline import adopt
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job
from tests.running import ROOT
from tests.walking import fresh

pytestmark = pytest.mark.django_db

type Login = Callable[..., Client]
type Json = dict[str, Any]

OLD = (ROOT / "samples" / "job-2023-ft.json").read_text()
NEW: Json = {
    "object": "fine_tuning.job",
    "id": "ftjob-abc123",
    "model": "gpt-4.1-mini-2025-04-14",
    "created_at": 1750000000,
    "finished_at": 1750003600,
    "status": "succeeded",
    "fine_tuned_model": "ft:gpt-4.1-mini-2025-04-14:bomnal:winter:Bq7Yt2Lm",
    "training_file": "file-train1",
    "validation_file": None,
    "result_files": ["file-result1"],
    "trained_tokens": 16410,
    "seed": 42,
    "user_provided_suffix": "winter",
    "error": {},
    "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 1}}},
    "metadata": None,
}


@pytest.fixture
def alone(world: World) -> World:
    """A team without any connection: nobody can know its jobs."""
    Connection.objects.all().delete()
    return world


def send(client: Client, world: World, **fields: Any) -> Any:
    return client.post(world.url("jobs/import/"), fields, follow=True)


def imported(world: World, client: Client, raw: Json | str, **fields: Any) -> FineTuneJob:
    """Import a JSON through the page."""
    text = raw if isinstance(raw, str) else json.dumps(raw)
    response = send(client, world, text=text, **fields)
    assert response.status_code == 200, response.content.decode()
    return FineTuneJob.objects.get(uuid=response.redirect_chain[-1][0].split("/")[-2])


def settled(job: FineTuneJob) -> FineTuneJob:
    """The job after one search."""
    adopt.search(fresh(job))
    return fresh(job)


# --- bad input ----------------------------------------------------------------------------------------

BAD = [  # what is pasted, the message in English, in Korean
    ("nonsense", "This is not JSON (line 1, column 1)", "JSON이 아닙니다(1행 1열)"),
    ("[1, 2]", "This is a list. Import one job at a time", "목록입니다. 학습 작업은 하나씩"),
    (json.dumps([NEW]), "This is a list. Import one job at a time", "목록입니다. 학습 작업은 하나씩"),
    (json.dumps({"object": "list", "data": [NEW]}), "This is a list. Import", "목록입니다. 학습 작업은 하나씩"),
    ("7", "it must be an object, {…}, with the job", "학습 작업의 JSON이 아닙니다. 작업 id가 든 객체"),
    ("   ", "It is empty.", "비어 있습니다."),
    (json.dumps({"object": "file", "id": "file-1"}), "its object is “file”", "object: file"),
    (json.dumps({"object": "fine_tuning.job"}), "The JSON has no id.", "JSON에 id가 없습니다."),
    (json.dumps(NEW | {"id": 7}), "The JSON has no id.", "JSON에 id가 없습니다."),
    (json.dumps(NEW | {"id": "x" * 129}), "The job's id is too long", "작업 ID가 너무 깁니다."),
    (json.dumps(NEW | {"id": "../files"}), "This cannot be a job's id", "작업 ID로 쓸 수 없는 값입니다."),
    (json.dumps(NEW | {"model": "a\0b"}), "There is a NUL character in it.", "NUL 문자가 들어 있습니다."),
    ('{"id": "ftjob-1\0"}', "There is a NUL character in it.", "NUL 문자가 들어 있습니다."),
    ('{"id": "ftjob-1", "x": ' + "[" * 40 + "]" * 40 + "}", "Brackets are nested too deep", "괄호가 너무 깊게"),
    ('{"id": "ftjob-1", "x": ' + "[" * 9000 + "]" * 9000 + "}", "Brackets are nested too deep", "괄호가 너무 깊게"),
    ('{"id": "ftjob-1", "x": NaN}', "This is not JSON (line 1", "JSON이 아닙니다(1행"),
    ('{"id": "ftjob-1", "x": "\\ud800"}', "This is not JSON (line 1", "JSON이 아닙니다(1행"),
    (json.dumps({"object": "texthelper.order", "id": str(uuid4())}), "no service had taken", "받기 전의 주문"),
    ('{"id": "ftjob-1", "x": "' + "a" * 1024 * 1024 + '"}', "The JSON is larger than 1 MB.", "JSON이 1 MB보다 큽니다."),
]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(("text", "english", "korean"), BAD, ids=range(len(BAD)))
def test_what_is_no_job_gets_a_clear_message(
    world: World, login: Login, text: str, english: str, korean: str, language: str
) -> None:
    response = send(login(world.bob, language), world, text=text)

    assert response.status_code == 422
    assert escape({"en": english, "ko": korean}[language]) in response.content.decode()
    assert FineTuneJob.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "It is empty."), ("글".encode("cp949"), "It is not encoded as UTF-8."), (b"{" * 10, "This is not JSON")],
    ids=["empty", "cp949", "broken"],
)
def test_a_bad_file_gets_a_clear_message(world: World, login: Login, content: bytes, words: str) -> None:
    response = send(login(world.bob), world, upload=SimpleUploadedFile("job.json", content))

    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_body_of_100_mb_is_refused_before_it_is_read(world: World, login: Login) -> None:
    class Unreadable:
        def read(self, *_size: int) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    response = login(world.bob).generic(
        "POST",
        world.url("jobs/import/"),
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=100 * 1024 * 1024,
        **{"wsgi.input": Unreadable()},  # type: ignore[arg-type]
    )

    assert response.status_code == 413
    assert "What was sent is larger than" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose a file, paste the job"),
        ({"text": OLD, "remote_id": "ftjob-1"}, "Give one of the three"),
        ({"remote_id": "file-1"}, "This is the id of a file or a model."),
        ({"remote_id": "ft:gpt:x"}, "This is the id of a file or a model."),
        ({"remote_id": "a/b"}, "This cannot be a job"),
        ({"remote_id": "x" * 200}, "id is too long"),
    ],
)
def test_a_form_that_says_nothing_or_too_much_is_refused(world: World, login: Login, fields: Json, words: str) -> None:
    response = send(login(world.bob), world, **fields)

    assert response.status_code == 422
    assert words in response.content.decode()


def test_another_teams_connection_cannot_be_asked(world: World, login: Login) -> None:
    theirs = make_connection(world.mallory.ensure_team())

    response = send(login(world.bob), world, remote_id="ftjob-1", connection=str(theirs.uuid))

    assert response.status_code == 422
    assert FineTuneJob.objects.count() == 0


# --- kept as a record ---------------------------------------------------------------------------------


def test_a_job_of_2023_that_nobody_knows_is_kept_with_all_its_json_tells(alone: World, login: Login) -> None:
    client = login(alone.bob)

    job = settled(imported(alone, client, OLD))

    assert (job.state, job.connection, job.training_file, job.due_at) == (State.RECORDED, None, None, None)
    assert (job.remote_id, job.base_model, job.remote_status) == ("ft-7hRk2QwZp0sVnB4cLx9TyUeA", "curie", "succeeded")
    assert job.name == "geulddomi"
    assert job.fine_tuned_model == "curie:ft-bomnal:geulddomi-2023-07-20-08-55-10"
    assert job.created_at == datetime.fromtimestamp(1689840127, UTC)
    assert job.finished_at == datetime.fromtimestamp(1689843313, UTC)
    assert job.hyperparameters["n_epochs"] == 4
    assert job.imported == json.loads(OLD)
    assert list(job.events.values_list("message", flat=True))[-2:] == [
        "Fine-tune costs $0.18",
        "Created fine-tune: ft-7hRk2QwZp0sVnB4cLx9TyUeA",
    ]
    page = client.get(alone.url(f"jobs/{job.uuid}/")).content.decode()
    assert "Nobody knows this job any more" in page
    assert "file-Kq83mZtV1xLw5rJd0nYbSc2P" in page
    assert client.get(alone.url("jobs/")).status_code == 200
    assert json.loads(client.get(alone.url(f"jobs/{job.uuid}/job.json")).content) == json.loads(OLD)
    assert AuditEntry.objects.filter(action="job.imported", subject_id=str(job.uuid)).count() == 1
    assert Notice.objects.count() == 0


def test_every_page_copes_with_a_record(alone: World, login: Login) -> None:
    client = login(alone.alice)
    job = settled(imported(alone, client, NEW))

    answers = {
        tail: client.get(alone.url(tail)).status_code
        for tail in (
            "jobs/", f"jobs/{job.uuid}/", f"jobs/{job.uuid}/poll/?since=x", f"jobs/{job.uuid}/events.csv",
            f"jobs/{job.uuid}/metrics.csv", "models/", "playground/", f"jobs/new/?clone={job.uuid}", "files/",
        )
    }  # fmt: skip

    assert set(answers.values()) == {200}
    assert client.get(alone.url(f"playground/{job.uuid}/")).status_code == 404
    assert client.post(alone.url(f"jobs/{job.uuid}/cancel/")).status_code == 302
    assert fresh(job).state == State.RECORDED


def test_an_unknown_status_is_kept_word_for_word_and_said(alone: World, login: Login) -> None:
    response = send(login(alone.bob), alone, text=json.dumps(NEW | {"status": "half_baked"}))

    job = settled(FineTuneJob.objects.get())
    assert "It is kept as it came: half_baked" in response.content.decode()
    assert (job.state, job.remote_status) == (State.RECORDED, "half_baked")


@pytest.mark.parametrize("when", [99999999999999, -1, "yesterday", True, 4000000000, 10**40])
def test_a_time_that_cannot_be_is_now_and_the_json_keeps_it(alone: World, login: Login, when: Any) -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
        response = send(login(alone.bob), alone, text=json.dumps(NEW | {"created_at": when, "finished_at": None}))

        job = FineTuneJob.objects.get()
        assert job.created_at == timezone.now()
    assert "A time in the JSON cannot be right" in response.content.decode()
    assert job.imported["created_at"] == pytest.approx(when)


def test_an_id_alone_is_enough(alone: World, login: Login) -> None:
    response = send(login(alone.bob), alone, remote_id=" ftjob-alone ")

    job = settled(FineTuneJob.objects.get())
    assert response.status_code == 200
    assert (job.remote_id, job.state) == ("ftjob-alone", State.RECORDED)
    assert login(alone.carol).get(alone.url(f"jobs/{job.uuid}/")).status_code == 200


# --- twice, and other teams' --------------------------------------------------------------------------


def test_importing_twice_leads_to_the_first(world: World, login: Login) -> None:
    client = login(world.bob)
    first = imported(world, client, NEW)

    again = send(client, world, upload=SimpleUploadedFile("x.json", json.dumps(NEW).encode()))
    by_id = send(client, world, remote_id=NEW["id"])

    assert FineTuneJob.objects.get() == first
    for response in (again, by_id):
        assert response.redirect_chain[-1][0] == world.url(f"jobs/{first.uuid}/")
        assert "The team has this job already." in response.content.decode()


def test_a_job_that_was_ordered_here_is_the_one_that_is_led_to(world: World, login: Login) -> None:
    by_remote_id = make_job(world.team, state=State.SUCCEEDED, remote_id="ftjob-abc123", due_at=None)
    by_tag = make_job(world.team)

    assert imported(world, login(world.bob), NEW) == by_remote_id
    tagged = NEW | {"id": "ftjob-other", "metadata": {"texthelper_job": str(by_tag.uuid)}}
    assert imported(world, login(world.bob), tagged) == by_tag
    assert FineTuneJob.objects.count() == 2


def test_another_teams_order_is_refused_and_nothing_told(world: World, login: Login) -> None:
    theirs = make_job(world.mallory.ensure_team(), name="secret plan")
    tagged = NEW | {"metadata": {"texthelper_job": str(theirs.uuid)}}

    response = send(login(world.bob), world, text=json.dumps(tagged))

    page = response.content.decode()
    assert response.status_code == 422
    assert "This job was ordered in another team of this portal." in page
    assert ("secret plan" in page, theirs.team.name in page.split("<main")[1]) == (False, False)
    assert FineTuneJob.objects.filter(team=world.team).count() == 0


def test_another_portals_order_is_a_job_like_any_other(world: World, login: Login) -> None:
    job = imported(world, login(world.bob), NEW | {"metadata": {"texthelper_job": str(uuid4())}})

    assert job.state == State.ADOPTING


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_make_one_job(world: World) -> None:
    told = job_json.read(NEW, timezone.now())
    made: list[tuple[FineTuneJob, bool]] = []

    def take() -> None:
        made.append(adopt.take_in(Team.objects.get(pk=world.team.pk), world.bob, told, NEW, None))
        database.close()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(is_new for _job, is_new in made) == [False, False, False, True]
    assert {job.pk for job, _is_new in made} == {FineTuneJob.objects.get().pk}


def test_a_job_without_any_name_is_called_by_its_id_as_far_as_its_column_reaches() -> None:
    assert job_json.read({"id": "j" * 128}, timezone.now()).name == "j" * 120


def test_a_method_is_named_as_the_service_names_it_as_far_as_its_column_reaches() -> None:
    methods = [{"type": "sft"}, {"type": "dpo"}, {"method": "m" * 40}]

    named = [job_json.read({"id": "ftjob-1", "method": method}, timezone.now()).method for method in methods]

    assert named == ["supervised", "dpo", "m" * 32]


def test_what_is_no_job_is_named_in_sixty_letters_at_most() -> None:
    with pytest.raises(job_json.NotAJobError) as refused:
        job_json.read({"object": "o" * 100, "id": "x"}, timezone.now())

    assert (refused.value.code, refused.value.params["object"]) == ("other_object", "o" * 60)


@pytest.mark.parametrize(("seed", "kept"), [(0, 0), (42, 42), (2**31 - 1, 2**31 - 1), (2**31, None), (-1, None)])
def test_a_seed_is_kept_where_its_column_holds_it(seed: int, kept: int | None) -> None:
    assert job_json.read({"id": "ftjob-1", "seed": seed}, timezone.now()).seed == kept


@pytest.mark.parametrize(
    ("status", "error"), [("cancelled", {}), ("succeeded", {}), ("failed", {"message": "Stopped by hand."})]
)
def test_words_of_a_service_are_a_reason_where_the_job_failed(status: str, error: dict[str, str]) -> None:
    raw = {"id": "ftjob-1", "status": status, "finished_at": 1794000000, "message": "Stopped by hand."}

    assert job_json.read(raw, timezone.now()).error == error


def test_names_of_models_are_kept_as_far_as_their_columns_reach() -> None:
    raw = {"id": "ftjob-1", "model": "m" * 400, "fine_tuned_model": "t" * 400, "status": "succeeded"}

    facts = job_json.read(raw, timezone.now())

    assert (facts.base_model, facts.fine_tuned_model) == ("m" * 200, "t" * 300)


def test_a_job_of_a_kind_of_its_own_is_named_in_sixty_letters_at_most() -> None:
    raw = {"object": "o" * 100, "id": "x", "status": "succeeded", "model": "m", "training_file": "file-1"}

    assert job_json.read(raw, timezone.now()).kind == "o" * 60

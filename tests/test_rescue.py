"""The rescue of tuned models before their service switches them off: inventory, steps, archive."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import AuditEntry, Connection, FineTuneJob, Inventory, RemoteModel
from jobs.pipeline import adopt, due
from jobs.pipeline.rescue import archive, inventory
from jobs.states import State
from tests.chat_side import ChatSide, Json, chat_side
from tests.conftest import World
from tests.evaluating import connect
from tests.factories import make_file, make_job
from tests.test_access import Login

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "gpt-4o-mini-2024-07-18"


def made(number: int, **fields: Any) -> Json:
    """A job as OpenAI lists it."""
    name = f"ft:{BASE}:org-x:style:{number:04}"
    about = {"id": f"ftjob-{number:04}", "object": "fine_tuning.job", "model": BASE, "status": "succeeded"}
    return about | {"created_at": 1_780_000_000 - number, "fine_tuned_model": name, "training_file": "file-1"} | fields


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    jobs = [made(number) for number in range(3)]
    with chat_side(jobs=jobs, models=[BASE, *(str(job["fine_tuned_model"]) for job in jobs)]) as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def read_all(world: World) -> None:
    for connection in world.team.connections.alive():
        inventory.order(connection)
    for row in inventory.due():
        inventory.read(row.pk)


def add_models(world: World, count: int, **fields: Any) -> list[RemoteModel]:
    rows = [
        RemoteModel(team=world.team, connection=world.connection, name=f"ft:{BASE}:org-x::{n:05}", base=BASE, **fields)
        for n in range(count)
    ]
    return RemoteModel.objects.bulk_create(rows)


def test_the_button_reads_every_list(world: World, far: ChatSide, login: Login) -> None:
    page = login(world.bob).get(world.url("rescue/")).content.decode()
    assert "First the inventory" in page

    login(world.bob).post(world.url("rescue/read/"))
    assert Inventory.objects.get().due_at
    for row in inventory.due():
        inventory.read(row.pk)
    page = login(world.bob).get(world.url("rescue/")).content.decode()

    assert page.count("ft:gpt-4o-mini-2024-07-18:org-x:style:") == 3
    assert "org-x" in page
    assert AuditEntry.objects.get().action == "rescue.read"


def test_trouble_of_a_list_is_shown_in_words(world: World, settings: Any, login: Login) -> None:
    settings.UPSTREAM_HOSTS = ["127.0.0.1:9"]
    connect(world.connection, "http://127.0.0.1:9/v1")
    read_all(world)

    page = login(world.carol).get(world.url("rescue/")).content.decode()

    assert Inventory.objects.get().trouble
    assert "tried again by itself" in page


def test_the_jobs_of_all_are_taken_in_once(world: World, far: ChatSide, login: Login) -> None:
    read_all(world)

    for _click in range(2):
        login(world.bob).post(world.url("rescue/archive/"))
    for pk in archive.due().values_list("pk", flat=True):
        archive.take_in(pk)
        archive.take_in(pk)

    jobs = FineTuneJob.objects.filter(origin="imported")
    assert set(jobs.values_list("remote_id", "state")) == {(f"ftjob-{n:04}", "adopting") for n in range(3)}
    assert not RemoteModel.objects.filter(job=None).exists()
    assert jobs.first().created_by == world.bob  # type: ignore[union-attr]
    for job in jobs:
        adopt.search(job)
    assert set(jobs.values_list("state", flat=True)) == {State.RUNNING}


def test_a_model_that_no_job_names_says_so(world: World, login: Login) -> None:
    [model] = add_models(world, 1)

    login(world.bob).post(world.url("rescue/archive/"), {"model": str(model.uuid)})
    page = login(world.bob).get(world.url(f"rescue/models/{model.uuid}/")).content.decode()

    assert not archive.due().exists()
    assert "No job that this key can see names this model" in page


def test_a_worker_that_died_while_it_took_a_job_in_is_followed_by_another(world: World, far: ChatSide) -> None:
    read_all(world)
    archive.order(RemoteModel.objects.all(), world.bob)
    row = RemoteModel.objects.earliest("pk")
    RemoteModel.objects.filter(pk=row.pk).update(archive_due_at=timezone.now() - timedelta(seconds=1))

    assert archive.take_in(row.pk)
    assert not due.files_to_check()


def test_a_strangers_archive_button_touches_nothing(world: World, login: Login) -> None:
    [model] = add_models(world, 1, remote_job="ftjob-1")

    answer = login(world.mallory).post(world.url("rescue/archive/"), {"model": str(model.uuid)})

    assert answer.status_code == 404
    assert not archive.due().exists()


@pytest.mark.parametrize("count", [40, 1000])
def test_the_page_asks_the_same_few_questions_however_long_the_list(world: World, login: Login, count: int) -> None:
    job = make_job(world.team, connection=world.connection, training_file=make_file(world.team), state="succeeded")
    add_models(world, count, job=job, shutdown_date=date(2027, 1, 14))
    client: Client = login(world.carol)
    client.get(world.url("rescue/"))

    with CaptureQueriesContext(
        database,
    ) as queries:
        page = client.get(world.url("rescue/")).content.decode()

    assert len(queries) <= 16
    assert page.count("<tr id=") == 25
    assert f"1–25 / {count}" in page


def test_still_open_leaves_out_what_was_signed_off(world: World, login: Login) -> None:
    models = add_models(world, 3)
    RemoteModel.objects.filter(pk=models[0].pk).update(signed_at=timezone.now(), signed_by=world.alice)

    page = login(world.carol).get(world.url("rescue/?show=open")).content.decode()

    assert page.count("<tr id=") == 2
    assert models[0].name not in page


def test_the_menu_leads_there_while_a_model_has_an_end(world: World, login: Login) -> None:
    client, link = login(world.carol), f'href="{world.url("rescue/")}"'
    assert link not in client.get(world.url("jobs/")).content.decode()
    assert link in client.get(world.url("models/")).content.decode()

    add_models(world, 1, shutdown_date=date(2027, 1, 14))

    assert link in client.get(world.url("jobs/")).content.decode()


def test_a_deleted_connection_is_not_read(world: World, login: Login) -> None:
    Connection.objects.update(deleted_at=timezone.now())

    answer = login(world.bob).post(world.url("rescue/read/"), follow=True).content.decode()

    assert not Inventory.objects.exists()
    assert "This team has no connection yet." in answer

"""The inventory of a connection: every tuned model that its key can see, whichever list names it, and when."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jobs.models import Connection, Inventory, RemoteModel
from jobs.pipeline.rescue import inventory
from tests.chat_side import ChatSide, Json, chat_side
from tests.conftest import World
from tests.evaluating import connect
from tests.factories import make_job, make_tuned_model

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "gpt-4o-mini-2024-07-18"


def made(number: int, **fields: Any) -> Json:
    """A job as OpenAI lists it."""
    name = f"ft:{BASE}:org-x:style:{number:04}"
    about = {"id": f"ftjob-{number:04}", "object": "fine_tuning.job", "model": BASE, "status": "succeeded"}
    return about | {"created_at": 1_780_000_000 - number, "fine_tuned_model": name, "training_file": "file-1"} | fields


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    jobs = [made(number) for number in range(40)]
    names = [str(job["fine_tuned_model"]) for job in jobs]
    with chat_side(jobs=jobs, models=[BASE, "gpt-4.1", *names]) as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def read(connection: Connection) -> Inventory:
    inventory.order(connection)
    for row in inventory.due():
        inventory.read(row.pk)
    return Inventory.objects.get(connection=connection)


def test_all_pages_and_the_list_of_models_are_read(world: World, far: ChatSide) -> None:
    row = read(world.connection)

    assert (row.due_at, row.trouble, row.done_at is not None) == (None, "", True)
    assert RemoteModel.objects.count() == 40
    one = RemoteModel.objects.get(name=f"ft:{BASE}:org-x:style:0007")
    assert (one.base, one.remote_job, one.is_listed, one.owned_by) == (BASE, "ftjob-0007", True, "org-x")
    assert one.made_at
    assert int(one.made_at.timestamp()) == 1_780_000_000 - 7
    assert one.team == world.team


def test_a_list_that_comes_late_loses_nothing(world: World, far: ChatSide) -> None:
    far.listed_after = 1

    read(world.connection)
    assert RemoteModel.objects.count() == 40
    assert RemoteModel.objects.filter(is_listed=False).count() == 21

    read(world.connection)
    assert not RemoteModel.objects.filter(is_listed=False).exists()


def test_a_model_that_is_not_listed_any_more_stays_and_is_said_to_be_gone(world: World, far: ChatSide) -> None:
    read(world.connection)
    gone = far.models.pop()

    read(world.connection)

    row = RemoteModel.objects.get(name=gone)
    assert not row.is_listed
    assert row.gone_at
    assert RemoteModel.objects.filter(gone_at=None).count() == 39


def test_a_killed_worker_goes_on_at_its_page(world: World, far: ChatSide) -> None:
    inventory.order(world.connection)
    row = Inventory.objects.get()
    Inventory.objects.filter(pk=row.pk).update(pages=1, after="ftjob-0019", due_at=timezone.now())
    far.calls.clear()

    inventory.read(row.pk)

    assert far.calls == ["GET /v1/fine_tuning/jobs?limit=100&after=ftjob-0019"]
    assert RemoteModel.objects.count() == 20


def test_two_workers_read_one_inventory_once(world: World, far: ChatSide) -> None:
    inventory.order(world.connection)
    row = Inventory.objects.get()
    Inventory.objects.filter(pk=row.pk).update(due_at=timezone.now() + timedelta(minutes=2))  # another has it
    inventory.read(row.pk)
    assert far.calls == []

    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=True):
        inventory.read(row.pk)
    assert RemoteModel.objects.count() == 40


def test_trouble_is_kept_and_tried_again(world: World, settings: Any) -> None:
    settings.UPSTREAM_HOSTS = ["127.0.0.1:9"]
    connect(world.connection, "http://127.0.0.1:9/v1")

    row = read(world.connection)

    assert row.trouble
    assert (row.tries, row.done_at) == (1, None)
    assert row.due_at
    assert row.due_at > timezone.now()


def test_what_our_own_rows_know_is_in_it(world: World, far: ChatSide) -> None:
    job = make_job(world.team, connection=world.connection, remote_id="ftjob-x", state="succeeded")
    make_tuned_model(job, name="ours-without-a-prefix")
    far.models, far.jobs = [BASE], []

    read(world.connection)

    row = RemoteModel.objects.get()
    assert (row.name, row.job, row.is_listed) == ("ours-without-a-prefix", job, False)


def test_a_job_that_failed_made_no_model(world: World, far: ChatSide) -> None:
    far.models, far.jobs = [], [made(1, status="failed", fine_tuned_model=None), made(2, status="running")]
    far.jobs[1]["fine_tuned_model"] = None

    read(world.connection)

    assert not RemoteModel.objects.exists()


def test_the_day_of_the_end_comes_from_the_list_or_the_base(world: World, far: ChatSide) -> None:
    Connection.objects.filter(pk=world.connection.pk).update(models_seen=[{"id": BASE, "shutdown_date": "2027-01-14"}])

    read(world.connection)

    assert set(RemoteModel.objects.values_list("shutdown_date", flat=True)) == {date(2027, 1, 14)}


def test_names_of_both_ages_name_their_base() -> None:
    assert inventory.base_named("ft:gpt-4o-mini-2024-07-18:org-x:style:1") == BASE
    assert inventory.base_named("davinci:ft-org-x-2023-01-02") == "davinci"
    assert inventory.base_named("gpt-4.1") == ""

"""Copies at services: listed, deleted there on a person's word, and never in the way of an order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import provider
from jobs.models import AuditEntry, Connection, FineTuneJob, RemoteFile, TrainingFile
from jobs.pipeline import copies, launch
from jobs.states import State
from jobs.tasks import delete_copy
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job
from tests.test_odd_answers import Answers, Refusal, service
from tests.walking import fresh, walk
from trainer.models import File as TrainerFile
from trainer.models import Job as TrainerJob

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["service"]  # a fixture

type Login = Callable[..., Client]


def sent(connection: Connection, file: TrainingFile | None = None) -> RemoteFile:
    """A copy that really lies at the service."""
    file = file or make_file(connection.team)
    assert copies.bring(connection, connection.access(), file)
    return RemoteFile.objects.get(connection=connection, training_file=file)


def brought(copy: RemoteFile) -> bool:
    """What an order is told that wants the copy now."""
    connection = Connection.objects.get(pk=copy.connection_id)
    return copies.bring(connection, connection.access(), copy.training_file)


def told(copy: RemoteFile) -> tuple[bool, bool, bool, str]:
    """Whether it is there, wished away, begun; and what went wrong."""
    copy.refresh_from_db()
    return bool(copy.remote_id), copy.delete_due_at is not None, copy.claimed_at is not None, copy.trouble


def there(remote_id: str) -> bool:
    return TrainerFile.objects.filter(uid=remote_id, deleted_at=None).exists()


# --- the worker ---------------------------------------------------------------------------------------


def test_a_wished_copy_is_deleted_at_the_service_and_its_file_stays(world: World, trainer: str) -> None:
    copy = sent(world.connection)
    remote_id = copy.remote_id

    assert copies.wish_away(copy)
    delete_copy(copy.pk)

    assert told(copy) == (False, False, False, "")
    assert (there(remote_id), copy.deleted_at is not None, copy.raw["id"]) == (False, True, remote_id)
    assert copy.training_file.path.exists()


def test_a_copy_that_is_gone_already_is_fine(world: World, trainer: str) -> None:
    copy = sent(world.connection)
    provider.delete_file(world.connection.access(), copy.remote_id)

    copies.wish_away(copy)
    copies.delete(copy)

    assert told(copy) == (False, False, False, "")


@pytest.mark.parametrize("role", ["training_file", "validation_file"])
def test_a_copy_that_an_active_job_needs_cannot_be_wished_away(world: World, trainer: str, role: str) -> None:
    copy = sent(world.connection)
    job = make_job(world.team, **{role: copy.training_file})

    assert not copies.wish_away(copy)

    FineTuneJob.objects.filter(pk=job.pk).update(state=State.FAILED)
    assert copies.wish_away(copy)


def test_an_imported_job_needs_the_copy_that_its_json_names(world: World, trainer: str) -> None:
    copy = sent(world.connection)
    job = make_job(world.team, state=State.RUNNING, remote={"training_file": copy.remote_id})
    FineTuneJob.objects.filter(pk=job.pk).update(training_file=None)

    assert not copies.wish_away(copy)


def test_an_order_made_after_the_wish_keeps_the_copy(world: World, trainer: str) -> None:
    """The order first, the worker later: the wish is over and says why."""
    copy = sent(world.connection)
    copies.wish_away(copy)
    job = make_job(world.team, training_file=copy.training_file)

    copies.delete(copy)

    assert told(copy) == (True, False, False, copies.NEEDED)
    assert walk(job, State.RUNNING).remote["training_file"] == copy.remote_id


def test_an_order_made_while_the_copy_is_deleted_sends_the_file_anew(world: World, trainer: str) -> None:
    """The worker first, the order later: it waits, and never names the id that goes."""
    copy = sent(world.connection)
    old = copy.remote_id
    copies.wish_away(copy)
    claimed = copies._claim_to_delete(copy)
    job = make_job(world.team, training_file=copy.training_file)
    launch.push(fresh(job))
    assert (fresh(job).state, told(copy)) == (State.NEW, (True, True, True, ""))
    assert fresh(job).transitions.last().reason == "The same file is being uploaded, or its old copy deleted"  # type: ignore[union-attr]

    assert claimed is not None
    with time_machine.travel(timezone.now() + copies.LEASE * 2):  # that worker was killed: another one goes on
        copies.delete(copy)
    job = walk(job, State.RUNNING)

    assert (there(old), there(job.remote["training_file"])) == (False, True)
    assert TrainerJob.objects.count() == 1
    assert told(copy) == (True, False, False, "")
    assert copy.deleted_at is None


def test_a_service_that_still_lists_a_deleted_copy_is_not_believed(world: World, service: Answers) -> None:
    file = make_file(world.team)
    stale = {"id": "file-old", "filename": file.remote_name, "bytes": file.size}
    copy = RemoteFile.objects.create(
        connection=world.connection, training_file=file, raw=stale, deleted_at=timezone.now()
    )
    service["/files"] = {"id": "file-new", "object": "list", "data": [stale]}  # the answer to the list and the upload

    assert brought(copy)

    copy.refresh_from_db()
    assert (copy.remote_id, copy.deleted_at) == ("file-new", None)


def test_a_copy_that_is_being_deleted_is_not_found_for_another_connection(world: World, service: Answers) -> None:
    """Two connections to one account: the service still lists what it is deleting."""
    file, now = make_file(world.team), timezone.now()
    stale = {"id": "file-old", "filename": file.remote_name, "bytes": file.size}
    address = {"profile": "custom", "base_url": Connection.objects.get(pk=world.connection.pk).base_url}
    other = make_connection(world.team, "sk-another-key-1234", **address)
    RemoteFile.objects.create(connection=other, training_file=file, remote_id="file-old", raw=stale, claimed_at=now)
    service["/files"] = {"id": "file-new", "object": "list", "data": [stale]}

    connection = Connection.objects.get(pk=world.connection.pk)
    assert copies.bring(connection, connection.access(), file)

    assert RemoteFile.objects.get(connection=connection).remote_id == "file-new"


def test_two_connections_to_one_account_share_the_copy(world: World, trainer: str) -> None:
    key = f"trainer-{uuid4().hex}"
    one, two = make_connection(world.team, key), make_connection(world.team, key)
    first = sent(one)
    second = sent(two, first.training_file)
    assert first.remote_id == second.remote_id
    job = make_job(world.team, connection=two, training_file=first.training_file)
    assert not copies.wish_away(first)

    FineTuneJob.objects.filter(pk=job.pk).update(state=State.CANCELLED)
    copies.wish_away(first)
    copies.delete(first)

    assert (told(first), told(second)) == ((False, False, False, ""), (False, False, False, ""))


def test_a_refusal_is_shown_and_the_copy_stays_usable(world: World, service: Answers) -> None:
    copy = wished(world, "file-1")
    service["/files/file-1"] = Refusal(400, {"error": {"message": "File is used by an assistant."}})

    copies.delete(copy)

    assert told(copy) == (True, False, False, "File is used by an assistant.")
    assert brought(copy)


def test_an_answer_that_leaves_it_open_is_asked_again_and_no_order_uses_the_id(world: World, service: Answers) -> None:
    copy = wished(world, "file-1")
    service["/files/file-1"] = 500

    copies.delete(copy)
    copies.delete(copy)  # a nudge too many: it is not due

    assert told(copy)[:3] == (True, True, True)
    assert not brought(copy)
    service["/files/file-1"] = 404
    with time_machine.travel(timezone.now() + copies.AGAIN + timedelta(seconds=1)):
        copies.delete(copy)
    assert told(copy) == (False, False, False, "")


def test_a_service_that_only_has_trouble_is_asked_for_ten_minutes(world: World, service: Answers) -> None:
    copy = wished(world, "file-1")
    service["/files/file-1"] = 500
    for minutes in range(0, 14, 2):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            copies.delete(copy)

    there, wish, begun, trouble = told(copy)
    assert (there, wish, begun, bool(trouble)) == (True, False, False, True)


def test_a_service_that_is_away_is_asked_later_and_orders_are_free(world: World, settings: Any) -> None:
    settings.UPSTREAM_HOSTS = ["127.0.0.1:9"]
    address = {"profile": "custom", "base_url": "http://127.0.0.1:9/v1"}
    Connection.objects.filter(pk=world.connection.pk).update(**address)
    copy = wished(world, "file-1")

    copies.delete(copy)

    assert told(copy) == (True, True, False, "The service could not be reached.")
    assert copy.delete_due_at is not None
    assert copy.delete_due_at > timezone.now()


@pytest.mark.parametrize("why", ["parked_at", "disabled_at", "deleted_at", "wait_until"])
def test_no_call_is_made_over_a_connection_that_rests(world: World, service: Answers, why: str) -> None:
    copy = wished(world, "file-1")
    service["/files/file-1"] = Refusal(400, {"error": {"message": "called"}})
    later = timezone.now() + timedelta(hours=1)
    Connection.objects.filter(pk=world.connection.pk).update(**{why: later})

    copies.delete(copy)

    assert told(copy) == (True, True, False, "")
    assert list(copies.due()) == []


def wished(world: World, remote_id: str) -> RemoteFile:
    connection = Connection.objects.get(pk=world.connection.pk)
    return RemoteFile.objects.create(
        connection=connection,
        training_file=make_file(world.team),
        remote_id=remote_id,
        raw={"id": remote_id},
        delete_due_at=timezone.now(),
    )


# --- the page -----------------------------------------------------------------------------------------


def post(client: Client, world: World, *copies_: RemoteFile, query: str = "") -> str:
    response = client.post(world.url(f"files/copies/delete/{query}"), {"copy": [copy.pk for copy in copies_]})
    assert response.status_code == 302
    return " ".join(client.get(response["Location"]).content.decode().split())


def lying(world: World, **fields: Any) -> RemoteFile:
    made = {"connection": world.connection, "remote_id": f"file-{uuid4().hex[:8]}", **fields}
    made.setdefault("training_file", make_file(world.team))
    return RemoteFile.objects.create(**made)


def test_the_list_tells_size_need_and_total(world: World, login: Login) -> None:
    lying(world, raw={"bytes": 1024 * 1024}, uploaded_at=timezone.now())
    needed = lying(world, raw={"bytes": "odd"}, training_file=make_file(world.team, name="needed.jsonl"))
    lying(world, remote_id="", training_file=make_file(world.team, name="never-sent.jsonl"))
    make_job(world.team, training_file=needed.training_file)

    page = login(world.carol).get(world.url("files/copies/"))

    rows = {row["copy"].pk: (row["size"], row["needed"], row["free"]) for row in page.context["rows"]}
    ours = needed.training_file.size
    assert sorted(rows.values()) == [(ours, True, False), (1024 * 1024, False, True)]
    assert (page.context["total"], page.context["page"].paginator.count) == (1024 * 1024 + ours, 2)
    assert "never-sent" not in page.content.decode()
    assert 'type="checkbox"' not in page.content.decode()  # she reads


def test_the_list_takes_as_many_queries_for_fifty_copies_as_for_one(world: World, login: Login) -> None:
    client = login(world.bob)
    lying(world)
    client.get(world.url("files/copies/"))
    with CaptureQueriesContext(database) as first:
        client.get(world.url("files/copies/"))
    for _ in range(50):
        lying(world, connection=make_connection(world.team))
    with CaptureQueriesContext(database) as second:
        page = client.get(world.url("files/copies/"))
    assert (len(second), len(page.context["rows"])) == (len(first), 25)


def test_ticked_copies_are_wished_away_and_audited(world: World, login: Login) -> None:
    one, two, stays = lying(world), lying(world), lying(world)

    page = post(login(world.bob), world, one, two)

    assert "2 copies are being deleted." in page
    assert [told(copy)[1] for copy in (one, two, stays)] == [True, True, False]
    entries = AuditEntry.objects.filter(action="copy.deleted", actor=world.bob)
    assert {entry.before["id"] for entry in entries} == {one.remote_id, two.remote_id}


def test_a_needed_copy_stays_and_the_page_says_so(world: World, login: Login) -> None:
    copy = lying(world)
    make_job(world.team, training_file=copy.training_file)

    assert "1 copy stays: a job needs it" in post(login(world.bob), world, copy)
    assert told(copy)[1] is False


@pytest.mark.parametrize("given", ["", "x", "9" * 30, "-1"])
def test_what_is_no_copy_changes_nothing(world: World, login: Login, given: str) -> None:
    copy = lying(world)

    response = login(world.bob).post(world.url("files/copies/delete/"), {"copy": given} if given else {})

    assert (response.status_code, told(copy)[1]) == (302, False)


def test_another_teams_copy_is_not_touched(world: World, login: Login) -> None:
    theirs = make_connection(world.mallory.ensure_team())
    copy = lying(world, connection=theirs, training_file=make_file(theirs.team))

    post(login(world.bob), world, copy)

    assert told(copy)[1] is False


def test_one_connections_copies_alone_are_listed(world: World, login: Login) -> None:
    other = make_connection(world.team)
    mine = lying(world, connection=other)
    lying(world)

    page = login(world.bob).get(world.url(f"files/copies/?connection={other.uuid}&tick=all"))

    assert [row["copy"].pk for row in page.context["rows"]] == [mine.pk]
    assert page.content.decode().count("checked") == 1
    assert login(world.bob).get(world.url("files/copies/?file=nonsense")).context["rows"] == []


def test_a_deleted_file_tells_of_its_copies(world: World, login: Login) -> None:
    copy = lying(world)
    client = login(world.bob)

    gone = client.post(world.url(f"files/{copy.training_file.uuid}/delete/"), follow=True).content.decode()

    link = world.url(f"files/copies/?file={copy.training_file.uuid}")
    assert "1 copy of it is left at a service." in gone
    assert f'<a href="{link}">' in gone
    assert link in client.get(world.url(f"files/{copy.training_file.uuid}/")).content.decode()

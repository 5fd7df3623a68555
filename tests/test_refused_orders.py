"""An order that its service refused: explained, ordered elsewhere in one click, and the file it left deleted there."""

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

from jobs.models import AuditEntry, Candidate, Connection, ConnectionState, FineTuneJob, RemoteFile, RemoteModel
from jobs.models.evaluation import CandidateState
from jobs.pipeline import copies
from jobs.states import State
from jobs.tasks import delete_copy
from jobs.views.refused import left_behind, no_training
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_connection, make_file, make_job
from tests.test_odd_answers import Answers, service
from tests.walking import walk
from trainer.models import File as TrainerFile

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["service"]  # a fixture

type Login = Callable[..., Client]
ERROR = {"code": "training_not_available", "message": "OpenAI is winding down fine-tuning", "status": 403}
HTMX = {"HX-Request": "true"}


def page_of(job: FineTuneJob) -> str:
    return f"/t/{job.team.slug}/jobs/{job.uuid}/"


def openai(world: World, **fields: Any) -> Connection:
    connection = make_connection(world.team, "sk-test-0123456789", profile="openai", name="OpenAI")
    Connection.objects.filter(pk=connection.pk).update(**fields)  # a new key would forget them
    connection.refresh_from_db()
    return connection


def refused(world: World, connection: Connection | None = None, **fields: Any) -> FineTuneJob:
    """As an order stands whose create call was answered 403, without a service."""
    connection = connection or openai(world)
    made = {"state": State.FAILED, "error": ERROR, "base_model": "gpt-4o-mini-2024-07-18", "created_by": world.bob}
    job = make_job(world.team, connection=connection, **made | fields)
    left(job)
    return job


def left(job: FineTuneJob, **fields: Any) -> RemoteFile:
    made = {"remote_id": f"file-{uuid4().hex[:8]}", "uploaded_at": timezone.now(), **fields}
    return RemoteFile.objects.create(connection=job.service, training_file=job.trained_on, **made)


# --- the whole way, over a real service ---------------------------------------------------------------


def test_a_refused_order_is_explained_deleted_and_ordered_elsewhere(world: World, trainer: str, login: Login) -> None:
    fault = make_connection(world.team, f"trainer-fault.training-not-available-{uuid4().hex}", name="Old account")
    job = walk(make_job(world.team, connection=fault, created_by=world.bob, name="눈"), State.FAILED)
    copy = RemoteFile.objects.get()
    bob = login(world.bob)

    words = bob.get(page_of(job)).content.decode()
    assert "The service takes no new training from this account" in words
    assert "It is neither your data nor your key" in words
    assert "Left at the service" in words
    assert copy.remote_id in words

    assert bob.post(page_of(job) + "left-behind/delete/").status_code == 302
    assert bob.post(page_of(job) + "left-behind/delete/").status_code == 302  # a double click
    assert "Being deleted" in bob.get(page_of(job)).content.decode()
    delete_copy(copy.pk)
    assert not TrainerFile.objects.filter(deleted_at=None).exists()
    words = bob.get(page_of(job)).content.decode()
    assert "Deleted at the service" in words
    assert "Delete it at the service" not in words
    entries = AuditEntry.objects.filter(action="copy.deleted").values_list("subject", "actor__username")
    assert list(entries) == [(job.trained_on.name, "bob")]

    link = f"?clone={job.uuid}&amp;retry=1&amp;elsewhere={world.connection.uuid}"
    assert link in words
    form = bob.get(world.url("jobs/new/" + link.replace("&amp;", "&"))).context["form"]
    assert form["base"].value().startswith(f"{world.connection.uuid}|")
    assert form["training_file"].value() == str(job.trained_on.uuid)
    assert (form["name"].value(), form["retry_of"].value()) == ("눈", str(job.uuid))


def test_an_answer_that_gets_lost_is_shown_and_the_deletion_goes_on(
    world: World, service: Answers, login: Login
) -> None:
    world.connection.refresh_from_db()
    job = refused(world, world.connection)
    copy = RemoteFile.objects.get()
    place = f"/files/{copy.remote_id}"
    bob = login(world.bob)
    bob.post(page_of(job) + "left-behind/delete/")
    service[place] = 500

    delete_copy(copy.pk)

    words = bob.get(page_of(job)).content.decode()
    assert "Being deleted" in words
    assert "It is tried again by itself." in words
    service[place] = 404  # the first call had reached it
    with time_machine.travel(timezone.now() + copies.AGAIN + timedelta(seconds=1)):
        delete_copy(copy.pk)
    assert "Deleted at the service" in bob.get(page_of(job)).content.decode()


# --- what the page says -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "said", "unsaid"),
    [
        ("2026-12-01", "each until its base is switched off, the last ones on Jan. 14, 2027", "not any more"),
        ("2026-12-01", "from Jan. 6, 2027 over none", "not any more"),
        ("2027-01-13", "as long as they answer: it cannot be done later", "not any more"),
        ("2027-01-14", "not any more: the last base was switched off on Jan. 14, 2027", "Keep what"),
    ],
)
def test_it_says_what_works_until_when(world: World, login: Login, day: str, said: str, unsaid: str) -> None:
    job = refused(world)

    with time_machine.travel(f"{day} 12:00", tick=False):
        words = login(world.carol).get(page_of(job)).content.decode()

    assert said in words
    assert unsaid not in words


def test_it_counts_the_models_that_still_answer(world: World, login: Login) -> None:
    job = refused(world)
    today = timezone.now().date()
    for number, days in enumerate([None, 1, 0, -1]):
        end = None if days is None else today + timedelta(days=days)
        RemoteModel.objects.create(team=world.team, connection=job.service, name=f"ft:{number}", shutdown_date=end)
    RemoteModel.objects.create(team=world.team, connection=world.connection, name="ft:other")

    words = login(world.bob).get(page_of(job)).content.decode()

    assert "Over this connection 2 tuned models still answer." in words
    assert world.url("rescue/") in words


@pytest.mark.parametrize(
    ("who", "said"), [("alice", "Add a connection"), ("bob", "An owner can add one."), ("carol", "Where to go on")]
)
def test_without_another_connection_it_says_who_can_add_one(world: World, login: Login, who: str, said: str) -> None:
    job = refused(world)
    Connection.objects.filter(pk=world.connection.pk).update(disabled_at=timezone.now())

    words = login(getattr(world, who)).get(page_of(job)).content.decode()

    assert said in words
    assert "elsewhere=" not in words
    assert ("Add a connection" in words) is (who == "alice")


def test_another_account_that_was_refused_too_is_no_way_on(world: World, login: Login) -> None:
    job = refused(world)
    state = {"state": ConnectionState.MAY_NOT_TRAIN, "detail": "no (403 training_not_available)"}
    openai(world, **state)

    ways = login(world.bob).get(page_of(job)).context["refusal"].ways

    assert [way["connection"] for way in ways] == [world.connection]


@pytest.mark.parametrize("change", ["other code", "remote id", "running"])
def test_other_ends_are_shown_as_before(world: World, login: Login, change: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "other code": {"error": ERROR | {"code": "forbidden", "message": "no scope"}},
        "remote id": {"remote_id": "ftjob-1"},
        "running": {"state": State.RUNNING, "remote_id": "ftjob-1"},
    }
    job = refused(world, **changes[change])

    page = login(world.bob).get(page_of(job))

    assert page.context["refusal"] is None
    assert (page.context["left"] is not None) is (change == "other code")


def test_an_imported_job_left_nothing_of_ours(world: World) -> None:
    job = refused(world, origin="imported")

    assert (no_training(job), left_behind(job)) == (None, None)


def test_what_was_deleted_before_the_order_is_not_its_own(world: World, login: Login) -> None:
    job = refused(world)
    RemoteFile.objects.update(remote_id="", deleted_at=job.created_at - timedelta(days=1))

    page = login(world.bob).get(page_of(job))

    assert page.context["left"] is None


def test_the_page_of_any_other_job_asks_no_more(world: World, login: Login) -> None:
    refused(world)
    job = make_job(world.team, state=State.SUCCEEDED, remote_id="ftjob-2", created_by=world.bob)
    bob = login(world.bob)

    with CaptureQueriesContext(database) as queries:
        bob.get(page_of(job))

    asked = [one["sql"] for one in queries.captured_queries]
    assert not [sql for sql in asked if 'FROM "jobs_remotefile"' in sql and "deleted_at" in sql]
    assert not [sql for sql in asked if 'FROM "jobs_remotemodel"' in sql and "jobs_trainingfile" not in sql]


# --- deleting what was left ---------------------------------------------------------------------------


def test_a_copy_that_another_job_needs_stays(world: World, login: Login) -> None:
    job = refused(world)
    make_job(world.team, connection=job.service, training_file=job.training_file, state=State.READY)
    bob = login(world.bob)

    bob.post(page_of(job) + "left-behind/delete/")
    words = bob.get(page_of(job)).content.decode()

    assert RemoteFile.objects.get().delete_due_at is None
    assert "Another job needs it: it stays." in words
    assert "Delete it at the service" not in words
    assert not AuditEntry.objects.filter(action="copy.deleted").exists()


@pytest.mark.parametrize("why", ["disabled_at", "parked_at", "deleted_at"])
def test_over_a_connection_that_rests_nothing_is_deleted(world: World, login: Login, why: str) -> None:
    job = refused(world)
    job.team.connections.filter(pk=job.service.pk).update(**{why: timezone.now()})
    bob = login(world.bob)

    bob.post(page_of(job) + "left-behind/delete/")
    words = bob.get(page_of(job)).content.decode()

    assert RemoteFile.objects.get().delete_due_at is None
    assert "Its connection cannot be called now" in words
    assert "Delete it at the service" not in words


def test_both_files_are_offered_and_deleted(world: World, login: Login) -> None:
    file = make_file(world.team, name="check.jsonl")
    job = refused(world, validation_file=file)
    RemoteFile.objects.create(connection=job.service, training_file=file, remote_id="file-check")
    bob = login(world.bob)
    assert "check.jsonl" in bob.get(page_of(job)).content.decode()

    bob.post(page_of(job) + "left-behind/delete/")

    assert RemoteFile.objects.filter(delete_due_at__isnull=False).count() == 2


def test_only_who_trains_may_delete_and_only_of_their_team(world: World, login: Login) -> None:
    job = refused(world)

    words = login(world.carol).get(page_of(job)).content.decode()
    answers = [
        login(who).post(page_of(job) + "left-behind/delete/").status_code for who in (world.carol, world.mallory)
    ]

    assert "Delete it at the service" not in words
    assert answers == [403, 404]
    assert RemoteFile.objects.get().delete_due_at is None


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.RUNNING, State.CANCELLED])
def test_copies_of_an_order_that_was_not_refused_are_not_touched(world: World, login: Login, state: str) -> None:
    job = refused(world, state=state, remote_id="ftjob-1")

    login(world.bob).post(page_of(job) + "left-behind/delete/")

    assert RemoteFile.objects.get().delete_due_at is None


def test_the_part_asks_for_news_only_while_something_moves(world: World, login: Login) -> None:
    job = refused(world)
    bob = login(world.bob)
    part = page_of(job) + "left-behind/"
    assert 'left-behind/" hx-trigger' not in bob.get(page_of(job)).content.decode()

    bob.post(part + "delete/")
    words = bob.get(page_of(job)).content.decode()
    seen = bob.get(page_of(job)).context["left"].seen
    assert 'hx-get="' + part in words
    assert seen in words
    assert bob.get(part, headers=HTMX | {"X-Since": seen}).status_code == 204

    RemoteFile.objects.update(remote_id="", delete_due_at=None, deleted_at=timezone.now())
    news = bob.get(part, headers=HTMX | {"X-Since": seen})
    assert (news.status_code, "hx-get" in news.content.decode()) == (200, False)
    assert "Deleted at the service" in news.content.decode()
    assert bob.get(part).status_code == 302  # in a tab of its own


# --- the order's page ---------------------------------------------------------------------------------


def choose(client: Client, world: World, connection: Connection, **more: str) -> Any:
    fields = {"base": f"{connection.uuid}|gpt-4o-mini-2024-07-18", "training_file": str(make_file(world.team).uuid)}
    return client.get(world.url("jobs/new/estimate/"), fields | {"n_epochs": "3"} | more)


def test_the_order_page_warns_before_it_is_refused_again(world: World, login: Login) -> None:
    state = {"state": ConnectionState.MAY_NOT_TRAIN, "detail": "no (403 training_not_available)"}
    words = choose(login(world.bob), world, openai(world, **state)).content.decode()

    assert "the account may train no more" in words
    assert "It is neither your data nor your key." in words
    assert "The connection's last test said" not in words


@pytest.mark.parametrize(
    ("state", "detail"), [(ConnectionState.WORKS, ""), (ConnectionState.MAY_NOT_TRAIN, "missing scope (403)")]
)
def test_the_order_page_says_nothing_of_it_elsewhere(world: World, login: Login, state: str, detail: str) -> None:
    with time_machine.travel("2026-12-01 12:00"):
        words = choose(login(world.bob), world, openai(world, state=state, detail=detail)).content.decode()

    assert "may train no more" not in words
    assert "From Jan. 6, 2027 this service takes no new training from anyone." in words


def test_a_new_order_does_not_begin_with_an_account_that_was_refused(world: World, login: Login) -> None:
    Connection.objects.filter(pk=world.connection.pk).delete()
    make_file(world.team)
    state = {"state": ConnectionState.MAY_NOT_TRAIN, "detail": "no (403 training_not_available)"}
    openai(world, **state)
    works = openai(world, state=ConnectionState.WORKS)

    form = login(world.bob).get(world.url("jobs/new/")).context["form"]

    assert form["base"].value().startswith(f"{works.uuid}|")


@pytest.mark.parametrize("wished", ["", "1", "none", "00000000-0000-0000-0000-000000000000"])
def test_elsewhere_is_never_the_same_connection(world: World, login: Login, wished: str) -> None:
    job = refused(world)

    form = login(world.bob).get(world.url(f"jobs/new/?clone={job.uuid}&elsewhere={wished or 'x'}")).context["form"]

    assert form["base"].value().startswith(f"{world.connection.uuid}|")


def test_elsewhere_is_the_connection_that_was_chosen(world: World, login: Login) -> None:
    job = refused(world)
    second = make_connection(world.team, name="Second trainer")

    for connection in (world.connection, second):
        page = login(world.bob).get(world.url(f"jobs/new/?clone={job.uuid}&elsewhere={connection.uuid}"))
        assert page.context["form"]["base"].value().startswith(f"{connection.uuid}|")


def test_the_refusal_marks_the_connection_as_a_test_does(world: World, trainer: str) -> None:
    fault = make_connection(world.team, f"trainer-fault.training-not-available-{uuid4().hex}")

    walk(make_job(world.team, connection=fault), State.FAILED)

    fault.refresh_from_db()
    assert fault.detail.endswith("(403 training_not_available)")
    assert fault.takes_no_orders


# --- models that are refused when they are asked ------------------------------------------------------


def candidate_of(world: World, **fields: Any) -> Candidate:
    connection = openai(world)
    about = make_evaluation(world.team, ["ft:x"], make_questions(world.team, "눈"), connection=connection)
    made = {"state": CandidateState.REFUSED, "trouble": "no", "price_as": "gpt-4o-mini-2024-07-18", **fields}
    Candidate.objects.filter(evaluation=about).update(**made)
    return Candidate.objects.get(evaluation=about)


@pytest.mark.parametrize(
    ("status", "day", "said"),
    [
        (403, "2026-12-01", "It is neither your data nor a wrong key"),
        (404, "2026-12-01", "The service has no such model (any more) for this key"),
        (404, "2027-01-14", "It was switched off on Jan. 14, 2027 and cannot answer any more."),
        (403, "2027-02-01", "It was switched off on Jan. 14, 2027 and cannot answer any more."),
    ],
)
@pytest.mark.parametrize("kind", ["comparison", "recording"])
def test_a_refused_model_is_explained(world: World, login: Login, kind: str, status: int, day: str, said: str) -> None:
    candidate = candidate_of(world, refused_by=status)
    type(candidate.evaluation).objects.update(kind=kind)
    place = "rescue/recordings" if kind == "recording" else "evaluations"

    with time_machine.travel(f"{day} 12:00", tick=False):
        words = login(world.carol).get(world.url(f"{place}/{candidate.evaluation.uuid}/")).content.decode()

    assert said in " ".join(words.split())


def test_the_page_of_a_refused_model_explains_it(world: World, login: Login) -> None:
    candidate = candidate_of(world, refused_by=403)
    model = RemoteModel.objects.create(
        team=world.team, connection=candidate.connection, name="ft:x", recording=candidate
    )

    with time_machine.travel("2026-12-01 12:00", tick=False):
        words = login(world.carol).get(world.url(f"rescue/models/{model.uuid}/")).content.decode()

    assert "It is neither your data nor a wrong key" in words

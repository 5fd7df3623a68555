"""The live list: what it shows, finds, costs, and when it says that nothing is new."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client

from jobs.models import FineTuneJob, Member, Role, Team, User
from jobs.models.counts import COUNTS
from jobs.pipeline.record import move, note
from jobs.states import State
from jobs.views import shelf
from jobs.views.shelf import Shelf
from tests.conftest import World
from tests.factories import make_file, make_job, make_tuned_model

type Login = Callable[..., Client]


def names(response: Any) -> list[str]:
    return [row.name for row in response.context["rows"]]


def test_it_lists_the_teams_jobs_newest_first(world: World, login: Login) -> None:
    make_job(world.team, name="first")
    make_job(world.team, name="second", state=State.SUCCEEDED, fine_tuned_model="ft:sim:org::abc")

    response = login(world.carol).get(world.url("jobs/"))

    assert names(response) == ["second", "first"]
    assert b"ft:sim:org::abc" in response.content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=winter", ["winter v1"]),
        ("q=ftjob-XYZ", ["spring"]),
        ("q=essay.jsonl", ["winter v1"]),
        ("state=succeeded", ["spring"]),
        ("state=nonsense", ["spring", "winter v1"]),
        ("q=nothing-like-it", []),
        ("page=9999", ["spring", "winter v1"]),
    ],
)
def test_it_finds_by_name_id_file_and_state(world: World, login: Login, query: str, found: list[str]) -> None:
    file = make_file(world.team, name="essay.jsonl")
    make_job(world.team, name="winter v1", training_file=file, created_by=world.alice)
    other = make_file(world.team, name="other.jsonl")
    make_job(world.team, name="spring", remote_id="ftjob-xyz", state=State.SUCCEEDED, training_file=other)

    response = login(world.bob).get(world.url(f"jobs/?{query}"))

    assert names(response) == found


def test_it_filters_by_owner_connection_and_our_id(world: World, login: Login) -> None:
    job = make_job(world.team, name="mine", created_by=world.bob)
    make_job(world.team, name="hers", created_by=world.alice)
    client = login(world.bob)
    bob = world.team.members.get(user=world.bob)

    assert names(client.get(world.url(f"jobs/?owner={bob.pk}"))) == ["mine"]
    assert names(client.get(world.url(f"jobs/?q={job.uuid}"))) == ["mine"]
    assert names(client.get(world.url(f"jobs/?connection={world.connection.uuid}"))) == ["hers", "mine"]


def test_another_teams_jobs_are_not_found(world: World, login: Login) -> None:
    other = Team.objects.make("Other", world.mallory)
    make_job(other, name="secret")

    assert names(login(world.alice).get(world.url("jobs/?q=secret"))) == []


def test_an_empty_list_says_what_to_do(world: World, login: Login) -> None:
    assert "No jobs yet" in login(world.alice).get(world.url("jobs/")).content.decode()


def test_its_queries_do_not_grow_with_the_jobs(
    world: World, login: Login, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    client = login(world.alice)
    make_job(world.team, created_by=world.alice)
    with django_assert_max_num_queries(30) as with_one:
        client.get(world.url("jobs/"))
    for _ in range(24):
        make_job(world.team, created_by=world.bob, connection=world.connection)
    Team.objects.update(jobs_version=F("jobs_version") + 1)  # as each order does

    with django_assert_num_queries(len(with_one)):
        response = client.get(world.url("jobs/"))

    assert len(response.context["rows"]) == 25


def test_an_ended_job_costs_what_was_billed_and_not_what_was_estimated(world: World) -> None:
    told = {"estimated_usd": Decimal("2.14")}

    costs = [
        make_job(world.team, **told).cost_usd,
        make_job(world.team, **told, state=State.FAILED).cost_usd,
        make_job(world.team, **told, state=State.SUCCEEDED, billed_usd=Decimal(0)).cost_usd,
    ]

    assert costs == [Decimal("2.14"), None, Decimal(0)]


# --- the poll -----------------------------------------------------------------------------------------


def test_an_idle_poll_is_one_query_and_a_204(world: World, login: Login, django_assert_num_queries: Any) -> None:
    client = login(world.bob)
    version = client.get(world.url("jobs/")).context["version"]

    with django_assert_num_queries(1):
        response = client.get(world.url(f"jobs/poll/?since={version}"))

    assert (response.status_code, response.content) == (204, b"")


def test_a_poll_brings_the_rows_once_something_has_changed(world: World, login: Login) -> None:
    client = login(world.bob, "ko")
    User.objects.filter(pk=world.bob.pk).update(language="en")
    job = make_job(world.team, name="겨울")
    version = client.get(world.url("jobs/")).context["version"]
    note(job, name="봄")

    response = client.get(world.url(f"jobs/poll/?since={version}"), headers={"hx-request": "true"})

    assert response.status_code == 200
    body = response.content.decode()
    assert "봄" in body
    assert "<html" not in body
    assert "Training file" in body  # the person's language, not the browser's


def test_a_list_that_one_has_asked_for_is_given_to_the_others(
    world: World, login: Login, django_assert_num_queries: Any
) -> None:
    make_job(world.team, name="겨울")
    poll = world.url("jobs/poll/?since=x")
    first = login(world.alice, "ko").get(poll)
    colleague = login(world.bob, "ko")
    Member.objects.filter(user=world.bob).update(role=Role.OWNER)  # what may be done is said in an empty list

    with django_assert_num_queries(1):
        second = colleague.get(poll)

    assert second.content == first.content


@pytest.mark.parametrize("asked", ["state=failed", "page=2", "q=겨울"])
def test_a_list_is_given_to_nobody_who_asks_for_another(world: World, login: Login, asked: str) -> None:
    for n in range(26):
        make_job(world.team, name=f"겨울 {n}" if n else "봄")
    client = login(world.bob)
    poll = world.url("jobs/poll/?since=x")

    assert client.get(poll).content != client.get(f"{poll}&{asked}").content


def test_a_kept_list_speaks_the_language_of_whoever_asks(world: World, login: Login) -> None:
    make_job(world.team)
    poll, client = world.url("jobs/poll/?since=x"), login(world.bob)
    User.objects.filter(pk=world.bob.pk).update(language="en")
    english = client.get(poll).content.decode()
    User.objects.filter(pk=world.bob.pk).update(language="ko")

    assert "Training file" in english
    assert "Training file" not in client.get(poll).content.decode()


def test_a_poll_of_a_signed_out_page_loads_it_anew(world: World, client: Client) -> None:
    response = client.get(world.url("jobs/poll/?since=0"), headers={"hx-request": "true"})

    assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")


def test_a_poll_ends_with_the_password_that_the_session_was_made_with(world: World, login: Login) -> None:
    client = login(world.bob)
    world.bob.set_password("another-long-pw-2")
    world.bob.save()

    assert client.get(world.url("jobs/poll/?since=0")).status_code == 404


def test_a_stranger_polls_nothing(world: World, login: Login) -> None:
    assert login(world.mallory).get(world.url("jobs/poll/?since=0")).status_code == 404


def test_watching_makes_running_jobs_due(world: World, login: Login) -> None:
    job = make_job(world.team, state=State.RUNNING, remote_id="ftjob-1")
    FineTuneJob.objects.update(due_at="2099-01-01T00:00:00Z")

    login(world.carol).post(world.url("jobs/watch/"))

    job.refresh_from_db()
    assert job.due_at is not None
    assert job.due_at.year < 2099
    assert job.watched_until is not None


def test_a_viewer_is_not_offered_a_new_job(world: World, login: Login) -> None:
    assert world.team.members.get(user=world.carol).role == Role.VIEWER

    assert "jobs/new/" not in login(world.carol).get(world.url("jobs/")).content.decode()


# --- long lists ---------------------------------------------------------------------------------------


def test_every_page_holds_its_rows_up_to_the_last(world: World, login: Login) -> None:
    for n in range(60):
        make_job(world.team, name=f"job {n}", training_file=world.team.training_files.first())
    client = login(world.alice)

    pages = [names(client.get(world.url(f"jobs/?page={page}"))) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [25, 25, 10]
    assert [name for page in pages for name in page] == [f"job {n}" for n in reversed(range(60))]


def test_a_search_reads_no_more_than_its_newest_and_tells_so(world: World) -> None:
    for n in range(3):
        make_job(world.team, name=f"겨울 {n}", training_file=world.team.training_files.first())
    rows = FineTuneJob.objects.all()

    cut, whole = Shelf(rows, 25, rows, most=2), Shelf(rows, 25, rows, most=3)

    assert ([job.name for job in cut.get_page(1)], cut.count, cut.is_cut) == (["겨울 2", "겨울 1"], 2, True)
    assert (whole.count, whole.is_cut) == (3, False)


def test_how_many_they_are_is_true_with_each_change_and_a_little_late_only_where_they_are_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = FineTuneJob.objects.all()

    def told(version: int) -> int:
        return Shelf(rows, 25, rows, named="jobs", version=version).count

    make_job(world.team, training_file=world.team.training_files.first())
    few = told(1)
    make_job(world.team, training_file=world.team.training_files.first())
    assert (few, told(1), told(2)) == (1, 1, 2)

    monkeypatch.setattr(shelf, "MANY", 2)
    make_job(world.team, training_file=world.team.training_files.first())
    newest = Shelf(rows, 25, rows, named="jobs", version=3)
    assert (newest.count, newest.get_page(1).object_list[0]) == (2, rows[0])


def test_how_many_are_active_is_counted_in_the_index_of_those_alone(world: World) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL reads so few rows without any index")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {COUNTS}", [*[world.team.pk] * 5, world.bob.pk, world.team.pk])
        plan = " ".join(str(row) for row in cursor.fetchall())

    assert "COVERING INDEX jobs_active (team_id=?" in plan


def test_the_search_follows_what_is_renamed_and_what_a_service_names(world: World, login: Login) -> None:
    job = make_job(world.team, name="겨울", state=State.RUNNING)
    note(job, name="봄날")
    move(job, State.SUCCEEDED, fine_tuned_model="ft:sim:Bomnal::AB12")
    client = login(world.bob)

    found = {query: names(client.get(world.url(f"jobs/?q={query}"))) for query in ("겨울", "봄날", "bomnal::ab12")}

    assert found == {"겨울": [], "봄날": ["봄날"], "bomnal::ab12": ["봄날"]}


@pytest.mark.parametrize(
    "query", ["ftjob-AB12cd", "b12C", "ft:sim:org:봄:XY9", "org:봄", "sim-small", "ft:sim:org::KL7"]
)
def test_an_id_is_found_whole_and_in_part(world: World, login: Login, query: str) -> None:
    job = make_job(world.team, name="mine", remote_id="ftjob-AB12cd", fine_tuned_model="ft:sim:org:봄:XY9")
    make_tuned_model(job, name="ft:sim:org::KL7", step=20)
    make_job(world.team, name="other", base_model="gpt-x")

    assert names(login(world.bob).get(world.url("jobs/"), {"q": query})) == ["mine"]


@pytest.mark.parametrize("page", ["jobs/poll/", "jobs/{job}/poll/"])
def test_an_open_page_of_a_person_who_was_deactivated_gets_nothing(world: World, login: Login, page: str) -> None:
    job = make_job(world.team)
    client = login(world.carol)
    url = world.url(page.format(job=job.uuid))
    before = client.get(f"{url}?since=-1")

    User.objects.filter(pk=world.carol.pk).update(is_active=False)
    after = client.get(f"{url}?since=-1")

    assert (before.status_code, after.status_code) == (200, 404)

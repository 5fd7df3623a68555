"""The list and the page of a file, and what can be done there."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import AuditEntry, FileFormat, FileState, RemoteFile, TrainingFile, User
from jobs.pipeline.checking import check
from jobs.states import State
from tests.conftest import World
from tests.factories import chat_lines, make_connection, make_file, make_job, make_user
from tests.test_files_check import LEGACY, legacy, waiting
from tests.training_cases import GOOD

Login = Callable[..., Client]
HTMX = {"HX-Request": "true"}


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def names(response: Any) -> list[str]:
    return [file.name for file in response.context["page"]]


def test_an_empty_list_says_what_to_do(world: World, login: Login) -> None:
    response = login(world.bob).get(world.url("files/"))

    assert names(response) == []
    assert response.context["page"].paginator.count == 0
    assert response.text.count(world.url("files/new/")) == 1
    assert "Make one from text" in response.text


def test_the_list_is_newest_first_and_holds_living_files_of_the_team(world: World, login: Login) -> None:
    make_file(world.team, name="first.jsonl")
    make_file(world.team, name="second.jsonl")
    make_file(world.team, name="gone.jsonl", deleted_at=timezone.now())
    make_file(world.mallory.ensure_team(), name="elsewhere.jsonl")

    assert names(login(world.carol).get(world.url("files/"))) == ["second.jsonl", "first.jsonl"]


def test_the_list_counts_the_jobs_of_each_file(world: World, login: Login) -> None:
    file, other = make_file(world.team), make_file(world.team)
    make_job(world.team, training_file=file, validation_file=other)
    make_job(world.team, training_file=file)

    page = login(world.bob).get(world.url("files/")).context["page"]

    assert {row.pk: row.jobs_count for row in page} == {file.pk: 2, other.pk: 1}


def test_search_finds_names_and_ids(world: World, login: Login) -> None:
    file = make_file(world.team, name="겨울 밤.jsonl")
    make_file(world.team, name="summer.jsonl")
    RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id="file-abc")
    client = login(world.bob)

    for query in ("겨울", str(file.uuid), file.sha256, "file-abc"):
        assert names(client.get(world.url("files/"), {"q": query})) == ["겨울 밤.jsonl"]
    assert names(client.get(world.url("files/"), {"q": "a\0'%"})) == []


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(database) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_list_has_a_constant_query_count(world: World, login: Login) -> None:
    client = login(world.bob)
    make_job(world.team, training_file=make_file(world.team))
    client.get(world.url("files/"))
    one = queries(client, world.url("files/"))
    for _ in range(24):
        make_file(world.team, uploaded_by=make_user(f"u{_}"))

    assert queries(client, world.url("files/")) == one


def test_the_list_is_paged(world: World, login: Login) -> None:
    for number in range(26):
        make_file(world.team, name=f"{number}.jsonl")

    assert names(login(world.bob).get(world.url("files/"), {"page": 2})) == ["0.jsonl"]


def test_the_list_is_live_while_a_file_is_checked(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    client = login(world.bob)
    seen = client.get(world.url("files/")).context["seen"]

    unchanged = client.get(world.url("files/"), headers={**HTMX, "X-Since": seen})
    check(file)
    changed = client.get(world.url("files/"), headers={**HTMX, "X-Since": seen})

    assert unchanged.status_code == 204
    assert changed.status_code == 200
    assert "hx-trigger" not in changed.text


def test_the_page_of_a_checked_file_shows_its_report(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    check(file)

    facts = login(world.carol).get(world.url(f"files/{file.uuid}/")).context["facts"]

    assert (facts.report.examples, len(facts.report.sample), facts.faults) == (12, 5, [])
    assert [warning.message for warning in facts.warnings] == [
        "Few examples: 12. With fewer than 50 the effect is often small."
    ]


def test_the_page_prices_the_connected_services(world: World, login: Login) -> None:
    file = make_file(world.team, tokens=1_000_000)
    make_connection(world.team, "key-of-another", profile="custom", base_url="http://elsewhere.test/v1")

    costs = login(world.carol).get(world.url(f"files/{file.uuid}/")).context["facts"].costs

    assert costs.epochs == (1, 3, 5, 10)
    assert {row.base.label: [int(e.usd) for e in row.estimates] for row in costs.rows} == {
        "sim-small": [0, 0, 0, 0],
        "sim-large": [5, 15, 25, 50],
        "sim-old": [3, 9, 15, 30],
    }
    assert [profile.slug for profile in costs.unpriced] == ["custom"]


def test_progress_is_told_until_the_check_is_done(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    client, url = login(world.bob), world.url(f"files/{file.uuid}/poll/")

    unchanged = client.get(f"{url}?since=0", headers=HTMX)
    moved = client.get(f"{url}?since=7", headers=HTMX)
    check(file)
    done = client.get(f"{url}?since=0", headers=HTMX)

    assert unchanged.status_code == 204
    assert moved.context["file"] == file
    assert "every 1s" in moved.text
    assert (done.headers["HX-Retarget"], done.headers["HX-Reselect"]) == ("#main", "#main")
    assert "every 1s" not in done.text


def test_an_idle_poll_costs_one_query(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    client = login(world.bob)
    client.get(world.url("files/"))

    with CaptureQueriesContext(database) as captured:
        response = client.get(world.url(f"files/{file.uuid}/poll/?since=0"), headers=HTMX)

    assert (response.status_code, len(captured)) == (204, 1)


def test_a_poll_asks_who_it_is(world: World, login: Login) -> None:
    file = waiting(world, chat_lines(12))
    url = world.url(f"files/{file.uuid}/poll/?since=0")
    old_password, inactive = login(world.bob), login(world.carol)
    world.bob.set_password("another-long-one-2")
    world.bob.save()
    User.objects.filter(pk=world.carol.pk).update(is_active=False)

    assert login(world.mallory).get(url, headers=HTMX).status_code == 404
    assert Client().get(url, headers=HTMX).headers["HX-Refresh"] == "true"
    assert old_password.get(url, headers=HTMX).status_code == 404
    assert inactive.get(url, headers=HTMX).status_code == 404


def test_one_page_has_a_constant_query_count(world: World, login: Login) -> None:
    file = make_file(world.team)
    make_job(world.team, training_file=file)
    client, url = login(world.bob), world.url(f"files/{file.uuid}/")
    client.get(url)
    one = queries(client, url)
    for _ in range(9):
        make_job(world.team, training_file=file)

    assert queries(client, url) == one


def test_every_fault_is_in_the_csv(world: World, login: Login) -> None:
    file = waiting(world, "\n".join(GOOD).encode() + b"\n" + b"=1\n" * 700)
    check(file)

    response = login(world.carol).get(world.url(f"files/{file.uuid}/faults.csv"))

    body = response.getvalue()
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert body.startswith(b"\xef\xbb\xbf")
    assert response["Content-Disposition"] == 'attachment; filename="winter-faults.csv"'
    assert rows[0] == ["Line", "Column", "Byte", "What is wrong", "How to mend it"]
    assert len(rows) == 701
    assert rows[1][0] == "13"


def test_a_download_is_an_attachment(world: World, login: Login) -> None:
    body = chat_lines(12)
    file = make_file(world.team, body, name="겨울.jsonl")

    response = login(world.carol).get(world.url(f"files/{file.uuid}/download/"))

    assert response.getvalue() == body
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%EA%B2%A8%EC%9A%B8.jsonl"
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert AuditEntry.objects.get().action == "file.downloaded"


def test_a_download_without_bytes_is_gone(world: World, login: Login) -> None:
    file = make_file(world.team)
    file.path.unlink()

    assert login(world.carol).get(world.url(f"files/{file.uuid}/download/")).status_code == 410


def test_the_services_own_json_is_downloaded(world: World, login: Login) -> None:
    file = make_file(world.team)
    copy = RemoteFile.objects.create(
        connection=world.connection, training_file=file, remote_id="file-1", raw={"id": "file-1", "새": None}
    )

    response = login(world.carol).get(world.url(f"files/{file.uuid}/remote/{copy.pk}.json"))

    assert response.json() == {"id": "file-1", "새": None}
    assert response["Content-Disposition"] == 'attachment; filename="file-1.json"'


def test_a_copy_that_never_arrived_has_no_json(world: World, login: Login) -> None:
    file = make_file(world.team)
    copy = RemoteFile.objects.create(connection=world.connection, training_file=file)

    assert login(world.carol).get(world.url(f"files/{file.uuid}/remote/{copy.pk}.json")).status_code == 404


def test_converting_orders_a_new_version(world: World, login: Login) -> None:
    parent = legacy(world)
    url = world.url(f"files/{parent.uuid}/convert/")

    response = login(world.bob).post(url, {"system_prompt": "짧게 답한다."})
    login(world.bob).post(url, {"system_prompt": "짧게 답한다."})

    made = TrainingFile.objects.exclude(pk=parent.pk).get()
    assert response.url == world.url(f"files/{made.uuid}/")  # type: ignore[attr-defined]
    assert (made.parent, made.options, made.state) == (parent, {"system_prompt": "짧게 답한다."}, FileState.CHECKING)
    assert made.check_due_at
    assert [entry.action for entry in AuditEntry.objects.all()] == ["file.converted"]


@pytest.mark.parametrize("fields", [{"format": FileFormat.CHAT}, {"deleted_at": timezone.now()}])
def test_only_legacy_files_are_converted(world: World, login: Login, fields: dict[str, Any]) -> None:
    file = make_file(world.team, LEGACY, **{"format": FileFormat.LEGACY, **fields})

    response = login(world.bob).post(world.url(f"files/{file.uuid}/convert/"), follow=True)

    assert said(response) == ["Only a checked file of prompts and completions can be converted."]
    assert TrainingFile.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_the_bytes_and_keeps_the_row(world: World, login: Login) -> None:
    file = make_file(world.team)
    job = make_job(world.team, training_file=file, state=State.SUCCEEDED)
    path = file.path

    response = login(world.bob).post(world.url(f"files/{file.uuid}/delete/"), follow=True)

    file.refresh_from_db()
    job.refresh_from_db()
    assert said(response) == ["The file was deleted. Jobs that were trained on it still show its name."]
    assert file.deleted_at
    assert not path.exists()
    assert job.training_file == file
    assert AuditEntry.objects.get().before == {"sha256": file.sha256, "size": file.size}


@pytest.mark.parametrize("role", ["training_file", "validation_file"])
def test_a_file_that_a_job_needs_stays(world: World, login: Login, role: str) -> None:
    file = make_file(world.team)
    make_job(world.team, state=State.RUNNING, **{role: file})

    response = login(world.bob).post(world.url(f"files/{file.uuid}/delete/"))

    file.refresh_from_db()
    assert response.status_code == 409
    assert file.deleted_at is None
    assert file.path.exists()


def test_a_file_that_is_being_converted_stays(world: World, login: Login) -> None:
    parent = legacy(world)
    login(world.bob).post(world.url(f"files/{parent.uuid}/convert/"))

    response = login(world.bob).post(world.url(f"files/{parent.uuid}/delete/"))

    assert response.status_code == 409
    assert TrainingFile.objects.alive().count() == 2


def test_the_page_of_a_deleted_file_remembers(world: World, login: Login) -> None:
    file = make_file(world.team, deleted_at=timezone.now())
    TrainingFile.objects.update(content="")
    client = login(world.bob)

    page = client.get(world.url(f"files/{file.uuid}/"))

    assert page.status_code == 200
    assert "This file was deleted on" in page.text
    assert client.get(world.url(f"files/{file.uuid}/download/")).status_code == 410
    assert client.get(world.url(f"files/{file.uuid}/faults.csv")).status_code == 410
    assert client.post(world.url(f"files/{file.uuid}/delete/")).status_code == 404


def test_a_conversion_that_was_there_leads_to_it(world: World, login: Login) -> None:
    there = make_file(world.team)
    file = make_file(world.team, deleted_at=timezone.now(), report={"same_as": str(there.uuid)})

    response = login(world.bob).get(world.url(f"files/{file.uuid}/"))

    assert response.url == world.url(f"files/{there.uuid}/")  # type: ignore[attr-defined]


@pytest.mark.parametrize("tail", ["", "download/", "faults.csv", "convert/", "delete/"])
def test_a_file_of_another_team_is_not_found(world: World, login: Login, tail: str) -> None:
    file = make_file(world.mallory.ensure_team(), LEGACY, format=FileFormat.LEGACY)
    client = login(world.bob)
    call = client.post if tail in ("convert/", "delete/") else client.get

    assert call(world.url(f"files/{file.uuid}/{tail}")).status_code == 404
    assert call(f"/t/{file.team.slug}/files/{file.uuid}/{tail}").status_code == 404

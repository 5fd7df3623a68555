"""Connections: entering, testing against a real service over HTTP, replacing the key, deleting."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs import provider
from jobs.models import AuditEntry, Connection, ConnectionState, User
from jobs.pipeline import probe
from jobs.provider import ProviderError
from jobs.states import State
from jobs.upstream import AddressRefusedError, checked_address
from tests.conftest import World
from tests.factories import make_connection, make_job, make_tuned_model

type Login = Callable[[User], Client]
KEY = "sk-very-secret-key-0123456789wxyz"


class Rogue(BaseHTTPRequestHandler):
    """A service that is none: `answer` says what it sends to any GET."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def rogue(settings: Any) -> Iterator[type[Rogue]]:
    """A plain HTTP server on an allowed address, which a connection of profile `custom` is aimed at."""

    class Mine(Rogue):
        asked: list[str] = []

    server = HTTPServer(("127.0.0.1", 0), Mine)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.UPSTREAM_HOSTS = [f"127.0.0.1:{server.server_port}"]
    Mine.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield Mine
    server.shutdown()
    server.server_close()


def ordered(connection: Connection) -> Connection:
    """Order a test and let the worker do it."""
    probe.order(connection)
    connection.refresh_from_db()
    probe.test(connection)
    connection.refresh_from_db()
    return connection


def form(**fields: str) -> dict[str, str]:
    return {"name": "Editorial key", "profile": "openai", "base_url": "", "key": KEY, **fields}


# --- entering -----------------------------------------------------------------------------------------


def test_owner_adds_a_connection_and_its_test_is_ordered(world: World, login: Login) -> None:
    response = login(world.alice).post(world.url("connections/new/"), form(key=f"  {KEY}\n"))

    made = Connection.objects.get(name="Editorial key")
    assert response.status_code == 302
    assert response["Location"] == world.url(f"connections/{made.uuid}/")
    assert (made.team, made.profile, made.base_url) == (world.team, "openai", "")
    assert (made.access().key, made.key_hint) == (KEY, "wxyz")
    assert (made.state, made.created_by) == (ConnectionState.TESTING, world.alice)
    assert list(probe.due()) == [made]


def test_key_is_never_shown_nor_written_down(world: World, login: Login, client: Client) -> None:
    alice = login(world.alice)
    User.objects.create_superuser("root", "root@example.com", "x")
    staff = login(User.objects.get(username="root"))
    alice.post(world.url("connections/new/"), form())
    made = Connection.objects.get(name="Editorial key")

    refused = alice.post(world.url("connections/new/"), form(name=""))
    pages = [
        refused,
        alice.get(world.url("connections/")),
        alice.get(world.url(f"connections/{made.uuid}/")),
        alice.get(world.url(f"connections/{made.uuid}/key/")),
        alice.get(world.url("team/audit/")),
        staff.get("/admin/jobs/connection/"),
        staff.get(f"/admin/jobs/connection/{made.pk}/change/"),
    ]

    assert refused.status_code == 422
    assert [page for page in pages if KEY in page.content.decode()] == []
    assert [page for page in pages if made.sealed_key in page.content.decode()] == []
    assert KEY not in str(list(AuditEntry.objects.values()))
    assert KEY not in made.sealed_key
    entry = AuditEntry.objects.get(action="connection.created")
    assert entry.after == {"service": "openai", "address": "https://api.openai.com/v1", "key": "····wxyz"}


@pytest.mark.parametrize("key", ["sk-한글-열쇠", "sk-one two", "sk-one\ntwo", "sk-one\x00two", "sk-one\x7f"])
def test_key_with_strange_characters_is_refused(world: World, login: Login, key: str) -> None:
    response = login(world.alice).post(world.url("connections/new/"), form(key=key))

    assert response.status_code == 422
    assert Connection.objects.count() == 1
    assert key not in response.content.decode()


def test_trainer_needs_no_key(world: World, login: Login) -> None:
    login(world.alice).post(world.url("connections/new/"), form(profile="trainer", key="", base_url="nonsense"))

    made = Connection.objects.get(name="Editorial key")
    assert made.access().key.startswith("trainer-")
    assert made.base_url == ""


def test_openai_needs_a_key(world: World, login: Login) -> None:
    response = login(world.alice).post(world.url("connections/new/"), form(key=""))

    assert response.context["form"].errors == {"key": ["Paste the key that the service gave you."]}


def test_host_that_is_not_allowed_is_named(world: World, login: Login) -> None:
    response = login(world.alice).post(
        world.url("connections/new/"), form(profile="custom", base_url="https://evil.example/v1")
    )

    assert response.status_code == 422
    assert response.context["form"].errors == {
        "base_url": ["The host evil.example is not allowed here. Ask the operator to add it to UPSTREAM_HOSTS."]
    }
    assert Connection.objects.count() == 1


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/v1",
        "http://localhost:8000/v1",
        "http://[::1]/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://0.0.0.0/v1",
        "http://2130706433/v1",
        "http://0x7f000001/v1",
        "http://0177.0.0.1/v1",
        "http://127.1/v1",
        "http://１２７.0.0.1/v1",
        "http://169.254.169.254/latest/meta-data",
        "https://api.openai.com@evil.example/v1",
        "https://evil.example@api.openai.com/v1",
        "https://user:pass@api.openai.com/v1",
        "https://api.openai.com./v1",
        "https://api.openai.com.evil.example/v1",
        "https://evil-api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com:99999/v1",
        "https://api.openai.com/v1?x=1",
        "https://api.openai.com/v1#x",
        "https://api.openai.com\\@evil.example/v1",
        "https://api.openai.com%2f@evil.example/v1",
        "https://api.openai.com\t.evil.example/v1",
        "https://api。openai。com。/v1",
        "http://api.openai.com/v1",
        "ftp://api.openai.com/v1",
        "file:///etc/passwd",
        "//api.openai.com/v1",
        "api.openai.com/v1",
        "https:///v1",
        "https://[::1/v1",
        "https://" + "a" * 70 + ".example/v1",
    ],
)
def test_address_off_the_list_is_refused(settings: Any, text: str) -> None:
    settings.UPSTREAM_HOSTS = ["api.openai.com"]

    with pytest.raises(AddressRefusedError):
        checked_address(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://API.OpenAI.com:443/v1", "https://api.openai.com/v1"),
        ("https://gate.example:8443/openai/v1", "https://gate.example:8443/openai/v1"),
        ("https://한국.example/v1", "https://xn--3e0b707e.example/v1"),
        ("http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1"),
        ("http://localhost:80/v1", "http://localhost/v1"),
        ("http://localhost/v1", "http://localhost/v1"),
        ("http://[::1]:9000/v1", "http://[::1]:9000/v1"),
    ],
)
def test_listed_address_gets_its_normal_form(settings: Any, text: str, normal: str) -> None:
    settings.UPSTREAM_HOSTS = ["API.openai.com", "gate.example:8443", "한국.example", "127.0.0.1:9000", "[::1]:9000"]
    settings.UPSTREAM_HOSTS += ["localhost:80"]

    assert checked_address(text) == normal


# --- testing ------------------------------------------------------------------------------------------


def test_good_connection_works_and_lists_its_models(trainer: str, world: World) -> None:
    connection = ordered(world.connection)

    assert (connection.state, connection.detail) == (ConnectionState.WORKS, "")
    assert connection.bases_seen() == ["sim-large-2026-06-01", "sim-old-2025-01-01", "sim-small-2026-06-01"]
    assert {m["id"]: m["shutdown_date"] for m in connection.models_seen}["sim-old-2025-01-01"] == "2027-01-14"
    assert connection.tested_at is not None
    assert connection.test_due_at is None
    assert list(probe.due()) == []


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ("invalid-key", ConnectionState.WRONG_KEY, "invalid_api_key"),
        ("429-quota", ConnectionState.TROUBLE, "insufficient_quota"),
        ("html", ConnectionState.NOT_OPENAI, "The answer was not JSON"),
    ],
)
def test_fault_is_told_apart(trainer: str, world: World, fault: str, state: str, words: str) -> None:
    connection = ordered(make_connection(world.team, key=f"trainer-fault.{fault}-abcdef123456"))

    assert connection.state == state
    assert words in connection.detail
    assert connection.test_due_at is None


def test_wrong_key_parks_until_a_test_works(trainer: str, world: World) -> None:
    connection = ordered(make_connection(world.team, key="trainer-fault.invalid-key-abc"))
    assert connection.parked_at is not None

    connection.set_key("trainer-good-key-123")
    connection.save()
    connection = ordered(connection)

    assert (connection.state, connection.parked_at) == (ConnectionState.WORKS, None)


def test_silence_is_a_time_out(trainer: str, world: World, settings: Any) -> None:
    settings.PROBE_SECONDS = 0.3

    connection = ordered(make_connection(world.team, key="trainer-fault.slow=1-abcdef"))

    assert connection.state == ConnectionState.TIMED_OUT


def test_long_retry_after_makes_every_call_wait(trainer: str, world: World) -> None:
    connection = ordered(make_connection(world.team, key="trainer-fault.429-long-abcdef"))

    assert connection.state == ConnectionState.TROUBLE
    assert connection.wait_until is not None
    assert connection.wait_until > timezone.now()


def test_nobody_listens_there(world: World, settings: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.TRAINER_URL = f"http://127.0.0.1:{free.getsockname()[1]}/v1"

    connection = ordered(world.connection)

    assert connection.state == ConnectionState.WRONG_ADDRESS
    assert "could not be reached" in connection.detail


OPENAI_403 = (
    b'{"error": {"message": "OpenAI is winding down the fine-tuning platform", "type": "invalid_request_error",'
    b' "param": null, "code": "training_not_available"}}'
)
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, {"Content-Type": "text/html"}, b"<h1>It works!</h1>"), ConnectionState.NOT_OPENAI),
        ((200, JSON, b"{"), ConnectionState.NOT_OPENAI),
        ((200, JSON, b"[1, 2]"), ConnectionState.NOT_OPENAI),
        ((200, JSON, b'{"hello": 1}'), ConnectionState.NOT_OPENAI),
        ((404, {"Content-Type": "text/html"}, b"<h1>Not found</h1>"), ConnectionState.WRONG_ADDRESS),
        ((403, JSON, OPENAI_403), ConnectionState.MAY_NOT_TRAIN),
        ((400, JSON, b"{}"), ConnectionState.TROUBLE),
        ((500, JSON, b"{}"), ConnectionState.TROUBLE),
        ((503, {}, b""), ConnectionState.TROUBLE),
        ((302, {"Location": "/elsewhere"}, b""), ConnectionState.WRONG_ADDRESS),
    ],
)
def test_rogue_service_is_told_apart(
    world: World, rogue: type[Rogue], answer: tuple[int, dict[str, str], bytes], state: str
) -> None:
    rogue.answer = answer
    connection = make_connection(world.team, profile="custom", base_url=rogue.url)  # type: ignore[attr-defined]

    connection = ordered(connection)

    assert connection.state == state
    assert rogue.asked == ["/models"]  # a redirect is not followed, nothing is asked twice


def test_host_taken_off_the_list_is_called_no_more(world: World, rogue: type[Rogue], settings: Any) -> None:
    connection = make_connection(world.team, profile="custom", base_url=rogue.url)  # type: ignore[attr-defined]
    settings.UPSTREAM_HOSTS = []

    connection = ordered(connection)

    assert connection.state == ConnectionState.WRONG_ADDRESS
    assert "UPSTREAM_HOSTS" in connection.detail
    assert rogue.asked == []
    with pytest.raises(ProviderError):
        provider.list_models(connection.access())


def test_wind_down_is_explained(world: World, login: Login) -> None:
    world.connection.state = ConnectionState.MAY_NOT_TRAIN
    world.connection.detail = "OpenAI is winding down (403 training_not_available)"
    world.connection.save()

    page = login(world.carol).get(world.url(f"connections/{world.connection.uuid}/")).content.decode()

    assert "2027-01-06" in page
    assert "(403 training_not_available)" in page


def test_key_replaced_meanwhile_keeps_the_old_finding_out(trainer: str, world: World) -> None:
    connection = make_connection(world.team, key="trainer-fault.invalid-key-abc")
    probe.order(connection)
    old = Connection.objects.get(pk=connection.pk)
    connection.set_key("trainer-good-key-123")
    connection.state = ConnectionState.TESTING
    connection.save(update_fields=["sealed_key", "key_hint", "state"])

    probe.test(old)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.TESTING
    assert connection.parked_at is None


def test_two_workers_ask_once_and_a_dead_one_is_replaced(world: World, rogue: type[Rogue]) -> None:
    rogue.answer = (500, JSON, b"{}")
    connection = make_connection(world.team, profile="custom", base_url=rogue.url)  # type: ignore[attr-defined]
    probe.order(connection)
    Connection.objects.filter(pk=connection.pk).update(test_due_at=timezone.now() + timedelta(seconds=30))

    probe.test(connection)
    assert rogue.asked == []

    Connection.objects.filter(pk=connection.pk).update(test_due_at=timezone.now())
    probe.test(connection)
    assert rogue.asked == ["/models"]


def test_official_shutdown_date_reaches_the_tuned_models(world: World, rogue: type[Rogue]) -> None:
    connection = make_connection(world.team, profile="custom", base_url=rogue.url)  # type: ignore[attr-defined]
    model = make_tuned_model(make_job(world.team, connection=connection), name="ft:a:b::c")
    rogue.answer = (200, JSON, b'{"data": [{"id": "ft:a:b::c", "shutdown_date": "2027-01-14"}]}')

    ordered(connection)

    model.refresh_from_db()
    assert str(model.shutdown_date) == "2027-01-14"


# --- pages --------------------------------------------------------------------------------------------


def test_page_polls_only_while_testing(world: World, login: Login) -> None:
    carol, url = login(world.carol), world.url(f"connections/{world.connection.uuid}/")
    probe.order(world.connection)
    htmx = {"HX-Request": "true"}

    assert b'hx-trigger="every 1s"' in carol.get(url).content
    assert carol.get(url, headers=htmx).status_code == 204

    Connection.objects.filter(pk=world.connection.pk).update(state=ConnectionState.WORKS)
    final = carol.get(url, headers=htmx)

    assert final.status_code == 200
    assert b"hx-get" not in final.content
    assert b"hx-trigger" not in final.content
    assert b"<html" not in final.content


def test_trainer_orders_a_test(world: World, login: Login) -> None:
    response = login(world.bob).post(world.url(f"connections/{world.connection.uuid}/test/"))

    world.connection.refresh_from_db()
    assert response.status_code == 302
    assert world.connection.state == ConnectionState.TESTING
    assert list(probe.due()) == [world.connection]
    assert AuditEntry.objects.get().action == "connection.tested"


def test_owner_replaces_the_key(world: World, login: Login) -> None:
    Connection.objects.update(parked_at=timezone.now(), state=ConnectionState.WRONG_KEY)

    login(world.alice).post(world.url(f"connections/{world.connection.uuid}/key/"), {"key": KEY})

    world.connection.refresh_from_db()
    assert world.connection.access().key == KEY
    assert (world.connection.state, world.connection.parked_at) == (ConnectionState.TESTING, None)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == ("connection.key_replaced", {"key": "····wxyz"})


def test_delete_is_refused_while_a_job_runs(world: World, login: Login) -> None:
    make_job(world.team, connection=world.connection, state=State.RUNNING)

    page = login(world.alice).post(world.url(f"connections/{world.connection.uuid}/delete/"), follow=True)

    world.connection.refresh_from_db()
    assert world.connection.deleted_at is None
    assert world.connection.sealed_key != ""
    assert [str(m) for m in page.context["messages"]] == [
        "A job still runs over this connection. Wait for its end, or cancel it first."
    ]


def test_delete_waits_for_results_that_are_still_to_be_fetched(world: World, login: Login) -> None:
    make_job(world.team, connection=world.connection, state=State.SUCCEEDED, remote_id="ftjob-1")

    login(world.alice).post(world.url(f"connections/{world.connection.uuid}/delete/"))

    world.connection.refresh_from_db()
    assert world.connection.deleted_at is None


def test_delete_wipes_the_key_and_keeps_history(world: World, login: Login) -> None:
    job = make_job(world.team, connection=world.connection, state=State.SUCCEEDED, due_at=None)
    alice = login(world.alice)

    alice.post(world.url(f"connections/{world.connection.uuid}/delete/"))

    world.connection.refresh_from_db()
    job.refresh_from_db()
    assert world.connection.deleted_at is not None
    assert world.connection.sealed_key == ""
    assert job.connection == world.connection
    assert alice.get(world.url(f"connections/{world.connection.uuid}/")).status_code == 404


@pytest.mark.parametrize("tail", ["", "key/", "test/", "delete/"])
def test_stranger_meets_nothing(world: World, login: Login, tail: str) -> None:
    url = world.url(f"connections/{world.connection.uuid}/{tail}")
    mallory = login(world.mallory)

    answers = {mallory.get(url).status_code, mallory.post(url).status_code}

    assert answers <= {404, 405}
    assert AuditEntry.objects.count() == 0


def test_connection_of_another_team_is_not_found_under_ones_own(world: World, login: Login) -> None:
    own = world.mallory.ensure_team()

    response = login(world.mallory).get(f"/t/{own.slug}/connections/{world.connection.uuid}/")

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("who", "tail"),
    [("bob", "new/"), ("bob", "{}/key/"), ("carol", "new/"), ("carol", "{}/delete/"), ("carol", "{}/test/")],
)
def test_lower_roles_may_not(world: World, login: Login, who: str, tail: str) -> None:
    url = world.url(f"connections/{tail.format(world.connection.uuid)}")

    assert login(getattr(world, who)).post(url, form()).status_code == 403


@pytest.mark.parametrize("rows", [1, 20])
def test_list_costs_the_same_however_long(
    world: World, login: Login, django_assert_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        make_connection(world.team, name=f"Key {number}")
    alice = login(world.alice)
    alice.get(world.url("connections/"))

    with django_assert_num_queries(6):
        page = alice.get(world.url("connections/"))

    assert len(page.context["page"].object_list) == rows + 1


def test_a_trainer_that_is_not_served_is_not_offered(world: World, login: Login, settings: Any) -> None:
    settings.TRAINER_URL = ""
    alice = login(world.alice)

    page = alice.get(world.url("connections/new/"))
    sent = alice.post(world.url("connections/new/"), {"name": "연습", "profile": "trainer"})

    assert [value for value, _label in page.context["form"].fields["profile"].choices] == ["openai", "custom"]
    assert (sent.status_code, list(sent.context["form"].errors)) == (422, ["profile"])
    assert Connection.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "hint"), [("sk-5678wxyz", ""), ("sk-45678wxyz", "wxyz"), ("wxyz", ""), (KEY, "wxyz")], ids=len
)
def test_a_short_key_gives_none_of_itself_away(world: World, login: Login, key: str, hint: str) -> None:
    """Four characters of eleven would be too many."""
    connection = make_connection(world.team, key, name="Short")

    page = login(world.alice).get(world.url(f"connections/{connection.uuid}/")).content.decode()

    assert connection.key_hint == hint
    assert ("wxyz" in page) is bool(hint)

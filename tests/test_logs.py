"""The log: its shape, what a request's line says, what a task's line says, and what is blotted out."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from cryptography.fernet import Fernet
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from ftsite.celery import app as celery_app
from ftsite.logs import HIDDEN, Cleaner
from ftsite.urls import urlpatterns as of_the_site
from jobs import tasks
from jobs.models import AuditEntry
from tests.conftest import World
from tests.factories import make_file, make_job
from tests.logging_out import Log, real_log

type Login = Callable[..., Client]
KEY = "sk-proj-abcdefghijklmnop"


@login_not_required
def boom(_request: HttpRequest) -> HttpResponse:
    key = KEY
    raise RuntimeError(f"the service said: wrong key {key}")


urlpatterns = [*of_the_site, path("boom/", boom, name="boom")]


@pytest.fixture
def log() -> Iterator[Log]:
    with real_log() as told:
        yield told


# --- shape --------------------------------------------------------------------------------------------


def test_a_line_is_one_json_object_with_its_traceback(log: Log) -> None:
    structlog.contextvars.clear_contextvars()
    try:
        raise ValueError("두 줄\n가운데")
    except ValueError:
        logging.getLogger("jobs.pipeline.follow").exception("odd answer %s", 7)

    (line,) = log.lines()
    trace = line.pop("exception")
    assert line.pop("time").endswith("Z")
    assert line == {"level": "error", "logger": "jobs.pipeline.follow", "event": "odd answer 7"}
    assert trace.startswith("Traceback (most recent call last):")
    assert trace.endswith("ValueError: 두 줄\n가운데")
    assert list(json.loads(log.getvalue()))[:4] == ["time", "level", "logger", "event"]


def test_embedded_a_line_is_for_reading() -> None:
    structlog.contextvars.clear_contextvars()
    with real_log(machine=False) as log:
        logging.getLogger("ftsite.celery").warning("task", extra={"ms": 3.5, "outcome": "done"})

    assert log.getvalue().split(" ", 1)[1] == "WARNING ftsite.celery task ms=3.5 outcome=done\n"


def test_only_named_fields_get_into_a_line(log: Log) -> None:
    logging.getLogger("jobs").info("told", extra={"status": 200, "request": "GET /?token=1", "body": KEY, "args_": 1})

    assert set(log.lines()[0]) - {"request_id"} == {"time", "level", "logger", "event", "status"}


@pytest.mark.parametrize(
    "name", ["django.db.backends", "openai", "httpx2", "httpcore2", "celery.worker", "uvicorn.access"]
)
def test_libraries_stay_quiet_even_where_we_speak_at_debug(log: Log, name: str) -> None:
    logging.getLogger(name).debug("INSERT … %s", KEY)
    logging.getLogger("uvicorn.access").info("GET /join/token/")
    logging.getLogger("jobs").debug("heard")

    assert [line["event"] for line in log.lines()] == ["heard"]


# --- a request ----------------------------------------------------------------------------------------


def test_a_request_is_one_line_without_its_path(world: World, login: Login, log: Log) -> None:
    job = make_job(world.team)

    response = login(world.bob).get(world.url(f"jobs/{job.uuid}/?q=secret"))

    (line,) = log.lines("ftsite.middleware")
    assert {name: line[name] for name in ("level", "event", "method", "route", "status", "user", "team")} == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "job-detail",
        "status": 200,
        "user": str(world.bob.pk),
        "team": world.team.slug,
    }
    assert line["ms"] > 0
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert "secret" not in log.getvalue()


def test_polls_that_bring_nothing_and_probes_are_debug(world: World, login: Login, log: Log) -> None:
    login(world.bob).post(world.url("jobs/watch/"))
    Client().get("/healthz")

    lines = log.lines("ftsite.middleware")
    assert [(line["route"], line["status"], line["level"]) for line in lines] == [
        ("job-list-watch", 204, "debug"),
        ("healthz", 200, "debug"),
    ]


def test_a_page_that_breaks_is_told_with_its_request_and_without_what_variables_held(
    client: Client, db: None, settings: Any, log: Log
) -> None:
    settings.ROOT_URLCONF, settings.ADMINS = __name__, ["root@example.com"]
    client.raise_request_exception = False

    response = client.get("/boom/?token=abc")

    error = log.lines("django.request")[0]
    line = log.lines("ftsite.middleware")[0]
    assert (response.status_code, line["status"], line["route"]) == (500, 500, "boom")
    assert error["request_id"] == line["request_id"] == response.headers["X-Request-ID"]
    assert error["exception"].endswith(f"RuntimeError: the service said: wrong key {HIDDEN}")
    assert KEY not in log.getvalue() + response.content.decode()


def test_a_broken_page_is_mailed_to_nobody(client: Client, db: None, settings: Any, log: Log, mailoutbox: Any) -> None:
    """Django would mail every local variable and the whole request."""
    settings.ROOT_URLCONF, settings.ADMINS = __name__, ["root@example.com"]
    client.raise_request_exception = False

    assert client.get("/boom/").status_code == 500

    assert mailoutbox == []


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [
        (1, "req-1234567890.A_b", True),
        (0, "req-1234567890.A_b", False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, "newline\\nforged: line", False),
        (1, '{"level": "error"}', False),
    ],
)
def test_a_request_id_is_taken_from_a_trusted_proxy_only(
    client: Client, settings: Any, proxies: int, given: str, kept: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies

    told = client.get("/healthz", headers={"x-request-id": given}).headers["X-Request-ID"]

    assert (told == given) is kept
    assert len(told) >= 8


# --- who asks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "sent", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),  # no proxy: anyone may write this header
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the client's own words stand left of the proxy's
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),  # came around the outer proxy
        (1, "", "127.0.0.1"),
        (1, "<script>", "127.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_audit_names_the_last_trusted_hop(
    world: World, login: Login, settings: Any, proxies: int, sent: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    login(world.alice).post(world.url("team/rename/"), {"name": "새 이름"}, headers={"x-forwarded-for": sent})

    assert AuditEntry.objects.get(action="team.renamed").ip == address


def test_a_made_up_address_does_not_reset_the_count_of_log_ins(world: World, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1

    answers = [
        Client()
        .post(
            "/accounts/login/",
            {"login": f"nobody{n}@example.com", "password": "wrong"},
            headers={"x-forwarded-for": f"198.51.100.{n}, 203.0.113.9"},
        )
        .status_code
        for n in range(35)
    ]

    assert answers[0] == 200
    assert answers[-1] == 429


# --- a task -------------------------------------------------------------------------------------------


@celery_app.task(name="tests.break_job", throws=())
def break_job(_pk: int) -> None:
    raise RuntimeError(f"no: {KEY}")


def test_a_task_is_one_line_with_what_it_was_about(world: World, log: Log) -> None:
    file = make_file(world.team)

    result = tasks.check_file.apply(args=(file.pk,))

    (line,) = log.lines("ftsite.celery")
    assert (line["task"], line["task_id"], line["file"], line["outcome"]) == (
        "jobs.tasks.check_file",
        result.id,
        file.pk,
        "done",
    )


def test_the_tick_is_debug(world: World, log: Log) -> None:
    tasks.tick.apply()

    assert [line["level"] for line in log.lines("ftsite.celery")] == ["debug"]


def test_a_task_that_breaks_is_told_with_its_row(log: Log) -> None:
    celery_app.finalize()

    break_job.apply(args=(41,))

    ours = log.lines("ftsite.celery")[0]
    trace = next(line for line in log.lines() if "exception" in line)
    assert (ours["job"], ours["outcome"]) == (41, "failed")
    assert (trace["job"], trace["task_id"]) == (41, ours["task_id"])
    assert KEY not in log.getvalue()


def test_an_order_carries_its_request_into_the_queue(world: World, login: Login, log: Log) -> None:
    """The services test sees it arrive in a real worker."""
    sent: list[Any] = []
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id="req-12345678")
    with celery_app.connection_for_write() as broker:
        tasks.check_file.apply_async((1,), connection=broker, queue="here")  # type: ignore[call-arg]
        message = broker.SimpleQueue("here").get(timeout=5)
        sent.append(message.headers)
        message.ack()

    assert sent[0]["request_id"] == "req-12345678"


# --- the second line of defence -----------------------------------------------------------------------

SEALED = Fernet(Fernet.generate_key()).encrypt(b"sk-live").decode()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"key {KEY}, sent", f"key {HIDDEN}, sent"),
        ("trainer-demo-0123456789abcdef failed", f"{HIDDEN} failed"),
        ("trainer-fault.slow=2-abc", HIDDEN),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=", HIDDEN),
        ("Authorization: Bearer abc.def-123456", f"Authorization: Bearer {HIDDEN}"),
        pytest.param(SEALED, HIDDEN, id="sealed"),  # another one in each process
        ("postgres://texthelper:p4ssw0rd@db/x", f"postgres://{HIDDEN}@db/x"),
        ("Not Found: /join/c2VjcmV0LXRva2Vu/", f"Not Found: /join/{HIDDEN}/"),
        ("/accounts/password/reset/key/1-c9x-abc/", f"/accounts/password/reset/key/{HIDDEN}/"),
        ("/accounts/confirm-email/MTI:1x:abc/", f"/accounts/confirm-email/{HIDDEN}/"),
        ("Cookie: sessionid=abc123; csrftoken=def456", f"Cookie: sessionid={HIDDEN}; csrftoken={HIDDEN}"),
        ("?page=2&access_token=abc&q=눈", f"?page=2&access_token={HIDDEN}&q=눈"),
        ("{'password': 'hunter22'}", f"{{'password': '{HIDDEN}'}}"),
        (
            "IntegrityError: null value\nDETAIL:  Failing row contains (1, 눈이 내린다).",
            f"IntegrityError: null value\nDETAIL: {HIDDEN}",
        ),
        (
            "job 7 moved from new to pushing; 3 trainers, task 12",
            "job 7 moved from new to pushing; 3 trainers, task 12",
        ),
        ("worker ended (-9); it starts again in 1 s.", "worker ended (-9); it starts again in 1 s."),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(said: str, kept: str) -> None:
    event = {"event": said, "more": {"deep": [said]}, "ms": 1.5}

    assert Cleaner()(None, "info", event) == {"event": kept, "more": {"deep": [kept]}, "ms": 1.5}


def test_our_own_secrets_are_known_by_heart() -> None:
    assert Cleaner(["a-very-own-secret"])(None, "info", {"event": "is a-very-own-secret, yes"}) == {
        "event": f"is {HIDDEN}, yes"
    }

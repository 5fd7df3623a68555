"""Webhooks from outside: only a right signature nudges, and a nudge is all it does."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openai
import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jobs import hook_signature, sealing
from jobs.models import Connection, FineTuneJob, User
from jobs.pipeline import hooks
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job
from tests.hooking import OTHER, SECRET, SUCCEEDED, Headers, event, in_a_minute, is_due, send, signed

type Login = Callable[[User], Client]


@pytest.fixture
def connection(world: World) -> Connection:
    world.connection.sealed_hook_secret = sealing.seal(SECRET)
    world.connection.save()
    return world.connection


@pytest.fixture
def job(world: World, connection: Connection) -> FineTuneJob:
    """A running job that is looked at in a minute only."""
    return make_job(world.team, connection=connection, state=State.RUNNING, remote_id="ftjob-1", due_at=in_a_minute())


# --- what nudges ----------------------------------------------------------------------------------------


def test_webhook_makes_its_job_due_and_says_nothing_of_the_truth(job: FineTuneJob, connection: Connection) -> None:
    assert send(connection, event(), signed(event())) == 204

    assert is_due(job)
    assert (job.state, job.remote_status, job.version) == (State.RUNNING, "", 0)
    connection.refresh_from_db()
    assert connection.hook_type == SUCCEEDED
    assert connection.hook_at is not None
    assert timezone.now() - connection.hook_at < timedelta(seconds=5)


def test_worker_is_sent_for_once(job: FineTuneJob, connection: Connection) -> None:
    assert hooks.hear(connection, SUCCEEDED, "ftjob-1") is True
    assert hooks.hear(connection, SUCCEEDED, "ftjob-1") is False


def test_it_is_cheap(
    job: FineTuneJob, connection: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    unknown = event("ftjob-unknown")
    with django_assert_max_num_queries(4):
        send(connection, unknown, signed(unknown))
    headers = signed(event())
    with django_assert_max_num_queries(4):
        send(connection, event(), headers)
    with django_assert_max_num_queries(1):
        send(connection, event(), headers)
    with django_assert_max_num_queries(1):
        send(connection, event(), signed(event(), OTHER))


def test_repetition_is_taken_and_does_nothing(job: FineTuneJob, connection: Connection) -> None:
    headers = signed(event())
    send(connection, event(), headers)
    FineTuneJob.objects.update(due_at=in_a_minute())  # polled since

    answers = {send(connection, event(), headers) for _ in range(5)}

    assert answers == {204}
    assert not is_due(job)


def test_lost_order_is_asked_after(world: World, connection: Connection) -> None:
    unsure = make_job(world.team, connection=connection, state=State.UNSURE, due_at=in_a_minute())
    decided = make_job(world.team, connection=connection, state=State.UNSURE, due_at=None)
    claimed = make_job(world.team, connection=connection, state=State.SUBMITTING, due_at=in_a_minute())

    assert send(connection, event("ftjob-unknown"), signed(event("ftjob-unknown"))) == 204

    assert is_due(unsure)
    assert not is_due(decided)
    assert not is_due(claimed)


@pytest.mark.parametrize(
    "body",
    [
        event("ftjob-unknown"),
        event(kind="batch.completed"),
        event(kind=None),
        event(kind="x" * 500),
        event(kind="a\0b"),
        event(remote_id=None),
        event(remote_id=7),
        event(remote_id="x" * 5000),
        event(remote_id="a\0\ud800b"),
        b'{"type": "fine_tuning.job.succeeded", "data": []}',
        b"{}",
    ],
)
def test_event_that_means_nothing_here_is_taken(job: FineTuneJob, connection: Connection, body: bytes) -> None:
    assert send(connection, body, signed(body)) == 204

    assert not is_due(job)


def test_job_of_another_connection_is_not_touched(world: World, connection: Connection) -> None:
    other = make_connection(world.team, name="other")
    theirs = make_job(world.team, connection=other, state=State.RUNNING, remote_id="ftjob-1", due_at=in_a_minute())

    assert send(connection, event(), signed(event())) == 204

    assert not is_due(theirs)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_ended_job_stays_as_it_is(job: FineTuneJob, connection: Connection, state: State) -> None:
    FineTuneJob.objects.update(state=state, due_at=None)

    assert send(connection, event(kind="fine_tuning.job.failed"), signed(event(kind="fine_tuning.job.failed"))) == 204

    job.refresh_from_db()
    assert (job.state, job.due_at) == (state, None)


def test_disabled_connection_takes_it_and_does_nothing(job: FineTuneJob, connection: Connection) -> None:
    Connection.objects.update(disabled_at=timezone.now())

    assert send(connection, event(), signed(event())) == 204

    assert not is_due(job)


# --- what is refused ------------------------------------------------------------------------------------


def broken(headers: Headers, **changes: str | None) -> Headers:
    changed = {f"webhook-{name}": value for name, value in changes.items()}
    return {name: value for name, value in (headers | changed).items() if value is not None}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(dict, id="none"),
        pytest.param(lambda: signed(event(), OTHER), id="another secret"),
        pytest.param(lambda: signed(b"{}"), id="another body"),
        pytest.param(lambda: signed(event(), late=400), id="late"),
        pytest.param(lambda: signed(event(), late=-900), id="from the future"),
        pytest.param(lambda: broken(signed(event()), id=None), id="no id"),
        pytest.param(lambda: broken(signed(event()), id="wh_other"), id="another id"),
        pytest.param(lambda: broken(signed(event()), timestamp=None), id="no time"),
        pytest.param(lambda: broken(signed(event()), timestamp=str(int(time.time()) + 1)), id="another time"),
        pytest.param(lambda: broken(signed(event()), timestamp="now"), id="time in words"),
        pytest.param(lambda: broken(signed(event()), timestamp="1" * 5000), id="huge time"),
        pytest.param(lambda: broken(signed(event()), timestamp="١٢٣"), id="Arabic digits"),
        pytest.param(lambda: broken(signed(event()), signature=None), id="no signature"),
        pytest.param(lambda: broken(signed(event()), signature="v1,"), id="empty signature"),
        pytest.param(lambda: broken(signed(event()), signature="v1,é눈"), id="odd letters"),
        pytest.param(lambda: broken(signed(event()), signature="v1,AAAA v1,BBBB"), id="two wrong ones"),
    ],
)
def test_forged_late_or_broken_is_refused(
    job: FineTuneJob, connection: Connection, made: Callable[[], Headers]
) -> None:
    assert send(connection, event(), made()) == 400  # signed now: the suite may have begun long ago

    assert not is_due(job)
    connection.refresh_from_db()
    assert connection.hook_at is None


def test_signature_of_another_version_is_passed_over(job: FineTuneJob, connection: Connection) -> None:
    right = signed(event())
    wrong_version = broken(right, signature=right["webhook-signature"].replace("v1,", "v1a,"))
    among_others = broken(right, signature=f"v1a,AAAA v1,BBBB {right['webhook-signature']}")

    assert send(connection, event(), wrong_version) == 400
    assert send(connection, event(), among_others) == 204


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"null", b"\xff\xfe", b"[" * 20_000, b"9" * 5000, b'"a"'])
def test_body_that_is_no_object_is_refused_however_signed(
    job: FineTuneJob, connection: Connection, body: bytes
) -> None:
    assert send(connection, body, signed(body)) == 400


def test_refused_once_the_same_id_is_still_good(job: FineTuneJob, connection: Connection) -> None:
    """A forger who guessed an id must not have it thrown away as a repetition."""
    send(connection, event(), broken(signed(event(), OTHER, identity="wh_1")))

    assert send(connection, event(), signed(event(), identity="wh_1")) == 204
    assert is_due(job)


def test_too_large_is_refused_by_what_it_says(connection: Connection) -> None:
    body = event("x" * 65_000) + b" " * 1000
    assert len(body) > 64 * 1024

    url = f"/hooks/{connection.uuid}/"
    assert Client().post(url, body, content_type="a/b", headers=signed(body)).status_code == 413
    assert Client().post(url, b"{}", content_type="a/b", CONTENT_LENGTH="9" * 8).status_code == 413
    assert send(connection, b"{}", signed(b"{}"), CONTENT_LENGTH="") == 411


def test_content_type_does_not_matter(job: FineTuneJob, connection: Connection) -> None:
    kinds = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "%"]
    for kind in kinds:
        assert send(connection, event(), signed(event()), content_type=kind) == 204


def test_unknown_deleted_and_not_set_up_look_the_same(world: World, connection: Connection) -> None:
    without = make_connection(world.team, name="without")
    deleted = make_connection(world.team, name="deleted", sealed_hook_secret=sealing.seal(SECRET))
    Connection.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    unknown = Connection(uuid="00000000-0000-4000-8000-000000000000")

    answers = [Client().post(f"/hooks/{c.uuid}/", event(), content_type="a/b") for c in (without, deleted, unknown)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(404, b"Not found.")] * 3


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "head"])
def test_only_post(connection: Connection, method: str) -> None:
    assert getattr(Client(), method)(f"/hooks/{connection.uuid}/").status_code == 405


def test_secret_that_cannot_be_opened_has_the_sender_come_again(
    connection: Connection, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FIELD_KEYS = ["A" * 43 + "="]

    assert send(connection, event(), signed(event())) == 503
    assert str(connection.uuid) in caplog.text


# --- the standard ---------------------------------------------------------------------------------------


def test_our_check_agrees_with_the_sdks() -> None:
    sdk = openai.OpenAI(api_key="x")
    cases = [
        signed(event()),
        signed(event(), OTHER),
        signed(event(), late=290),
        signed(event(), late=310),
        signed(event(), late=-290),
        signed(event(), late=-310),
        broken(signed(event()), id="wh_other"),
        broken(signed(event()), signature="v1,AAAA " + signed(event())["webhook-signature"]),
    ]

    ours = [hook_signature.is_genuine(SECRET, headers, event(), time.time()) for headers in cases]

    assert ours == [sdk_takes(sdk, headers) for headers in cases]
    assert set(ours) == {True, False}


@pytest.mark.parametrize(("late", "is_taken"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_clocks_may_differ_by_five_minutes_to_the_second_as_the_sdk_has_it(late: int, is_taken: bool) -> None:
    sdk = openai.OpenAI(api_key="x")
    with time_machine.travel("2026-11-30T00:00:00Z", tick=False):
        headers = signed(event(), late=late)

        assert hook_signature.is_genuine(SECRET, headers, event(), time.time()) is is_taken
        assert sdk_takes(sdk, headers) is is_taken


def sdk_takes(sdk: openai.OpenAI, headers: Headers) -> bool:
    try:
        sdk.webhooks.verify_signature(event(), headers, secret=SECRET)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("later", [40, 250, 580])
def test_a_webhook_is_heard_once_for_as_long_as_its_signature_holds(
    job: FineTuneJob, connection: Connection, later: float
) -> None:
    """Its sender's clock may be five minutes before ours, so it holds for ten."""
    headers = signed(event(), late=-(hook_signature.TOLERANCE - 5))
    send(connection, event(), headers)

    with time_machine.travel(timezone.now() + timedelta(seconds=later), tick=False):
        FineTuneJob.objects.update(due_at=in_a_minute())
        answer = send(connection, event(), headers)

        assert answer == 204
        assert not is_due(job)


def test_two_services_may_give_one_id(world: World, job: FineTuneJob, connection: Connection) -> None:
    other = make_connection(world.team, name="Other")
    Connection.objects.filter(pk=other.pk).update(sealed_hook_secret=sealing.seal(OTHER))
    theirs = make_job(
        world.team,
        connection=other,
        state=State.RUNNING,
        remote_id="ftjob-2",
        due_at=timezone.now() + timedelta(hours=1),
    )

    send(connection, event(), signed(event(), identity="wh_0000000000000001"))
    send(other, event("ftjob-2"), signed(event("ftjob-2"), OTHER, identity="wh_0000000000000001"))

    assert is_due(job)
    assert is_due(theirs)

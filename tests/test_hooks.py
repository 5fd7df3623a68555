"""Webhooks from outside: only a right signature nudges, and a nudge is all it does."""

import hmac
import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import openai
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jobs import hook_signature, provider, sealing
from jobs.models import AuditEntry, Connection, FineTuneJob, User
from jobs.pipeline import hooks, probe
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job
from trainer import hooks as sending
from trainer.models import Delivery

type Login = Callable[[User], Client]
type Headers = dict[str, str]
SECRET = f"whsec_{b64encode(bytes(range(32))).decode()}"
OTHER = f"whsec_{b64encode(b'o' * 32).decode()}"
SUCCEEDED = "fine_tuning.job.succeeded"


def signature(secret: str, identity: str, sent: str, body: bytes) -> str:
    """The standard's formula. The SDK, which only checks, is asked below whether it is right."""
    mac = hmac.digest(hook_signature.secret_bytes(secret), f"{identity}.{sent}.".encode() + body, "sha256")
    return f"v1,{b64encode(mac).decode()}"


def signed(body: bytes, secret: str = SECRET, late: float = 0, identity: str = "") -> Headers:
    identity = identity or f"wh_{secrets.token_hex(8)}"
    sent = str(int(time.time() - late))
    return {
        "webhook-id": identity,
        "webhook-timestamp": sent,
        "webhook-signature": signature(secret, identity, sent, body),
    }


def event(remote_id: object = "ftjob-1", kind: object = SUCCEEDED) -> bytes:
    told = {"id": "evt_1", "object": "event", "type": kind, "created_at": 1, "data": {"id": remote_id}}
    return json.dumps(told).encode()


@pytest.fixture
def connection(world: World) -> Connection:
    world.connection.sealed_hook_secret = sealing.seal(SECRET)
    world.connection.save()
    return world.connection


@pytest.fixture
def job(world: World, connection: Connection) -> FineTuneJob:
    """A running job that is looked at in a minute only."""
    return make_job(world.team, connection=connection, state=State.RUNNING, remote_id="ftjob-1", due_at=in_a_minute())


def in_a_minute() -> datetime:
    return timezone.now() + timedelta(seconds=60)


def send(connection: Connection, body: bytes, headers: Headers, **more: Any) -> int:
    content_type = more.pop("content_type", "application/json")
    url = f"/hooks/{connection.uuid}/"
    # as from outside: no session, and the check of forms as strict as in life
    answer = Client(enforce_csrf_checks=True).post(url, body, content_type=content_type, headers=headers, **more)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert len(answer.content) < 60
    return answer.status_code


def is_due(job: FineTuneJob) -> bool:
    job.refresh_from_db()
    return job.due_at is not None and job.due_at <= timezone.now()


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
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param(signed(event(), OTHER), id="another secret"),
        pytest.param(signed(b"{}"), id="another body"),
        pytest.param(signed(event(), late=400), id="late"),
        pytest.param(signed(event(), late=-900), id="from the future"),
        pytest.param(broken(signed(event()), id=None), id="no id"),
        pytest.param(broken(signed(event()), id="wh_other"), id="another id"),
        pytest.param(broken(signed(event()), timestamp=None), id="no time"),
        pytest.param(broken(signed(event()), timestamp=str(int(time.time()) + 1)), id="another time"),
        pytest.param(broken(signed(event()), timestamp="now"), id="time in words"),
        pytest.param(broken(signed(event()), timestamp="1" * 5000), id="huge time"),
        pytest.param(broken(signed(event()), timestamp="١٢٣"), id="Arabic digits"),
        pytest.param(broken(signed(event()), signature=None), id="no signature"),
        pytest.param(broken(signed(event()), signature="v1,"), id="empty signature"),
        pytest.param(broken(signed(event()), signature="v1,é눈"), id="odd letters"),
        pytest.param(broken(signed(event()), signature="v1,AAAA v1,BBBB"), id="two wrong ones"),
    ],
)
def test_forged_late_or_broken_is_refused(job: FineTuneJob, connection: Connection, headers: Headers) -> None:
    assert send(connection, event(), headers) == 400

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


def sdk_takes(sdk: openai.OpenAI, headers: Headers) -> bool:
    try:
        sdk.webhooks.verify_signature(event(), headers, secret=SECRET)
    except ValueError:
        return False
    return True


# --- the connection's page ------------------------------------------------------------------------------


def test_owner_stores_replaces_and_removes_a_secret(world: World, login: Login) -> None:
    alice, kind = login(world.alice), "openai"
    Connection.objects.update(profile=kind)
    url = world.url(f"connections/{world.connection.uuid}/")
    address = f"http://testserver/hooks/{world.connection.uuid}/"

    assert address in alice.get(url + "hook/").content.decode()
    stored = alice.post(url + "hook/", {"secret": f" {SECRET}\n"}, follow=True).content.decode()
    taken = send(world.connection, event(), signed(event()))
    alice.post(url + "hook/", {"secret": OTHER})
    after = [send(world.connection, event(), signed(event(), secret)) for secret in (SECRET, OTHER)]
    pages = [alice.get(url).content.decode(), alice.get(url + "hook/").content.decode(), stored]
    alice.post(url + "hook/remove/")
    gone = send(world.connection, event(), signed(event(), OTHER))

    assert (taken, after, gone) == (204, [400, 204], 404)
    assert "it is not shown again" in stored
    sealed = sealing.seal(SECRET)[:4]
    assert [page for page in pages if "whsec_AAEC" in page or OTHER in page or sealed in page] == []
    entries = AuditEntry.objects.order_by("pk").values_list("action", "before", "after", "actor__username")
    acts = ["connection.hook_set", "connection.hook_set", "connection.hook_removed"]
    assert list(entries) == [(act, {}, {}, "alice") for act in acts]


def test_secret_is_sealed_and_never_logged(world: World, login: Login, caplog: pytest.LogCaptureFixture) -> None:
    url = world.url(f"connections/{world.connection.uuid}/hook/")
    with caplog.at_level("DEBUG"):
        login(world.alice).post(url, {"secret": SECRET})
        world.connection.refresh_from_db()
        send(world.connection, event(), signed(event()))
        send(world.connection, event(), signed(event(), OTHER))

    assert SECRET not in caplog.text + world.connection.sealed_hook_secret
    assert sealing.unseal(world.connection.sealed_hook_secret) == SECRET


@pytest.mark.parametrize("secret", ["", "sk-1", "whsec_", "whsec_눈", "whsec_AAAA", "whsec_" + "A" * 33, OTHER[6:]])
def test_secret_that_is_none_is_refused_and_not_shown(world: World, login: Login, secret: str) -> None:
    answer = login(world.alice).post(world.url(f"connections/{world.connection.uuid}/hook/"), {"secret": secret})

    world.connection.refresh_from_db()
    assert answer.status_code == 422
    assert world.connection.sealed_hook_secret == ""
    assert f'value="{secret}"' not in answer.content.decode()


def test_readers_see_the_state_and_no_more(world: World, login: Login, connection: Connection) -> None:
    Connection.objects.update(profile="openai", hook_at=timezone.now(), hook_type=SUCCEEDED)

    for person in (world.bob, world.carol):
        page = login(person).get(world.url(f"connections/{connection.uuid}/")).content.decode()
        assert SUCCEEDED in page
        assert "/hook/" not in page


def test_deleted_connection_forgets_its_secret(world: World, login: Login, connection: Connection) -> None:
    login(world.alice).post(world.url(f"connections/{connection.uuid}/delete/"))

    connection.refresh_from_db()
    assert (connection.deleted_at is not None, connection.sealed_hook_secret) == (True, "")


# --- the bundled trainer --------------------------------------------------------------------------------


def test_trainer_is_set_up_by_a_test_alone(world: World, trainer: str) -> None:
    for _ in range(2):
        probe.order(world.connection)
        probe.test(Connection.objects.get())

    world.connection.refresh_from_db()
    assert sealing.unseal(world.connection.sealed_hook_secret).startswith("whsec_")
    assert world.connection.state == "works"


@pytest.mark.parametrize(
    ("fault", "status", "due"),
    [("slow=0", 204, True), ("hook-twice", 204, True), ("hook-forged", 400, False), ("hook-late", 400, False)],
)
def test_trainers_webhook_makes_the_job_due(world: World, trainer: str, fault: str, status: int, due: bool) -> None:
    connection = make_connection(world.team, key=f"trainer-fault.{fault}-hooks")
    hooks.register(connection)
    access = connection.access()
    file = make_file(world.team)
    uploaded = provider.upload(access, file.path, "a.jsonl")
    remote = provider.create_job(access, {"model": "sim-small", "training_file": uploaded["id"]})
    job = make_job(
        world.team, connection=connection, training_file=file, state=State.RUNNING, remote_id=remote["id"],
        due_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    delivery = Delivery.objects.select_related("endpoint", "job__training_file").get()
    assert delivery.due_at is not None
    Delivery.objects.update(due_at=delivery.due_at - timedelta(hours=1))
    delivery.due_at -= timedelta(hours=1)

    sending.deliver(delivery)

    delivery.refresh_from_db()
    assert delivery.status == status
    assert is_due(job) == due


def test_trainer_that_refuses_is_done_without(world: World, trainer: str) -> None:
    world.connection.set_key("trainer-fault.429-quota-x")
    world.connection.save()

    hooks.register(world.connection)

    world.connection.refresh_from_db()
    assert world.connection.sealed_hook_secret == ""


def test_trainers_page_has_nothing_to_set_up(world: World, login: Login) -> None:
    url = world.url(f"connections/{world.connection.uuid}/")
    alice = login(world.alice)

    before = alice.get(url).content.decode()
    Connection.objects.update(sealed_hook_secret=sealing.seal(SECRET))
    after = alice.get(url).content.decode()

    assert "sets itself up at the next successful test" in before
    assert "Agreed on by the portal and the trainer themselves" in after
    assert "/hook/" not in before + after

"""Setting webhooks up: an owner pastes a secret, the bundled trainer does it by itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs import provider, sealing
from jobs.models import AuditEntry, Connection, User
from jobs.pipeline import hooks, probe
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job
from tests.hooking import OTHER, SECRET, SUCCEEDED, event, is_due, send, signed
from trainer import hooks as sending
from trainer.models import Delivery

type Login = Callable[[User], Client]


@pytest.fixture
def connection(world: World) -> Connection:
    world.connection.sealed_hook_secret = sealing.seal(SECRET)
    world.connection.save()
    return world.connection


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

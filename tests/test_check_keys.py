"""A restore with the wrong sealing key: it is said which rows stay shut, nothing is touched, and all can be mended."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client

from jobs import sealing
from jobs.models import Connection, ConnectionState
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job
from tests.walking import fresh, step, walk

type Login = Callable[..., Client]
RIGHT, WRONG = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def sealed(world: World, settings: Any) -> Connection:
    settings.FIELD_KEYS = [RIGHT]
    world.connection.set_key("trainer-the-first-key-abcd")
    world.connection.sealed_hook_secret = sealing.seal("whsec_x")
    world.connection.state = ConnectionState.WORKS
    world.connection.save()
    return world.connection


def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in Connection.objects.order_by("pk").values()]


def test_with_the_right_key_all_is_well(sealed: Connection) -> None:
    out = StringIO()

    call_command("check_keys", stdout=out)

    assert out.getvalue() == "2 secrets, all of them open\n"


def test_rows_that_stay_shut_are_named_and_nothing_is_touched(world: World, sealed: Connection, settings: Any) -> None:
    settings.FIELD_KEYS = [WRONG]
    open_one = make_connection(world.team, "trainer-sealed-anew-1234", name="새 열쇠")
    before = rows()

    with pytest.raises(CommandError) as told:
        call_command("check_keys")

    lines = str(told.value).splitlines()
    place = f"  {sealed.uuid} · {world.team.slug} · {sealed.name} · "
    assert lines[0] == "2 of 3 secrets cannot be opened with any of FIELD_KEYS. Nothing was changed."
    assert lines[2:] == [f"{place}API key", f"{place}webhook secret"]
    assert (str(open_one.uuid) in str(told.value), told.value.returncode) == (False, 1)
    assert rows() == before


def test_rotating_with_the_wrong_key_touches_nothing_either(sealed: Connection, settings: Any) -> None:
    settings.FIELD_KEYS = [WRONG]
    before = rows()

    with pytest.raises(CommandError, match="could not be opened"):
        call_command("rotate_keys", stdout=StringIO())

    assert rows() == before


def test_the_page_says_what_to_do(world: World, sealed: Connection, settings: Any, login: Login) -> None:
    settings.FIELD_KEYS = [WRONG]

    page = login(world.alice).get(world.url(f"connections/{sealed.uuid}/"))

    assert page.status_code == 200
    assert "The stored key cannot be opened" in page.content.decode()
    assert "The key is good" not in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_jobs_wait_and_go_on_once_the_right_key_is_back(
    world: World, sealed: Connection, settings: Any, trainer: str
) -> None:
    settings.FIELD_KEYS = [WRONG]
    job = step(make_job(world.team))
    sealed.refresh_from_db()
    assert (job.state, job.trouble[:31], sealed.parked_at) == (State.NEW, "The stored key cannot be opened", None)

    settings.FIELD_KEYS = [RIGHT]

    assert walk(fresh(job), State.SUCCEEDED).state == State.SUCCEEDED

"""Keys are sealed anew without losing one."""

from io import StringIO
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from jobs.management.commands.rotate_keys import rotate
from jobs.models import Connection
from jobs.sealing import reseal, seal, unseal
from tests.conftest import World
from tests.factories import make_connection

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def sealed(settings: Any, world: World) -> Connection:
    """A connection whose key was sealed with OLD."""
    world.connection.delete()
    settings.FIELD_KEYS = [OLD]
    return make_connection(world.team, key="sk-of-the-team")


def run() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_old_key_can_go_after_rotation(settings: Any, sealed: Connection) -> None:
    settings.FIELD_KEYS = [NEW, OLD]

    assert run() == "1 sealed anew\n"

    settings.FIELD_KEYS = [NEW]
    sealed.refresh_from_db()
    assert sealed.access().key == "sk-of-the-team"


def test_webhook_secrets_are_sealed_anew_too(settings: Any, sealed: Connection) -> None:
    Connection.objects.update(sealed_hook_secret=seal("whsec_x"))
    settings.FIELD_KEYS = [NEW, OLD]

    assert run() == "2 sealed anew\n"

    settings.FIELD_KEYS = [NEW]
    assert unseal(Connection.objects.get().sealed_hook_secret) == "whsec_x"


def test_secret_that_no_key_opens_does_not_keep_the_other_from_rotation(settings: Any, sealed: Connection) -> None:
    lost = "sealed-with-a-key-that-is-gone"
    Connection.objects.update(sealed_hook_secret=lost)
    settings.FIELD_KEYS = [NEW, OLD]

    with pytest.raises(CommandError, match="webhook's signing secret"):
        run()

    settings.FIELD_KEYS = [NEW]
    row = Connection.objects.get()
    assert (row.access().key, row.sealed_hook_secret) == ("sk-of-the-team", lost)


def test_row_that_no_key_opens_is_named_and_left_alone(settings: Any, sealed: Connection) -> None:
    settings.FIELD_KEYS = [NEW]
    other = make_connection(sealed.team, key="sk-other")

    with pytest.raises(CommandError) as refused:
        run()

    assert str(sealed.uuid) in str(refused.value)
    assert str(other.uuid) not in str(refused.value)
    assert Connection.objects.get(pk=sealed.pk).sealed_key == sealed.sealed_key


def test_key_replaced_meanwhile_is_not_overwritten(settings: Any, sealed: Connection) -> None:
    settings.FIELD_KEYS = [NEW, OLD]
    stale = Connection.objects.get(pk=sealed.pk)
    sealed.set_key("sk-replaced")
    sealed.save()

    assert rotate(stale) is False

    assert Connection.objects.get(pk=sealed.pk).access().key == "sk-replaced"


def test_rotation_keeps_when_a_secret_was_sealed(settings: Any) -> None:
    """Where a key has leaked, one must see which secrets are older than the leak."""
    settings.FIELD_KEYS = [OLD]
    with time_machine.travel("2025-03-01T00:00:00Z", tick=False):
        old = seal("sk-of-the-team")
    settings.FIELD_KEYS = [NEW, OLD]

    new = reseal(old)

    assert new != old
    assert Fernet(NEW).decrypt(new) == b"sk-of-the-team"
    assert Fernet(NEW).extract_timestamp(new) == Fernet(OLD).extract_timestamp(old)

"""What an error tells about the connection itself, for every job of it at once."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.models import Connection, ConnectionState, Team
from jobs.models.connection import KEY_UNREADABLE, TRAINING_NOT_AVAILABLE
from jobs.provider import ProviderError


def blame(connection: Connection, error: ProviderError) -> bool:
    """Remember what `error` tells about `connection`. Returns True if the connection is to be left alone now.

    A wrong key parks it until the key changes; a long Retry-After makes all of its calls wait. A key that we cannot
    open (FIELD_KEYS) is not the service's word: nothing is written, and all goes on once it opens again.
    """
    if error.code == KEY_UNREADABLE:
        return True
    now = timezone.now()
    rows = Connection.objects.filter(pk=connection.pk)
    # the key that was used, and not one that replaced it while the call was under way
    used = rows.filter(sealed_key=connection.sealed_key)
    if error.is_wrong_key:
        used.filter(parked_at=None).update(parked_at=now, state=ConnectionState.WRONG_KEY, detail=str(error))
        return True
    if error.is_not_allowed and error.code == TRAINING_NOT_AVAILABLE:
        detail = f"{error} ({error.status} {error.code})"  # as a test writes it
        rows.update(state=ConnectionState.MAY_NOT_TRAIN, detail=detail)
    if error.retry_after and error.asks_all_to_wait:
        used.update(wait_until=now + timedelta(seconds=error.retry_after))
        return True
    return False


def is_resting(connection: Connection) -> bool:
    """Parked, disabled by staff, or asked to wait."""
    waiting = connection.wait_until is not None and connection.wait_until > timezone.now()
    return waiting or connection.parked_at is not None or connection.disabled_at is not None


def disable(connection: Connection) -> bool:
    """Have no call made over it, by the word of staff. Returns False if that was so before, or it is deleted."""
    rows = Connection.objects.alive().filter(pk=connection.pk)
    with transaction.atomic():
        if not rows.filter(disabled_at=None).update(disabled_at=timezone.now(), test_due_at=None):
            return False
        rows.filter(state=ConnectionState.TESTING).update(state=ConnectionState.UNTESTED)
        _tell_pages(connection)
    return True


def enable(connection: Connection) -> bool:
    """Let it call again: what waited goes on with the next tick. Returns False if nothing was in the way."""
    with transaction.atomic():
        if not Connection.objects.alive().disabled().filter(pk=connection.pk).update(disabled_at=None):
            return False
        _tell_pages(connection)
    return True


def _tell_pages(connection: Connection) -> None:
    """Open pages of its jobs say what became of it."""
    connection.jobs.active().update(version=F("version") + 1)
    Team.objects.filter(pk=connection.team_id).update(jobs_version=F("jobs_version") + 1)

"""Which organization a key acts for, and whether it reaches real bases."""

import getpass
import logging
import secrets
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from trainer.faults import hashed
from trainer.models import IssuedKey, TrainerAct
from wire.issued_keys import OPEN, is_issued, open_form
from wire.requests import wrong_key

log = logging.getLogger(__name__)


def admit(key: str) -> tuple[str, bool]:
    """(organization, whether it reaches real bases) of `trainer-…`, without faults.

    401 for a key that was revoked, one that is signed wrong, and an open one of an organization with issued keys.
    """
    digest = hashed(key)
    known = list(IssuedKey.objects.filter(Q(key_hash=digest) | Q(org=digest)))
    if row := next((row for row in known if row.key_hash == digest), None):
        if row.revoked_at:
            raise wrong_key(key)
        return row.org, True
    if known:
        raise wrong_key(key)
    return (_first_use(key), True) if is_issued(key) else (digest, False)


def _first_use(key: str) -> str:
    """Keep the row of a key that a portal has issued: by it the key can be revoked."""
    open_key = open_form(key, settings.TRAINER_KEY_SECRET)
    if open_key is None:
        raise wrong_key(key)
    digest, org = hashed(key), hashed(open_key)
    IssuedKey.objects.get_or_create(key_hash=digest, defaults={"org": org, "name": f"connection-{digest[:8]}"})
    return org


def issue(name: str, by: str) -> str:
    """A new key. It is shown this once only."""
    key = f"{OPEN}{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        IssuedKey.objects.create(key_hash=hashed(key), org=hashed(key), name=name)
        write_down("key.issued", name, by)
    return key


def revoke(name: str, by: str) -> int:
    """Revoke every key of that name. Returns how many there were."""
    with transaction.atomic():
        count = IssuedKey.objects.filter(name=name, revoked_at=None).update(revoked_at=timezone.now())
        if count:
            write_down("key.revoked", name, by, keys=count)
    return count


def write_down(action: str, subject: str, by: str, **details: Any) -> TrainerAct:
    log.info("trainer act", extra={"act": action, "subject": subject, "by": by})
    return TrainerAct.objects.create(action=action, subject=subject, by=by[:80], details=details)


def operator() -> str:
    """Who runs a command, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"

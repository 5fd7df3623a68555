"""Webhooks: a nudge, never the truth. What a job has come to is asked at the service, as in every poll (ADR 0019)."""

import logging
from urllib.parse import urljoin

from django.urls import reverse
from django.utils import timezone

from jobs import provider, sealing
from jobs.hook_signature import secret_bytes
from jobs.models import Connection, FineTuneJob
from jobs.provider import ProviderError
from jobs.states import State

log = logging.getLogger(__name__)

KIND = "fine_tuning.job."
KINDS = [f"{KIND}{word}" for word in ("succeeded", "failed", "cancelled")]


def hear(connection: Connection, kind: str, remote_id: str) -> bool:
    """Write down that an event came, and make due what it speaks of. Returns whether to follow the connection now.

    Three statements at most. A row that is due already has its nudge; an order whose answer was lost may be what a
    job unknown to us is, so those are asked after by the next tick.
    """
    now = timezone.now()
    Connection.objects.filter(pk=connection.pk).update(hook_at=now, hook_type=kind[:64])
    if connection.disabled_at or not kind.startswith(KIND):
        return False
    later = FineTuneJob.objects.filter(connection=connection, due_at__gt=now)
    if remote_id and later.filter(state=State.RUNNING, remote_id=remote_id).update(due_at=now):
        return True
    later.filter(state=State.UNSURE).update(due_at=now)
    return False


def register(connection: Connection) -> None:
    """Have the bundled trainer send its events here, to the origin at which it is called itself.

    Asked again it gives the same endpoint and secret. Without webhooks everything works, only later: a failure is
    no more than a line in the log.
    """
    try:
        access = connection.access()
        url = urljoin(access.base_url, reverse("hook", args=[connection.uuid]))
        secret = str(provider.create_hook(access, url, KINDS).get("signing_secret"))
        secret_bytes(secret)
    except (ProviderError, ValueError) as error:
        log.warning("no webhook for connection %s: %s", connection.uuid, error)
        return
    same_key = Connection.objects.alive().filter(pk=connection.pk, sealed_key=connection.sealed_key)
    same_key.update(sealed_hook_secret=sealing.seal(secret))

"""What services send by themselves. An answer tells as little as it can to whoever does not know the secret."""

import hashlib
import json
import logging
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs.answers import fits, storable
from jobs.hook_signature import TOLERANCE, is_genuine
from jobs.models import Connection
from jobs.pipeline import hooks
from jobs.sealing import SealBrokenError, unseal
from jobs.tasks import follow_connection, nudge

log = logging.getLogger(__name__)


def _plain(status: int, text: str = "") -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")


@csrf_exempt  # the signature is the proof, and no cookie is looked at
@login_not_required
@require_POST
def hook(request: HttpRequest, connection: UUID) -> HttpResponse:
    """Take a webhook: 204, also for one that came before or means nothing to us; 4xx without a right signature.

    A body beyond 64 KB was refused before it came here (jobs/body_limits.py).
    """
    if not request.META.get("CONTENT_LENGTH"):
        return _plain(411, "Send the body with a Content-Length.")
    found = Connection.objects.alive().exclude(sealed_hook_secret="").filter(uuid=connection).first()
    if found is None:
        return _plain(404, "Not found.")
    return _checked(request, found)


def _checked(request: HttpRequest, connection: Connection) -> HttpResponse:
    try:
        body = request.body
        genuine = is_genuine(unseal(connection.sealed_hook_secret), request.headers, body, timezone.now().timestamp())
    except SealBrokenError:  # the operator lost a key: the sender should come again
        log.error("the webhook secret of connection %s cannot be opened", connection.uuid)
        return _plain(503, "Try again later.")
    except UnreadablePostError:
        return _plain(400, "The body was cut off.")
    if not genuine:
        return _plain(400, "The signature is not right, or too old.")
    event = _event(body)
    if event is None:
        return _plain(400, "The body is not a JSON object.")
    if _is_new(connection, request.headers["webhook-id"]):
        _hear(connection, event)
    return _plain(204)


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        event = storable(json.loads(body))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _is_new(connection: Connection, identity: str) -> bool:
    """A sender repeats itself, and so might an eavesdropper, for as long as the signature holds."""
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return cache.add(f"hook:{connection.pk}:{digest}", True, 2 * TOLERANCE)


def _hear(connection: Connection, event: dict[str, Any]) -> None:
    kind, data = event.get("type"), event.get("data")
    remote_id = data.get("id") if isinstance(data, dict) else None
    known = remote_id if isinstance(remote_id, str) and fits(remote_id) else ""
    if hooks.hear(connection, kind if isinstance(kind, str) else "", known):
        nudge(follow_connection, connection.pk)

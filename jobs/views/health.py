"""For whoever watches the servers: does this process live, and can work be done? Says no name, no address."""

from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from jobs.models import Pulse

BROKER_SECONDS = 2


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers: nothing else is asked, so that a database's trouble does not restart web servers."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 where database, broker and beat work, else 503; each is "ok" or one word."""
    told = {"db": _db(), "broker": _broker()}
    told["beat"] = _beat() if told["db"] == "ok" else "unknown"
    status = 200 if set(told.values()) == {"ok"} else 503
    return JsonResponse(told, status=status, headers={"Cache-Control": "no-store"})


def _db() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def _broker() -> str:
    short = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS}
    try:
        with current_app.connection_for_write(transport_options=short) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OperationalError, OSError):
        return "down"
    return "ok"


def _beat() -> str:
    """The tick goes from beat through broker and worker to the database: its pulse shows them all."""
    try:
        pulse = Pulse.objects.filter(name="tick").first()
    except DatabaseError:
        return "unknown"
    oldest = timezone.now() - timedelta(seconds=max(30.0, 5 * settings.TICK_SECONDS))
    if pulse is None:
        return "never"
    return "ok" if pulse.at >= oldest else "late"

"""Webhooks about a job's end, as OpenAI sends them: signed by Standard Webhooks, at least once, to known places only.

Outside OpenAI's API in two points: an address must lie at this server's own origin (TRAINER_URL), so that nobody can
have the trainer call into the inside network; and the same address again is the same endpoint.
"""

import hmac
import json
import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from trainer.engines.runs import run_of
from trainer.models import Delivery, Endpoint, Job
from wire.ids import derived_id

type Json = dict[str, Any]

KIND = "fine_tuning.job."
KINDS = [f"{KIND}{word}" for word in ("succeeded", "failed", "cancelled")]
SECONDS = 5.0  # an answer that takes longer is a failed attempt
LEASE = timedelta(seconds=30)
MOST_TRIES = 10
LONGEST_REST = 600.0  # seconds between two tries
LATE = 600.0  # seconds that the fault hook-late makes a signature older
PORTS = {"https": 443, "http": 80}
AT_ONCE = 500


def is_ours(url: str) -> bool:
    """Tell whether `url` lies at the origin at which the trainer itself is called, in the plainest of forms."""
    if not url.isascii() or not url.isprintable() or any(letter in url for letter in "@\\ ?#"):
        return False
    try:
        return url.startswith(tuple(f"{scheme}://" for scheme in PORTS)) and _origin(url) == _origin(
            settings.TRAINER_URL
        )
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)


def secret_of(endpoint: Endpoint) -> str:
    """Its signing secret. It follows from SECRET_KEY and is stored nowhere."""
    return f"whsec_{b64encode(_key(endpoint)).decode()}"


# --- planning: a row for each endpoint and job, due when the job ends as things stand -------------------


def plan(job: Job) -> None:
    """Write down when this job's end is to be told, and to whom. Called whenever its end moves."""
    end = run_of(job).planned_end()[1]
    endpoints = Endpoint.objects.filter(org=job.org)
    rows = [Delivery(endpoint=endpoint, job=job) for endpoint in endpoints]
    if rows:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        job.deliveries.filter(tries=0).update(due_at=end)


def plan_running(endpoint: Endpoint) -> list[Job]:
    """An endpoint made while jobs run is told of their ends too: of the newest ones, for ever would be too long."""
    now = timezone.now()
    jobs = Job.objects.filter(org=endpoint.org, cancelled_at=None).select_related("training_file", "training")
    running = [job for job in jobs.order_by("-pk")[:AT_ONCE] if run_of(job).finished_at(now) is None]
    for job in running:
        plan(job)
    return running


def due() -> list[int]:
    """Deliveries whose message was lost, or whose worker died."""
    return list(Delivery.objects.filter(due_at__lte=timezone.now()).values_list("pk", flat=True)[:AT_ONCE])


# --- sending --------------------------------------------------------------------------------------------


def deliver(delivery: Delivery) -> datetime | None:
    """Send what is due, if no other worker does. Returns when to come again, if ever."""
    now = timezone.now()
    if delivery.due_at is None or delivery.due_at > now:
        return delivery.due_at
    rows = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at)
    if not rows.update(due_at=now + LEASE, tries=F("tries") + 1):
        return None
    delivery.tries += 1
    status = _send(delivery, now)
    done = 200 <= status < 300 or delivery.tries >= MOST_TRIES
    rest = timedelta(seconds=min(LONGEST_REST, 2.0**delivery.tries))
    delivery.due_at = None if done else timezone.now() + rest
    delivery.status = status
    delivery.save(update_fields=["due_at", "status"])
    return delivery.due_at


def _send(delivery: Delivery, now: datetime) -> int:
    """The receiver's status; 0 where none came, 204 where nothing had to be sent."""
    job, endpoint = delivery.job, delivery.endpoint
    word, end = run_of(job).planned_end()
    if f"{KIND}{word}" not in endpoint.kinds or end is None or "hook-lost" in job.faults:
        return 204
    if not is_ours(endpoint.url):  # TRAINER_URL has changed since
        return 0
    body = json.dumps(event_json(delivery, word, end)).encode()
    headers = _signed(delivery, body, now)
    if "hook-twice" in job.faults:
        _post(endpoint.url, headers, body)
    return _post(endpoint.url, headers, body)


def event_json(delivery: Delivery, word: str, end: datetime) -> Json:
    return {
        "id": derived_id("evt_", delivery.endpoint.uid, delivery.job.uid),
        "object": "event",
        "type": f"{KIND}{word}",
        "created_at": int(end.timestamp()),
        "data": {"id": delivery.job.uid},
    }


def _signed(delivery: Delivery, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers. An attempt has a time of its own; the id stays, so that a receiver knows a repetition."""
    faults = delivery.job.faults
    late = float(faults.get("hook-late") or LATE) if "hook-late" in faults else 0.0
    sent = str(int(now.timestamp() - late))
    identity = derived_id("wh_", delivery.endpoint.uid, delivery.job.uid)
    key = secrets.token_bytes(32) if "hook-forged" in faults else _key(delivery.endpoint)
    mac = hmac.digest(key, f"{identity}.{sent}.".encode() + body, sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "TextHelper-trainer/1.0",
        "webhook-id": identity,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }


def _key(endpoint: Endpoint) -> bytes:
    return salted_hmac("trainer.hooks", endpoint.uid, algorithm="sha256").digest()


def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    """No redirect is followed and no proxy asked: the bytes go to that origin or nowhere."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()

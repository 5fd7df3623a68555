"""Webhooks as a service would send them."""

import hmac
import json
import secrets
import time
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from jobs import hook_signature
from jobs.models import Connection, FineTuneJob

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

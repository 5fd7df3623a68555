"""Faults on order, scripted by API key or by header: docs/trainer.md has the table."""

import hashlib
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.core.handlers.wsgi import WSGIRequest
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from trainer.models import FaultUse
from wire.errors import WireError, invalid, server_error

KEY_PREFIX = "trainer-fault."
HEADER = "X-Trainer-Fault"
AT_CREATE = ("500", "drop", "timeout")  # each with -before and -after
AT_CHAT = ("500", "drop", "timeout")  # each as chat-…, after the answer was made (and would be billed)
CHAT_STRIKES = 3  # the third answer of a key
NAMES = {
    *("invalid-key", "training-not-available", "429-short", "429-long", "429-quota", "slow", "malformed", "html"),
    *("unknown-status", "unknown-event", "fail", "moderation", "late-list", "no-metadata-filter"),
    *("hook-late", "hook-twice", "hook-forged", "hook-lost"),
    "chat-400",
    *(f"{name}-{side}" for name in AT_CREATE for side in ("before", "after")),
    *(f"chat-{name}" for name in AT_CHAT),
}
LONGEST_FIRST = "|".join(sorted(NAMES, key=len, reverse=True))
ONE = re.compile(rf"(?P<name>{LONGEST_FIRST})(?:=(?P<value>\d+(?:\.\d+)?|[a-z_]+))?(?P<then>[.,-]|$)")
SHORT_EVERY = 4  # calls
DROPPED_LENGTH = 1000  # bytes that a dropped answer promises and never sends


@dataclass(frozen=True)
class Faults:
    """The faults in force for one call: name to value (empty where none was given)."""

    key_hash: str
    named: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.named

    def number(self, name: str, default: float) -> float:
        value = self.named.get(name, "")
        return float(value) if re.fullmatch(r"[\d.]+", value) else default

    def nth_call(self, name: str) -> int:
        """Counts this call, and says which one it was."""
        use, _ = FaultUse.objects.get_or_create(key_hash=self.key_hash, name=name)
        FaultUse.objects.filter(pk=use.pk).update(calls=F("calls") + 1)
        use.refresh_from_db()
        return use.calls


def split_key(key: str) -> tuple[str, dict[str, str]]:
    """The key without its faults, and the faults: `trainer-fault.html-abc` is `trainer-abc` in trouble."""
    if not key.startswith(KEY_PREFIX):
        return key, {}
    named, rest = _parse(key.removeprefix(KEY_PREFIX))
    return f"trainer-{rest}", named


def faults_of(request: HttpRequest, key: str, from_key: dict[str, str]) -> Faults:
    from_header, _ = _parse(request.headers.get(HEADER, ""))
    return Faults(hashed(key), from_key | from_header)


def hashed(key: str) -> str:
    """What is kept of a key: enough to know it again, nothing to use it."""
    return hashlib.sha256(key.encode()).hexdigest()


def _parse(text: str) -> tuple[dict[str, str], str]:
    named: dict[str, str] = {}
    place = 0
    while place < len(text):
        found = ONE.match(text, place)
        if found is None:
            raise invalid(f"Unknown fault in '{text[place : place + 40]}'. Known: {', '.join(sorted(NAMES))}.")
        named[found["name"]] = found["value"] or ""
        place = found.end()
        if found["then"] == "-":
            break
    return named, text[place:]


# --- what they do ---


def before_the_call(faults: Faults) -> HttpResponseBase | None:
    """Faults that any call may meet before it is looked at."""
    if "slow" in faults:
        time.sleep(faults.number("slow", 3))
    if "429-long" in faults:
        raise _too_many(600)
    if "429-quota" in faults:
        raise _no_credit()
    if "429-short" in faults and (faults.nth_call("429-short") - 1) % SHORT_EVERY == 0:
        raise _too_many(1)
    if "html" in faults:
        return HttpResponse("<!doctype html><title>Welcome</title><h1>It works!</h1>")
    return None


def at_create(faults: Faults, request: HttpRequest, side: str) -> HttpResponseBase | None:
    """The answer that stands in for the real one, before or after the job was made. First create of a key only."""
    for name in AT_CREATE:
        fault = f"{name}-{side}"
        if fault in faults and faults.nth_call(fault) == 1:
            return _instead(name, side, faults.number(fault, 65), request)
    return None


def at_chat(faults: Faults, request: HttpRequest) -> HttpResponseBase | None:
    """What stands in for the third whole answer of a key. Every call of a key with faults is counted, as "chat"."""
    if not faults.named or faults.nth_call("chat") != CHAT_STRIKES:
        return None
    if "chat-400" in faults:
        raise invalid("The prompt was flagged by a scripted fault.", "messages", "content_policy_violation")
    for name in AT_CHAT:
        if f"chat-{name}" in faults:
            return _instead(name, "after", faults.number(f"chat-{name}", 65), request)
    return None


def _instead(name: str, side: str, seconds: float, request: HttpRequest) -> HttpResponseBase | None:
    if name == "500":
        raise server_error()
    if name == "drop":
        return dropped(request)
    time.sleep(seconds)
    if side == "before":
        raise WireError(503, "The server gave up waiting.", "server_is_overloaded", type="service_unavailable_error")
    return None


def dropped(request: HttpRequest) -> HttpResponseBase:
    """Closes the connection without an answer.

    Under ASGI an error after the headers makes the server close it: the promised body never comes. wsgiref keeps
    the connection open after such an error, so there its socket is shut down first.
    """

    def body() -> Iterator[bytes]:
        if isinstance(request, WSGIRequest):
            _hang_up(request)
        raise ConnectionAbortedError("dropped by a scripted fault")
        yield b""  # what makes this a generator, which is first asked after the headers are out

    headers = {"Content-Length": str(DROPPED_LENGTH)}
    return StreamingHttpResponse(body(), content_type="application/json", headers=headers)


def _hang_up(request: WSGIRequest) -> None:
    """Shuts down the socket that the development server reads this request from."""
    stream = request.environ["wsgi.input"]
    descriptor = getattr(stream, "_read", stream.read).__self__.fileno()
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)


def _too_many(seconds: int) -> WireError:
    message = f"Rate limit reached. Please try again in {seconds}s."
    headers = {"Retry-After": str(seconds)}
    return WireError(429, message, "rate_limit_exceeded", type="requests", headers=headers)


def _no_credit() -> WireError:
    message = "You exceeded your current quota, please check your plan and billing details."
    return WireError(429, message, "insufficient_quota", type="insufficient_quota")

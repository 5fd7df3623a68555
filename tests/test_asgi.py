"""Bodies that Django would write to disk before asking us are stopped at the door."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ftsite.asgi import guarded


def drive(headers: dict[bytes, bytes], path: str = "/") -> tuple[list[Any], list[Any]]:
    """What an application behind the guard received, and what was sent."""
    arriving: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"a" * 10, "more_body": True},
        {"type": "http.request", "body": b"b" * 10, "more_body": False},
        {"type": "http.disconnect"},
    ]
    received: list[Any] = []
    sent: list[Any] = []

    async def receive() -> Mapping[str, Any]:
        return arriving.pop(0)

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    async def app(_scope: dict[str, Any], receive: Any, _send: Any) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            received.append(message["body"])

    async def request() -> None:
        await guarded(app)({"type": "http", "path": path, "headers": list(headers.items())}, receive, send)

    asyncio.run(request())
    return received, sent


def test_a_body_within_the_limit_passes() -> None:
    assert drive({b"content-length": b"20"}) == ([b"a" * 10, b"b" * 10], [])


def test_a_body_over_the_limit_is_not_handed_on(settings: Any) -> None:
    settings.BODY_LIMIT = 19

    assert drive({b"content-length": b"20"}) == ([b""], [])


def test_a_webhook_has_a_limit_of_its_own() -> None:
    assert drive({b"content-length": b"65536"}, "/hooks/1/") == ([b"a" * 10, b"b" * 10], [])
    assert drive({b"content-length": b"65537"}, "/hooks/1/") == ([b""], [])
    assert drive({b"content-length": b"65537"}) == ([b"a" * 10, b"b" * 10], [])


@pytest.mark.parametrize("word", [b"chunked", b"gzip, Chunked"])
def test_a_body_of_unknown_length_is_refused(word: bytes) -> None:
    received, sent = drive({b"transfer-encoding": word})

    assert received == []
    assert sent[0]["status"] == 411

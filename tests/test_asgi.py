"""The door: bodies that Django would write to disk before asking us are stopped; behind it one thread a request."""

import asyncio
from collections.abc import Iterator, Mapping
from inspect import iscoroutinefunction
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory
from django.urls import path
from django.utils.decorators import sync_and_async_middleware

from ftsite.asgi import OneThread, guarded
from ftsite.redis_cache import PooledCache


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


inner: list[bool] = []


@sync_and_async_middleware
def witness(get_response: Any) -> Any:
    """Notes whether what lies below it is a coroutine."""
    inner.append(iscoroutinefunction(get_response))
    return get_response


def test_a_request_steps_into_its_thread_once(settings: Any) -> None:
    inner.clear()
    settings.MIDDLEWARE = ["tests.test_asgi.witness", "django.middleware.common.CommonMiddleware"]
    settings.ROOT_URLCONF = "tests.test_asgi"

    answer = async_to_sync(OneThread().get_response_async)(AsyncRequestFactory().get("/no-such-page/"))

    assert (answer.status_code, inner) == (404, [False])


used: list[Any] = []  # the database connections of the requests' threads


def broken(_request: Any) -> HttpResponse:
    connection.ensure_connection()
    used.append(connections[DEFAULT_DB_ALIAS])
    raise RuntimeError


def broken_off(_request: Any) -> StreamingHttpResponse:
    connection.ensure_connection()
    used.append(connections[DEFAULT_DB_ALIAS])

    def body() -> Iterator[bytes]:
        yield b"so far"
        raise RuntimeError

    return StreamingHttpResponse(body())


urlpatterns: list[Any] = [path("broken/", broken), path("broken-off/", broken_off)]


def handler404(_request: Any, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)


def handler500(_request: Any) -> HttpResponse:
    raise RuntimeError


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["/broken/", "/broken-off/"])
def test_an_answer_that_breaks_off_keeps_no_connection(settings: Any, page: str) -> None:
    used.clear()
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "tests.test_asgi"
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": page, "query_string": b"", "headers": []}
    arriving = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return arriving.pop() if arriving else await asyncio.Event().wait()

    async def send(_message: Any) -> None:
        return None

    with pytest.raises(RuntimeError):
        asyncio.run(OneThread()(scope, receive, send))

    assert [one.connection for one in used] == [None]


def test_every_request_shares_the_processs_connections_to_redis() -> None:
    first, second = (PooledCache("redis://127.0.0.1:1/0", {})._cache.get_client() for _ in range(2))

    assert first.connection_pool is second.connection_pool

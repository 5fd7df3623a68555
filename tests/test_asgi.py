"""The door: bodies that Django would write to disk before asking us are stopped; behind it one thread a request."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from inspect import iscoroutinefunction
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
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
    assert drive({b"content-length": b"65537"}, "/t/1/runs/new/") == ([b"a" * 10, b"b" * 10], [])


@pytest.mark.parametrize("word", [b"chunked", b"gzip, Chunked"])
@pytest.mark.parametrize("path", ["/", "/hooks/1/", "/t/a/files/new/", "/trainer/v1", "/x/trainer/v1/files"])
def test_a_body_of_unknown_length_is_refused(word: bytes, path: str) -> None:
    received, sent = drive({b"transfer-encoding": word}, path)

    assert received == []
    assert sent[0]["status"] == 411


def test_the_trainer_takes_a_body_of_unknown_length(settings: Any) -> None:
    settings.BODY_LIMIT = 20

    assert drive({b"transfer-encoding": b"chunked"}, "/trainer/v1/files") == ([b"a" * 10, b"b" * 10], [])


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(settings: Any) -> None:
    settings.BODY_LIMIT = 19

    received, sent = drive({b"transfer-encoding": b"chunked"}, "/trainer/v1/files")

    assert received == [b"a" * 10]
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["error"]["code"] == "content_too_large"


ways: list[tuple[bool, str]] = []  # of a request: whether what lies below is a coroutine, and the thread
used: list[Any] = []  # the database connections of the requests' threads


@sync_and_async_middleware
def witness(get_response: Any) -> Any:
    def look(request: Any) -> Any:
        ways.append((iscoroutinefunction(get_response), threading.current_thread().name))
        return get_response(request)

    return look


def whole(_request: Any) -> HttpResponse:
    ways.append((False, threading.current_thread().name))
    connection.ensure_connection()
    used.append(connections[DEFAULT_DB_ALIAS])
    timezone.activate("Asia/Seoul")
    return HttpResponse("all of it")


def zone(_request: Any) -> HttpResponse:
    return HttpResponse(timezone.get_current_timezone_name())


def broken(_request: Any) -> HttpResponse:
    connection.ensure_connection()
    used.append(connections[DEFAULT_DB_ALIAS])
    raise RuntimeError


def broken_off(_request: Any) -> StreamingHttpResponse:
    connection.ensure_connection()
    used.append(connections[DEFAULT_DB_ALIAS])

    async def body() -> AsyncIterator[bytes]:
        yield b"so far"
        raise RuntimeError

    return StreamingHttpResponse(body())


def endless(_request: Any) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"so far"
            await asyncio.Event().wait()
        finally:
            ways.append((True, "ended"))

    return StreamingHttpResponse(body())


VIEWS: list[Any] = [whole, zone, broken, broken_off, endless]
urlpatterns: list[Any] = [path(f"{view.__name__}/", view) for view in VIEWS]


def handler404(_request: Any, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)


def handler500(_request: Any) -> HttpResponse:
    raise RuntimeError


@pytest.fixture
def ask(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Any]]]:
    """Asks the handler for a page and gives what it sends; `stays` says whether the reader waits for the end.

    As on PostgreSQL, a request gives its connection back to the pool.
    """
    monkeypatch.setitem(connections.databases[DEFAULT_DB_ALIAS], "CONN_MAX_AGE", 0)
    settings.MIDDLEWARE, settings.ROOT_URLCONF = ["tests.test_asgi.witness"], "tests.test_asgi"
    handler = OneThread()

    def asked(page: str, stays: bool = True) -> list[Any]:
        ways.clear()
        used.clear()
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": page,
            "query_string": b"",
            "headers": [],
        }
        arriving: list[Any] = [{"type": "http.disconnect"}] * (not stays)
        arriving.append({"type": "http.request", "body": b"", "more_body": False})
        sent: list[Any] = []

        async def receive() -> Any:
            return arriving.pop() if arriving else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(handler(scope, receive, send))
        return sent

    yield asked
    handler.threads.shutdown()


@pytest.mark.django_db(transaction=True)
def test_a_request_runs_in_one_thread_that_is_kept(ask: Callable[..., list[Any]]) -> None:
    threads = set()
    for _ in range(10):
        sent = ask("/whole/")
        [thread] = {thread for _is_coroutine, thread in ways}
        threads.add(thread)

        assert [message.get("body", message.get("status")) for message in sent] == [200, b"all of it"]
        assert ways == [(False, thread)] * 2
        assert [one.connection for one in used] == [None]

    assert len(threads) < 10  # one that has not come to rest when the next request arrives gets company


@pytest.mark.django_db(transaction=True)
def test_a_request_leaves_nothing_to_the_next_in_its_thread(ask: Callable[..., list[Any]]) -> None:
    before = ask("/zone/")[1]["body"]
    ask("/whole/")

    assert ask("/zone/")[1]["body"] == before != b"Asia/Seoul"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["/broken/", "/broken_off/"])
def test_an_answer_that_breaks_off_keeps_no_connection(ask: Callable[..., list[Any]], page: str) -> None:
    with pytest.raises(RuntimeError):
        ask(page)

    assert [one.connection for one in used] == [None]


def test_a_stream_ends_when_its_reader_has_gone(ask: Callable[..., list[Any]]) -> None:
    sent = ask("/endless/", stays=False)

    assert sent[0]["status"] == 200
    assert ways[-1] == (True, "ended")


def test_every_request_shares_the_processs_connections_to_redis() -> None:
    first, second = (PooledCache("redis://127.0.0.1:1/0", {})._cache.get_client() for _ in range(2))
    other = PooledCache("redis://127.0.0.1:2/0", {})._cache.get_client()

    assert first is second
    assert first.connection_pool is not other.connection_pool

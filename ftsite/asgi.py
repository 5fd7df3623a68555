"""ASGI entry point: the playground's streams need it, in every way of running."""

import asyncio
import gc
import os
import warnings
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from importlib import import_module
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.db import close_old_connections, connections
from django.http import parse_cookie
from django.urls import set_script_prefix

from ftsite.charsets import harmless_header
from ftsite.outages import NO_ROOM, is_full
from jobs.body_limits import body_limit, form_limit, needs_log_in, takes_chunks
from wire.errors import too_large

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

MOST_AT_ONCE = 32  # threads; the rest waits for its turn

type Scope = dict[str, Any]
type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]


def guarded(app: App) -> App:
    """Let `app` answer to a body that is too large without waiting for it; count one whose length is not declared.

    Django's ASGI handler writes the whole body to disk before any code of ours is asked.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "headers": [harmless_header(*header) for header in scope.get("headers", ())]}
        headers = dict(scope["headers"])
        if scope["type"] == "http" and _is_chunked(headers):
            await _chunked(app, scope, receive, send)
        elif scope["type"] == "http" and _length(headers) > _most(scope["path"], headers):
            await app(scope, _unread(receive), send)
        else:
            await app(scope, receive, send)

    return guard


def _most(path: str, headers: dict[bytes, bytes]) -> int:
    """How much of a body is worth a place on the disk: without a session no file is taken."""
    stranger = needs_log_in(path) and settings.SESSION_COOKIE_NAME not in parse_cookie(
        headers.get(b"cookie", b"").decode("latin-1")
    )
    return min(form_limit(), body_limit(path)) if stranger else body_limit(path)


def _is_chunked(headers: dict[bytes, bytes]) -> bool:
    return b"chunked" in headers.get(b"transfer-encoding", b"").lower()


def _length(headers: dict[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


async def _chunked(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Pass on a body of unknown length, as SDKs send it, up to the limit that a declared length has."""
    if not takes_chunks(scope["path"]):
        await _refuse(send, 411, "text/plain", b"Send the body with a Content-Length.")
        return
    counted = _Counted(receive, body_limit(scope["path"]))
    await app(scope, counted, send)
    if counted.is_over:  # the application was given a disconnect, to which it answers nothing
        refusal = too_large(counted.limit).response()
        await _refuse(send, refusal.status_code, "application/json", refusal.content)


class _Counted:
    """Receives until more than `limit` bytes have come; from then on the client seems to be gone."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.receive, self.limit, self.left, self.is_over = receive, limit, limit, False

    async def __call__(self) -> Message:
        message = await self.receive()
        self.left -= len(message.get("body", b""))
        self.is_over = self.is_over or self.left < 0
        return {"type": "http.disconnect"} if self.is_over else message


def _unread(receive: Receive) -> Receive:
    """Give an empty body at once, then only the end of the connection."""
    given = False

    async def nothing() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return nothing


async def _refuse(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_length(scope: Scope, body: IO[bytes]) -> Scope:
    """Declare the length of a chunked body that has been received whole: Django's parsers read no body without it."""
    headers = dict(scope["headers"])
    if not _is_chunked(headers):
        return scope
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    rest = [(name, value) for name, value in scope["headers"] if name not in (b"transfer-encoding", b"content-length")]
    return {**scope, "headers": [*rest, (b"content-length", str(length).encode())]}


# WhiteNoise hands its small hashed files over as plain iterators: read whole, they are still small
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")


class OneThread(ASGIHandler):
    """Answers a request in one step into one thread, from middleware to closing.

    Django's own handler goes to a thread and back for each method of each middleware, for signals and for closing, and
    starts a thread for every request: most of what an idle poll costs. Here threads are kept, and with them what Django
    keeps in a thread. What the context holds (language, time zone, the request's id) is the request's own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.threads = ThreadPoolExecutor(MOST_AT_ONCE, "request")

    def load_middleware(self, is_async: bool = False) -> None:
        """Load the chain as WSGI would."""
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the body, answer in a thread, send. A stream goes on here, in the event loop."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        except OSError as error:
            if not is_full(error):
                raise
            scope, body = {**scope, NO_ROOM: True}, SpooledTemporaryFile()  # noqa: SIM115  # closed below
        with closing(body):
            scope = _with_length(scope, body)
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self.threads, copy_context().run, self._answer, scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)

    async def read_body(self, receive: Any) -> Any:
        """As Django does, but beside the uploads: its own place, /tmp, may be memory."""
        small, size = settings.FILE_UPLOAD_MAX_MEMORY_SIZE, 0
        body = SpooledTemporaryFile(small, dir=str(settings.FILE_UPLOAD_TEMP_DIR))  # noqa: SIM115
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestAborted
                piece, more = message.get("body", b""), message.get("more_body", False)
                size += len(piece)
                if size > small:  # it goes to the disk, which may take its time
                    await asyncio.to_thread(body.write, piece)
                else:
                    body.write(piece)
            body.seek(0)
        except BaseException:
            with suppress(OSError):  # what could not be written cannot be flushed either
                body.close()
            raise
        return body

    def _answer(self, scope: Any, body: Any) -> Any:
        """Give the database connection back before another thread asks for it, whatever happens.

        Ten threads that kept theirs would empty the pool, and all others wait in vain.
        """
        set_script_prefix(get_script_prefix(scope))
        try:
            request_started.send(sender=self.__class__, scope=scope)
            request, refused = self.create_request(scope, body)
            if request is not None and NO_ROOM in scope:
                request.META[NO_ROOM] = True
            response: Any = refused if request is None else self.get_response(request)
            response._handler_class = self.__class__
            if not response.streaming:
                response.close()
            return response
        finally:
            close_old_connections()

    async def _stream(self, response: Any, receive: Any, send: Any) -> None:
        """Send until it ends, or until the reader has gone. What it queries runs in the thread of this context."""
        try:
            async with asyncio.TaskGroup() as both:
                watching = both.create_task(self.listen_for_disconnect(receive))
                if begin := getattr(response, "begin", None):  # its status follows from its first part
                    await begin()
                await self.send_response(response, send)
                watching.cancel()
        except* RequestAborted:
            pass
        except* Exception as group:  # a server's log wants the one that it was
            raise group.exceptions[0] from None
        finally:
            await sync_to_async(response.close, thread_sensitive=True)()
            await sync_to_async(connections.close_all, thread_sensitive=True)()


def settle() -> None:
    """Load what every page needs, and tell the collector that it stays: to look through it took 0.1 s each time."""
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


django.setup(set_prefix=False)
application = guarded(OneThread())
settle()

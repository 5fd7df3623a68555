"""ASGI entry point: the playground's streams need it, in every way of running."""

import os
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

from jobs.body_limits import body_limit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

type Scope = dict[str, Any]
type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]


def guarded(app: App) -> App:
    """Let `app` answer to a body that is too large without waiting for it, and refuse one of unknown length.

    Django's ASGI handler writes the whole body to disk before any code of ours is asked.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            await _length_required(send)
        elif scope["type"] == "http" and _length(headers) > body_limit(scope["path"]):
            await app(scope, _unread(receive), send)
        else:
            await app(scope, receive, send)

    return guard


def _length(headers: dict[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


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


async def _length_required(send: Send) -> None:
    await send({"type": "http.response.start", "status": 411, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Send the body with a Content-Length."})


# WhiteNoise hands its small hashed files over as plain iterators: read whole, they are still small
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")


class OneThread(ASGIHandler):
    """Runs a request's middleware and view in one thread.

    Django's own handler goes to a thread and back for each method of each middleware, thirty times a request: two
    thirds of what an idle poll costs. A view that is a coroutine runs on the event loop all the same, and streams.
    """

    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        """Load the chain as WSGI would, and step into it once."""
        super().load_middleware(is_async=False)
        self._middleware_chain = sync_to_async(self._middleware_chain, thread_sensitive=True)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Give the thread's database connection back where an answer breaks off, too.

        Django sends no request_finished then (a stream that raises, an error page that breaks as well): ten such
        requests would empty the pool, and all others wait in vain.
        """
        try:
            await super().handle(scope, receive, send)
        except BaseException:
            await sync_to_async(connections.close_all, thread_sensitive=True)()
            raise


django.setup(set_prefix=False)
application = guarded(OneThread())

"""An answer whose status is known only when its first part is."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from django.http import HttpResponse, StreamingHttpResponse

from trainer.views.chat_shapes import sent
from wire.errors import WireError, server_error

logger = logging.getLogger(__name__)


class LaterResponse(StreamingHttpResponse):
    """Waits for its first part in the event loop, so that no thread of the site does.

    The ASGI handler awaits `begin` before it sends status and headers. A WireError that comes later ends the stream
    with an event that SDKs raise as an error.
    """

    def __init__(self, parts: AsyncGenerator[bytes], content_type: str) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(parts, content_type=content_type, headers=headers)
        self._parts, self._first = parts, b""

    async def begin(self) -> None:
        try:
            self._first = await anext(self._parts)
        except WireError as refusal:
            self._become(refusal.response())
        except Exception:
            logger.exception("the trainer broke")
            self._become(server_error().response())

    def _become(self, response: HttpResponse) -> None:
        self.status_code = response.status_code
        for name, value in response.items():
            self[name] = value
        self._first = response.content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._parts) as parts:
            yield self._first
            try:
                async for part in parts:
                    yield part
            except WireError as refusal:
                yield sent({"error": refusal.body()})
            except Exception:
                logger.exception("the trainer broke")
                yield sent({"error": server_error().body()})

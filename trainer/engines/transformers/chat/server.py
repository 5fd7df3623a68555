"""Questions come in over a socket, one a connection; answers go out in lines of JSON. One thread computes."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from trainer.engines.transformers.chat import generation
from trainer.engines.transformers.chat.models import Loaded, Models
from trainer.engines.transformers.chat.orders import Order, read_order
from trainer.engines.transformers.chat.pieces import Pieces
from trainer.engines.transformers.chat.prompts import end_tokens, prompt_text, prompt_tokens
from trainer.engines.transformers.chat.refusals import RefusalError
from trainer.engines.transformers.chat.turns import Turns

MOST_LINE = 16 * 1024 * 1024  # bytes of one question
BEAT = 5.0  # seconds; a line at least so often, so that silence means that nobody is there

logger = logging.getLogger(__name__)


class Server:
    """`open` counts the connections; `quiet_since` is when the last one closed, on the monotonic clock."""

    def __init__(self, root: Path) -> None:
        self.root, self.models, self.turns = root.resolve(), Models(), Turns()
        self.thread = ThreadPoolExecutor(1, "answering")
        self.open, self.quiet_since = 0, time.monotonic()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await self._connection(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # gone before the end: nothing is left to do for it
        finally:
            self.open -= 1
            self.quiet_since = time.monotonic()
            writer.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = Lines(writer)
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            await lines.send(_error("invalid_request", "The question is too long."))
            return
        answering = asyncio.ensure_future(self._answered(line, lines))
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (answering, gone):
            task.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await task

    async def _answered(self, line: bytes, lines: "Lines") -> None:
        beats = asyncio.ensure_future(lines.beat())
        try:
            await self._answer(read_order(line, self.root), lines)
        except RefusalError as refusal:
            await lines.send(_error(refusal.code, refusal.message))
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            logger.exception("a question broke the chat process")
            await lines.send(_error("server_error", "The model broke down while answering."))
        finally:
            beats.cancel()

    async def _answer(self, order: Order, lines: "Lines") -> None:
        async with self.turns.turn(lines.place):
            in_thread = asyncio.get_running_loop().run_in_executor
            loaded, adapter = await in_thread(self.thread, self.models.ready, order.base, order.weights)
            text = prompt_text(loaded, order)
            prompt = await in_thread(self.thread, prompt_tokens, loaded, order, text)
            answer = generation.Answer()
            async with aclosing(self._texts(loaded, adapter, prompt, order, answer)) as texts:
                async for piece in texts:
                    await lines.send({"text": piece})
        counts = {"prompt_tokens": len(prompt), "completion_tokens": answer.tokens}
        await lines.send({"end": answer.end, **counts})

    async def _texts(
        self, loaded: Loaded, adapter: Path | None, prompt: list[int], order: Order, answer: generation.Answer
    ) -> AsyncGenerator[str]:
        """The texts as they come; the thread stops at its next token when nobody listens any more."""
        ends = end_tokens(loaded, order.messages is not None)
        pieces = Pieces(lambda ids: str(loaded.tokenizer.decode(ids, skip_special_tokens=True)), order.stops)
        stop = threading.Event()

        def compute(give: Callable[[str], object]) -> None:
            with loaded.speaking_as(adapter) as model:
                for text in generation.answer(model, prompt, order, pieces, ends, loaded.context, answer):
                    if stop.is_set():
                        return
                    if text:
                        give(text)

        try:
            async with aclosing(_from_thread(self.thread, compute)) as texts:
                async for text in texts:
                    yield text
        finally:
            stop.set()


async def _from_thread(
    thread: ThreadPoolExecutor, compute: Callable[[Callable[[str], object]], None]
) -> AsyncGenerator[str]:
    """What `compute` gives in its thread, here. Its exception is raised here, too."""
    loop, texts = asyncio.get_running_loop(), asyncio.Queue[str | None]()
    done = loop.run_in_executor(thread, compute, lambda text: loop.call_soon_threadsafe(texts.put_nowait, text))
    done.add_done_callback(lambda _done: texts.put_nowait(None))
    while (text := await texts.get()) is not None:
        yield text
    await done


class Lines:
    """Writes lines of JSON; the place in the queue again where nothing else was written for a while."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer, self._last, self._place = writer, time.monotonic(), 0

    async def send(self, body: dict[str, Any]) -> None:
        self._last = time.monotonic()
        self._writer.write(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        await self._writer.drain()

    async def place(self, place: int) -> None:
        self._place = place
        await self.send({"queue": place})

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT / 2)
            if time.monotonic() - self._last >= BEAT / 2:
                await self.place(self._place)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}

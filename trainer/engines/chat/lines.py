"""A question to the chat process, and the lines that it answers with."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from trainer.engines.chat import process
from trainer.engines.chat.process import unavailable
from wire.errors import WireError

type Json = dict[str, Any]
type Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

SILENCE = 60.0  # seconds; the process sends a line every few, whatever it does
LONGEST_LINE = 4 * 1024 * 1024
NOBODY = "Real models cannot answer at present: nothing answers at TRAINER_SERVE."
BROKE_OFF = "The model's process ended in the middle of the answer. Please try again."
SILENT = "The model's process does not answer any more."

# code of a line → status, OpenAI's code and type
STATUSES = {
    "rate_limit": (429, "rate_limit_exceeded", "requests"),
    "invalid_request": (400, "invalid_value", "invalid_request_error"),
    "context_length_exceeded": (400, "context_length_exceeded", "invalid_request_error"),
    "no_chat_template": (400, "no_chat_template", "invalid_request_error"),
    "no_weights": (400, "model_not_trained", "invalid_request_error"),
    "invalid_model": (500, "invalid_model", "server_error"),
    "out_of_memory": (503, "out_of_memory", "service_unavailable_error"),
}
FOR_GOOD = {"invalid_model", "out_of_memory"}  # the same again would end the same: SDKs are not to repeat it
BACK_IN = "5"  # seconds, where too many wait


async def lines(question: Json) -> AsyncGenerator[Json]:
    """{"queue": n} while it waits, {"text": …} per piece, {"end": …} as the last; WireError where no answer comes.

    Who stops iterating closes the connection, and with it the answer.
    """
    (reader, writer), line = await _begun(question)
    try:
        while True:
            if error := line.get("error"):
                raise refusal(error["code"], error["message"])
            yield line
            if "end" in line:
                return
            line = await _next(reader)
            if not line:
                raise WireError(500, BROKE_OFF, "server_error", type="server_error")
    finally:
        writer.close()


def refusal(code: str, message: str) -> WireError:
    status, name, kind = STATUSES.get(code, (500, "server_error", "server_error"))
    headers = {"Retry-After": BACK_IN} if status == 429 else {}
    if code in FOR_GOOD:
        headers["x-should-retry"] = "false"
    return WireError(status, message, name, type=kind, headers=headers)


async def _begun(question: Json) -> tuple[Connection, Json]:
    """The connection with its first line. The process may just be ending for having rested enough: tried twice."""
    for _attempt in range(2):
        connection = await _connected()
        connection[1].write(json.dumps(question).encode() + b"\n")
        try:
            if line := await _next(connection[0]):
                return connection, line
        except BaseException:
            connection[1].close()
            raise
        connection[1].close()
    raise unavailable(process.DOES_NOT_START)


async def _connected() -> Connection:
    address = settings.TRAINER_SERVE
    try:
        return await _opened(address or f"unix:{process.socket_path()}")
    except OSError:
        if address:
            raise unavailable(NOBODY) from None
    await asyncio.to_thread(process.start)
    try:
        return await _opened(f"unix:{process.socket_path()}")
    except OSError:
        raise unavailable(process.DOES_NOT_START) from None


async def _opened(address: str) -> Connection:
    async with asyncio.timeout(process.CONNECT_SECONDS):
        if address.startswith("unix:"):
            return await asyncio.open_unix_connection(address.removeprefix("unix:"), limit=LONGEST_LINE)
        parts = urlsplit(address)
        return await asyncio.open_connection(parts.hostname, parts.port, limit=LONGEST_LINE)


async def _next(reader: asyncio.StreamReader) -> Json:
    """The next line; empty where the process has gone."""
    try:
        async with asyncio.timeout(SILENCE):
            line = await reader.readline()
    except TimeoutError:
        raise unavailable(SILENT) from None
    except ConnectionError:
        return {}
    found: Json = json.loads(line) if line.endswith(b"\n") else {}
    return found

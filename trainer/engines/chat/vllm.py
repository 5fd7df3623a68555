"""vLLM instead of our own process: `TRAINER_SERVE=vllm:http://127.0.0.1:8001`.

It serves one base under our name (`--served-model-name NAME --enable-lora`, VLLM_ALLOW_RUNTIME_LORA_UPDATING=True) and
reads adapters from the same folders; it is handed one when it does not know it yet. Only paths that the trainer made
are sent. It must be reached by this server alone.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from trainer.engines.chat.process import CONNECT_SECONDS, unavailable
from wire.errors import WireError, invalid

type Json = dict[str, Any]

SCHEME = "vllm:"
ADAPTER = "adapter_config.json"
SILENCE = 120.0  # seconds; it sends nothing while it computes the first token
LONGEST_LINE = 4 * 1024 * 1024
NOBODY = "Real models cannot answer at present: vLLM does not answer at TRAINER_SERVE."
BROKE_OFF = "vLLM ended in the middle of the answer. Please try again."
WHOLE = "All weights of this model were trained, and vLLM serves adapters only here."
NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
PATHS = {"chat": "/v1/chat/completions", "complete": "/v1/completions"}


async def lines(base: str, model: str, weights: Path | None, wanted: Json) -> AsyncGenerator[Json]:
    """{"text": …} per piece, {"end": …} as the last."""
    if weights is not None and not (weights / ADAPTER).exists():
        raise invalid(WHOLE, "model", "model_not_available")
    body = _body(base if weights is None else model, wanted)
    path = PATHS[wanted["do"]]
    try:
        async with _posted(path, body) as (status, reader):
            if status != 404 or weights is None:
                async for line in _answer(status, reader):
                    yield line
                return
        await _load(model, weights)
        async with _posted(path, body) as (status, reader):
            async for line in _answer(status, reader):
                yield line
    except OSError:
        raise unavailable(NOBODY) from None


def _body(name: str, wanted: Json) -> Json:
    given = {key: value for key, value in wanted.items() if key != "do" and value is not None}
    thinking = NO_THINKING if wanted["do"] == "chat" else {}
    return {**given, **thinking, "model": name, "stream": True, "stream_options": {"include_usage": True}}


async def _load(name: str, weights: Path) -> None:
    body = {"lora_name": name, "lora_path": str(weights.resolve())}
    async with _posted("/v1/load_lora_adapter", body) as (status, reader):
        if status >= 400:
            raise await _refusal(status, reader)


@asynccontextmanager
async def _posted(path: str, body: Json) -> "AsyncGenerator[tuple[int, asyncio.StreamReader]]":
    """The status and what follows the headers. HTTP/1.0: the answer comes unchunked, and ends with the connection."""
    parts = urlsplit(settings.TRAINER_SERVE.removeprefix(SCHEME))
    secure = parts.scheme == "https"
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port or (443 if secure else 80), ssl=secure or None, limit=LONGEST_LINE
        )
    try:
        content = json.dumps(body).encode()
        head = f"POST {parts.path.rstrip('/')}{path} HTTP/1.0\r\nHost: {parts.netloc}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        status = int((await _line(reader)).split()[1])
        while (await _line(reader)).strip():
            pass
        yield status, reader
    except (ValueError, IndexError):
        raise unavailable(NOBODY) from None
    finally:
        writer.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(SILENCE):
        return await reader.readline()


async def _answer(status: int, reader: asyncio.StreamReader) -> AsyncGenerator[Json]:
    if status >= 400:
        raise await _refusal(status, reader)
    end = ""
    while line := await _line(reader):
        if not line.startswith(b"data: {"):
            continue
        chunk = json.loads(line.removeprefix(b"data: "))
        if "error" in chunk:
            raise WireError(500, str(chunk["error"].get("message"))[:500], "server_error", type="server_error")
        for choice in chunk.get("choices", []):
            end = choice.get("finish_reason") or end
            if text := choice.get("text") or choice.get("delta", {}).get("content"):
                yield {"text": text}
        if end and (usage := chunk.get("usage")):
            yield {"end": end, **{name: usage[name] for name in ("prompt_tokens", "completion_tokens")}}
            return
    raise WireError(500, BROKE_OFF, "server_error", type="server_error")


async def _refusal(status: int, reader: asyncio.StreamReader) -> WireError:
    """What vLLM says, where the question is at fault; else only that it cannot answer."""
    async with asyncio.timeout(SILENCE):
        content = await reader.read(LONGEST_LINE)
    try:
        found = json.loads(content)
        message = str((found.get("error") or found)["message"])[:500]
    except (ValueError, KeyError, TypeError, AttributeError):
        message = ""
    if status in (400, 422) and message:
        return invalid(message)
    return unavailable(f"vLLM cannot answer: {message or status}")

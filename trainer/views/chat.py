"""/chat/completions, whole or streamed."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import timezone

from trainer import faults
from trainer.bases import living_base
from trainer.engines import answering, apart
from trainer.engines.reading import ROLES, text_of
from trainer.models import Engine
from trainer.orders import storable
from trainer.views.door import Caller, door
from trainer.views.models import living_tuned, no_such_model
from wire.errors import invalid
from wire.ids import new_id
from wire.requests import json_object

type Json = dict[str, Any]

PIECE = 3  # tokens
PIECE_SECONDS = 0.04
MOST_SECONDS = 4.0  # an answer is streamed no longer than this, however long it is


@dataclass(frozen=True)
class Answer:
    """What is said, and what it is counted as."""

    uid: str
    created: int
    model: str
    text: str
    finish_reason: str
    usage: Json


def create(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = json_object(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    counted, answer = _counted(body), _answered(body, caller)
    if not body.get("stream"):
        return faults.at_chat(caller.faults, request) or JsonResponse(_completion(answer))
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_streamed(answer, counted), content_type="text/event-stream", headers=headers)


def _answered(body: Json, caller: Caller) -> Answer:
    messages, limit = _messages(body), _limit(body)
    _check_temperature(body)
    model, whole = _said(storable(str(body.get("model") or ""), "model"), messages, caller)
    text = apart.first(whole, limit) if limit else whole
    prompt = 3 + sum(3 + apart.count(text_of(message.get("content"))) for message in messages)
    said = apart.count(text)
    return Answer(
        uid=new_id("chatcmpl-", 29),
        created=int(timezone.now().timestamp()),
        model=model,
        text=text,
        finish_reason="stop" if text == whole else "length",
        usage={"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said},
    )


def _said(name: str, messages: list[Json], caller: Caller) -> tuple[str, str]:
    """The model's full name and what it says; 404 for one that is not there, or not yet."""
    if not name:
        raise invalid("you must provide a model parameter", "model")
    if base := living_base(name, caller.issued):
        _refuse_real(base.engine)
        return base.uid, answering.base_answer(base.uid, messages)
    tuned = living_tuned(caller).select_related("job__training_file").filter(uid=name).first()
    if tuned is None:
        raise no_such_model(name)
    _refuse_real(tuned.job.engine)
    return tuned.uid, answering.tuned_answer(tuned.job.training_file.path, messages)


def _refuse_real(engine: str) -> None:
    if engine != Engine.SIMULATED:
        raise invalid("This trainer does not serve real models.", "model", "model_not_available")


def _messages(body: Json) -> list[Json]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid 'messages': expected an array with at least one message.", "messages")
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            param = f"messages[{place}].role"
            raise invalid(f"Invalid '{param}': expected one of {', '.join(sorted(ROLES))}.", param, "invalid_value")
        if not isinstance(message.get("content"), str | list | None):
            param = f"messages[{place}].content"
            raise invalid(f"Invalid type for '{param}': expected a string or an array.", param, "invalid_type")
    return messages


def _limit(body: Json) -> int:
    """The most tokens to answer with; 0 for no limit."""
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    limit = body.get(name)
    if limit is None:
        return 0
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise invalid(f"Invalid '{name}': expected an integer >= 1.", name, "integer_below_min_value")
    return limit


def _counted(body: Json) -> bool:
    """Whether a stream ends with its usage."""
    options = body.get("stream_options") or {}
    if not isinstance(options, dict):
        raise invalid("Invalid type for 'stream_options': expected an object.", "stream_options", "invalid_type")
    return bool(options.get("include_usage"))


def _check_temperature(body: Json) -> None:
    """Accepted and unused: the nearest example is the nearest at any temperature."""
    value = body.get("temperature")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2):
        raise invalid("Invalid 'temperature': expected a number from 0 to 2.", "temperature")


def _completion(answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    return _head(answer, "chat.completion") | {"choices": [choice], "usage": answer.usage}


async def _streamed(answer: Answer, counted: bool) -> AsyncIterator[bytes]:
    """Small pieces with a pause between them. An async generator: under ASGI a plain one would be held back."""
    parts = apart.pieces(answer.text, PIECE)
    pause = min(PIECE_SECONDS, MOST_SECONDS / max(1, len(parts))) / settings.TRAINER_SPEED
    yield _chunk(answer, counted, {"role": "assistant", "content": ""})
    for part in parts:
        await asyncio.sleep(pause)
        yield _chunk(answer, counted, {"content": part})
    yield _chunk(answer, counted, {}, answer.finish_reason)
    if counted:
        yield _sent(_head(answer, "chat.completion.chunk") | {"choices": [], "usage": answer.usage})
    yield b"data: [DONE]\n\n"


def _chunk(answer: Answer, counted: bool, delta: Json, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    usage = {"usage": None} if counted else {}
    return _sent(_head(answer, "chat.completion.chunk") | {"choices": [choice]} | usage)


def _head(answer: Answer, kind: str) -> Json:
    return {"id": answer.uid, "object": kind, "created": answer.created, "model": answer.model}


def _sent(body: Json) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


completions = door(POST=create)

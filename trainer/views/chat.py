"""/chat/completions, whole or streamed: simulated models answer here, real ones through real_chat."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse

from trainer import faults
from trainer.bases import Base
from trainer.engines import answering, apart
from trainer.engines.reading import text_of
from trainer.models import TunedModel
from trainer.views import real_chat
from trainer.views.chat_body import is_counted, limit_of, messages_of, model_name, number
from trainer.views.chat_models import is_real, model_called
from trainer.views.chat_shapes import CHAT, DONE, Head, counts, new_head, usage_json
from trainer.views.door import Caller, door
from wire.requests import json_object

type Json = dict[str, Any]

PIECE = 3  # tokens
PIECE_SECONDS = 0.04
MOST_SECONDS = 4.0  # an answer is streamed no longer than this, however long it is


@dataclass(frozen=True)
class Answer:
    """The text of a simulated model, and what it is counted as."""

    head: Head
    text: str
    finish_reason: str
    usage: Json


def create(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = json_object(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    counted, messages, limit = is_counted(body), messages_of(body), limit_of(body)
    number(body, "temperature", 2)
    model = model_called(model_name(body), caller)
    if is_real(model):
        return real_chat.reply(request, caller, body, model)
    answer = _simulated(model, messages, limit)
    if not body.get("stream"):
        whole = CHAT.whole(answer.head, answer.text, answer.finish_reason, answer.usage)
        return faults.at_chat(caller.faults, request) or JsonResponse(whole)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_streamed(answer, counted), content_type="text/event-stream", headers=headers)


def _simulated(model: Base | TunedModel, messages: list[Json], limit: int) -> Answer:
    if isinstance(model, Base):
        whole = answering.base_answer(model.uid, messages)
    else:
        whole = answering.tuned_answer(model.job.training_file.path, messages)
    text = apart.first(whole, limit) if limit else whole
    prompt = 3 + sum(3 + apart.count(text_of(message.get("content"))) for message in messages)
    usage = usage_json(prompt, apart.count(text))
    return Answer(new_head(model.uid), text, "stop" if text == whole else "length", usage)


async def _streamed(answer: Answer, counted: bool) -> AsyncIterator[bytes]:
    """Small pieces with a pause between them. An async generator: under ASGI a plain one would be held back."""
    parts = apart.pieces(answer.text, PIECE)
    pause = min(PIECE_SECONDS, MOST_SECONDS / max(1, len(parts))) / settings.TRAINER_SPEED
    yield CHAT.opening(answer.head, counted)
    for part in parts:
        await asyncio.sleep(pause)
        yield CHAT.piece(answer.head, counted, part)
    yield CHAT.ending(answer.head, counted, answer.finish_reason)
    if counted:
        yield counts(CHAT, answer.head, answer.usage)
    yield DONE


completions = door(POST=create)

"""What real models answer, whole or streamed; and /completions, which only they have."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from trainer import faults
from trainer.bases import Base
from trainer.engines.chat.answers import Question, answer
from trainer.models import TunedModel
from trainer.views.chat_body import is_counted, is_placed, messages_of, model_name, prompt_of, spoken, wishes
from trainer.views.chat_models import is_real, model_called, question_for
from trainer.views.chat_shapes import CHAT, DONE, TEXT, Head, Json, Shapes, counts, new_head, usage_json, waiting
from trainer.views.door import Caller, door
from trainer.views.later import LaterResponse
from wire.errors import invalid
from wire.requests import json_object

QUIET = 10.0  # seconds until a stream begins with comments, lest a proxy takes it for dead
STREAM, WHOLE = "text/event-stream", "application/json"


def reply(request: HttpRequest, caller: Caller, body: Json, model: Base | TunedModel) -> HttpResponseBase:
    """The answer of a real model to the messages in `body`."""
    wanted = {"do": "chat", "messages": spoken(messages_of(body)), **wishes(body)}
    return _reply(request, caller, body, question_for(model, caller, wanted), CHAT)


def create(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    """/completions: a text is continued as it stands, by real models only."""
    body = json_object(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    model = model_called(model_name(body), caller)
    if not is_real(model):
        raise invalid("This is a chat model and not supported in the v1/completions endpoint.", "model")
    wanted = {"do": "complete", "prompt": prompt_of(body), **wishes(body)}
    return _reply(request, caller, body, question_for(model, caller, wanted), TEXT)


def _reply(request: HttpRequest, caller: Caller, body: Json, question: Question, shapes: Shapes) -> HttpResponseBase:
    head, counted, placed = new_head(question.model, shapes.prefix), is_counted(body), is_placed(body)
    if body.get("stream"):
        return _later(request, _streamed(head, shapes, question, counted, placed), STREAM)
    instead = faults.at_chat(caller.faults, request)
    return instead or _later(request, _whole(head, shapes, question), WHOLE)


def _later(request: HttpRequest, parts: AsyncGenerator[bytes], content_type: str) -> HttpResponseBase:
    if isinstance(request, ASGIRequest):
        return LaterResponse(parts, content_type)
    return HttpResponse(async_to_sync(_all)(parts), content_type=content_type)  # no event loop: all at once


async def _all(parts: AsyncGenerator[bytes]) -> bytes:
    return b"".join([part async for part in parts])


async def _whole(head: Head, shapes: Shapes, question: Question) -> AsyncGenerator[bytes]:
    text: list[str] = []
    async with aclosing(answer(question)) as lines:
        async for line in lines:
            text.append(line.get("text", ""))
            if "end" in line:
                usage = usage_json(line["prompt_tokens"], line["completion_tokens"])
                yield json.dumps(shapes.whole(head, "".join(text), line["end"], usage)).encode()


async def _streamed(
    head: Head, shapes: Shapes, question: Question, counted: bool, placed: bool
) -> AsyncGenerator[bytes]:
    began, opened, place = time.monotonic(), False, 0
    async with aclosing(answer(question)) as lines:
        async for line in lines:
            if "queue" in line:
                if placed and line["queue"] != place:
                    place = line["queue"]
                    yield waiting(shapes, head, place)
                elif time.monotonic() - began > QUIET:
                    yield f": {line['queue']} before you\n\n".encode()
                continue
            if not opened:
                opened = True
                yield shapes.opening(head, counted)
            if "text" in line:
                yield shapes.piece(head, counted, line["text"])
            else:
                yield shapes.ending(head, counted, line["end"])
                if counted:
                    yield counts(shapes, head, usage_json(line["prompt_tokens"], line["completion_tokens"]))
                yield DONE


completions = door(POST=create)

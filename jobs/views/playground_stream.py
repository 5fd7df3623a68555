"""One column's answer, streamed.

A plain view that returns an async stream: its queries run in a thread as everywhere, only the stream itself lives in
the event loop (under WSGI it would arrive in one piece, at its end).
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from jobs.models import Conversation, FineTuneJob, Member
from jobs.pipeline import talk
from jobs.pipeline.talk import Answer
from jobs.provider import ProviderError
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.playground import job_of

type Json = dict[str, Any]

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@require_POST
@trainer_page
def playground_say(request: DeskRequest, member: Member, job: UUID) -> HttpResponseBase:
    """Answer a message in one column: a JSON object a line, `text` …, then `done` with its cost, or `error`.

    While it waits for its turn: `queue`, how many are before it.
    """
    found = job_of(request, member, job)
    conversation = get_object_or_404(Conversation.objects.visible_to(request.user), job=found)
    conversation.job = found
    ask = get_object_or_404(conversation.messages.filter(role="user"), pk=_number(request.POST.get("message", "")))
    model = conversation.right if request.POST.get("column") == "right" else conversation.left
    if model not in [offer.name for offer in talk.offers(found)]:
        return HttpResponse(status=400)
    if conversation.messages.filter(model=model, pk__gt=ask.pk).exists():
        return HttpResponse(status=409)  # answered already: a second tab, or a request sent twice
    try:
        lines = _streamed(talk.answer(conversation, model, ask), translation.get_language())
    except ProviderError as error:
        lines = _only({"error": _told(found, model, error)})
    return StreamingHttpResponse(lines, content_type="application/x-ndjson; charset=utf-8", headers=HEADERS)


def _number(text: str) -> int:
    """A row's number as the browser sent it; 0, which is no row's, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _line(told: Json) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


async def _only(told: Json) -> AsyncIterator[bytes]:
    yield _line(told)


async def _streamed(answer: Answer, language: str | None) -> AsyncIterator[bytes]:
    pieces = answer.pieces()
    try:
        async for piece in pieces:
            yield _line({"text": piece.text} if piece.queue is None else {"queue": piece.queue})
        yield _line({"done": True} | await sync_to_async(_kept)(answer, language))
    except ProviderError as error:
        yield _line({"error": await sync_to_async(_failed)(answer, error, language)})
    finally:
        await pieces.aclose()  # a reader who left must not leave it to the garbage collector


def _kept(answer: Answer, language: str | None) -> Json:
    """What stands under the answer. The request's language is gone by the time a stream ends."""
    with translation.override(language):
        said = answer.message
        return {
            "usage": {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens},
            "cost": None if answer.cost is None else str(answer.cost),
            "meta": talk.spent(said) if said else "",
        }


def _failed(answer: Answer, error: ProviderError, language: str | None) -> Json:
    with translation.override(language):
        return _told(answer.conversation.job, answer.model, error)


def _told(job: FineTuneJob, model: str, error: ProviderError) -> Json:
    """The error as the service said it, and what to do."""
    return error.as_dict() | {
        "message": gettext(error.message) if error.message else "",
        "advice": str(talk.advice(job, model, error)),
        "warming_up": talk.is_warming_up(job, model, error),
    }

"""Answers as OpenAI's objects, whole or in chunks: of /chat/completions and of /completions."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from wire.ids import new_id

type Json = dict[str, Any]

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Head:
    """What every part of an answer begins with."""

    uid: str
    created: int
    model: str

    def json(self, kind: str) -> Json:
        return {"id": self.uid, "object": kind, "created": self.created, "model": self.model}


def new_head(model: str, prefix: str = "chatcmpl-") -> Head:
    return Head(new_id(prefix, 29), int(timezone.now().timestamp()), model)


def usage_json(prompt: int, completion: int) -> Json:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def sent(body: Json) -> bytes:
    """One event of a stream."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


class Chat:
    """The shapes of /chat/completions."""

    chunk_kind, prefix = "chat.completion.chunk", "chatcmpl-"

    def whole(self, head: Head, text: str, finish: str, usage: Json) -> Json:
        message: Json = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return head.json("chat.completion") | {"choices": [choice], "usage": usage}

    def opening(self, head: Head, counted: bool) -> bytes:
        return self._chunk(head, counted, {"role": "assistant", "content": ""})

    def piece(self, head: Head, counted: bool, text: str) -> bytes:
        return self._chunk(head, counted, {"content": text})

    def ending(self, head: Head, counted: bool, finish: str) -> bytes:
        return self._chunk(head, counted, {}, finish)

    def _chunk(self, head: Head, counted: bool, delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(head, self.chunk_kind, counted, choice)


class Text:
    """The shapes of /completions."""

    chunk_kind, prefix = "text_completion", "cmpl-"

    def whole(self, head: Head, text: str, finish: str, usage: Json) -> Json:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
        return head.json("text_completion") | {"choices": [choice], "usage": usage}

    def opening(self, head: Head, counted: bool) -> bytes:
        return b""

    def piece(self, head: Head, counted: bool, text: str) -> bytes:
        return self._chunk(head, counted, text)

    def ending(self, head: Head, counted: bool, finish: str) -> bytes:
        return self._chunk(head, counted, "", finish)

    def _chunk(self, head: Head, counted: bool, text: str, finish: str | None = None) -> bytes:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
        return _event(head, self.chunk_kind, counted, choice)


type Shapes = Chat | Text

CHAT, TEXT = Chat(), Text()


def counts(shapes: Shapes, head: Head, usage: Json) -> bytes:
    """The last event of a stream that ends with its usage."""
    return sent(head.json(shapes.chunk_kind) | {"choices": [], "usage": usage})


def waiting(shapes: Shapes, head: Head, place: int) -> bytes:
    """An event of a stream that waits: how many questions are before this one (ours)."""
    return sent(head.json(shapes.chunk_kind) | {"choices": [], "queue": place})


def _event(head: Head, kind: str, counted: bool, choice: Json) -> bytes:
    usage = {"usage": None} if counted else {}
    return sent(head.json(kind) | {"choices": [choice]} | usage)

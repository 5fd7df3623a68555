"""A chat service of its own at a free port, not written from our client: what it answers, refuses, loses or lists late.

Shapes: OpenAI's API reference (chat completions, models, fine-tuning jobs), November 2026.
"""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

type Json = dict[str, Any]


@dataclass
class ChatSide:
    """`gone` and `forbidden` name models. `busy`: how many 429s come before each model's first answer.

    `reasoning`: models that refuse `max_tokens` and a temperature, as OpenAI's reasoning models do.
    `judges`: models with a persona each, see `verdict_of`.
    `losing`: models whose first answer is made, and counted, and does not arrive.
    """

    models: list[str] = field(default_factory=list)
    jobs: list[Json] = field(default_factory=list)  # newest first
    files: dict[str, bytes] = field(default_factory=dict)
    listed_after: int = 0  # lists of models that lack the last half of them
    gone: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    reasoning: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)  # settings that reasoning models were sent
    losing: set[str] = field(default_factory=set)
    gone_after: dict[str, int] = field(default_factory=dict)  # models that are gone after this number of answers
    choices: dict[str, Json] = field(default_factory=dict)  # what a choice of a model holds in place of the usual
    crowded: set[str] = field(default_factory=set)  # models that answer 429 twice, whatever `busy` says
    busy: int = 0
    without_usage: bool = False
    page_most: int = 20
    seconds: float = 0.0  # that an answer takes
    under_way: int = 0
    most_at_once: int = 0  # answers that were under way at the same time
    judges: dict[str, str] = field(default_factory=dict)  # model: persona
    judged: list[Json] = field(default_factory=list)  # the bodies that they were sent
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)  # (model, question): how often it was answered
    turned_away: Counter[str] = field(default_factory=Counter)
    calls: list[str] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)  # of questions
    port: int = 0
    lock: RLock = field(default_factory=RLock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def chat(self, body: Json) -> tuple[int, Json]:
        model, question = body["model"], body["messages"][-1]["content"]
        if model in self.gone:
            return 404, error("The model does not exist or you do not have access to it.", "model_not_found")
        if model in self.forbidden:
            return 403, error("You are not allowed to sample from this model", "permission_error")
        if model in self.reasoning and (refusal := refused_setting(body)):
            self.refused.append(refusal[1]["error"]["param"])
            return refusal
        with self.lock:
            if self._answered(model) >= self.gone_after.get(model, sys.maxsize):
                return 404, error("The model does not exist or you do not have access to it.", "model_not_found")
            if self.turned_away[model] < (2 if model in self.crowded else self.busy):
                self.turned_away[model] += 1
                return 429, error("Rate limit reached", "rate_limit_exceeded")
            self.answers[model, question] += 1
            is_lost = model in self.losing
            self.losing.discard(model)
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        time.sleep(self.seconds)
        with self.lock:
            self.under_way -= 1
        if is_lost:
            return 0, {}
        text = words(model, question)
        if model in self.judges:
            self.judged.append(body)
            text = verdict_of(self.judges[model], question)
        usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
        reason = "length" if model in self.judges and self.judges[model] == "endless" else "stop"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}
        choice |= self.choices.get(model, {})
        whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
        return 200, whole if self.without_usage else whole | {"usage": usage}

    def _answered(self, model: str) -> int:
        return sum(count for (name, _question), count in self.answers.items() if name == model)

    def listed(self) -> list[str]:
        with self.lock:
            self.listed_after -= 1
            return self.models[: len(self.models) // 2] if self.listed_after >= 0 else self.models

    def page(self, limit: int, after: str) -> Json:
        ids = [job["id"] for job in self.jobs]
        begin = ids.index(after) + 1 if after in ids else 0
        end = begin + min(limit, self.page_most)
        return {"object": "list", "data": self.jobs[begin:end], "has_more": end < len(ids)}

    def get(self, path: str, query: dict[str, list[str]]) -> tuple[int, Json | bytes]:
        match path.removeprefix("/v1").strip("/").split("/"):
            case ["models"]:
                made = [{"id": name, "object": "model", "created": 1, "owned_by": "org-x"} for name in self.listed()]
                return 200, {"object": "list", "data": made}
            case ["fine_tuning", "jobs"]:
                return 200, self.page(int(query.get("limit", ["20"])[0]), query.get("after", [""])[0])
            case ["fine_tuning", "jobs", one]:
                found = [job for job in self.jobs if job["id"] == one]
                return (200, found[0]) if found else (404, error("No such job", "not_found"))
            case ["fine_tuning", "jobs", _one, "events" | "checkpoints"]:
                return 200, {"object": "list", "data": [], "has_more": False}
            case ["files", one] if one in self.files:
                return 200, {"id": one, "object": "file", "filename": f"{one}.jsonl", "bytes": len(self.files[one])}
            case ["files", one, "content"] if one in self.files:
                return 200, self.files[one]
        return 404, error("nothing here", "not_found")


def refused_setting(body: Json) -> tuple[int, Json] | None:
    """What OpenAI's reasoning models answer to settings of other chat models."""
    if "max_tokens" in body:
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return 400, error(text, "unsupported_parameter", param="max_tokens")
    if body.get("temperature", 1) != 1:
        text = (
            f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. "
            "Only the default (1) value is supported."
        )
        return 400, error(text, "unsupported_value", param="temperature")
    return None


def words(model: str, question: str) -> str:
    """What a model answers."""
    return f"{question}, {model} 모델의 답입니다."


def verdict_of(persona: str, shown: str) -> str:
    """What a judge replies to two answers. A persona without a name here prefers the answer that holds that word."""
    fixed = {"first": "A", "second": "**B**", "tie": "T", "empty": "", "refusal": "죄송하지만 판정할 수 없습니다."}
    prose = "Answer A is livelier, but answer B is more exact, so I cannot say."
    replies = fixed | {"prose": prose, "endless": "음, 생각해 보면 " * 400}
    if persona in replies:
        return replies[persona]
    first, second = re.split(r"^==\w+ (?:답|Answer) B$", shown, maxsplit=1, flags=re.M)
    first = re.split(r"^==\w+ (?:답|Answer) A$", first, maxsplit=1, flags=re.M)[1]
    if (persona in first) == (persona in second):
        return "T"
    return "A" if persona in first else "B"


def error(message: str, code: str, param: str | None = None) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


@contextmanager
def chat_side(**habits: Any) -> Iterator[ChatSide]:
    """One that answers until the block ends."""
    far = ChatSide(**habits)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            far.calls.append(f"GET {self.path}")
            self._send(*far.get(parts.path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            far.calls.append(f"POST {self.path}")
            far.bodies.append(body)
            self._send(*far.chat(body))

        def _send(self, status: int, body: Json | bytes) -> None:
            if not status:  # the connection breaks
                self.close_connection = True
                return
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), (ConnectionError, json.JSONDecodeError)):  # a caller that was killed
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Door)
    far.port = server.server_port
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield far
    finally:
        server.shutdown()
        server.server_close()

"""The wire to the trainer as OpenAI's SDK for Python sees it: its quirks undone, so that all else must fit strictly."""

import json
from collections.abc import Callable
from typing import Any

import httpx2

TYPED_STATUS = {"validating_files", "queued", "running", "succeeded", "failed", "cancelled"}

type Json = dict[str, Any]


def _no_error(body: Json) -> bool:
    return body.get("object") == "fine_tuning.job" and body["error"] == {} and not body.update(error=None)


def _paused(body: Json) -> bool:
    found = body.get("object") == "fine_tuning.job" and body["status"] not in TYPED_STATUS
    return found and not body.update(status="queued")


def _no_hyperparameters(body: Json) -> bool:
    found = body.get("object") == "fine_tuning.job" and body["hyperparameters"] is None
    return found and not body.update(hyperparameters={})


def _third_event_type(body: Json) -> bool:
    found = body.get("object") == "fine_tuning.job.event" and body["type"] not in ("message", "metrics")
    return found and not body.update(type="message")


# what the answer holds that the SDK's types do not know: true (and undone) where it is found
QUIRKS: dict[str, Callable[[Json], bool]] = {
    "error is {} on a healthy job": _no_error,
    "status may be paused": _paused,
    "hyperparameters are null for a DPO job": _no_hyperparameters,
    "an event may be moderation_checks": _third_event_type,
}


class Undoing(httpx2.BaseTransport):
    """The wire, with the quirks taken out of the answers and noted in `met`. `judge` sees each answer as it came."""

    def __init__(self, judge: Callable[[str, str, int, str, str], None] | None = None) -> None:
        self.inner, self.judge = httpx2.HTTPTransport(), judge
        self.met: set[str] = set()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.inner.handle_request(request)
        if self.judge:
            content, body = answer.headers["content-type"], answer.read().decode()
            self.judge(request.method, str(request.url), answer.status_code, content, body)
        if "json" not in answer.headers.get("content-type", ""):
            return answer
        body = json.loads(answer.read())
        for thing in [body, *(body.get("data") or [])]:
            self.met |= {name for name, undo in QUIRKS.items() if undo(thing)}
        return httpx2.Response(answer.status_code, json=body)

    def close(self) -> None:
        self.inner.close()

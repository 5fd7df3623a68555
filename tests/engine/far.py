"""A trainer with jobs that have ended there, on either engine."""

import io
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJobEvent

from tests.factories import chat_lines, preference_lines
from tests.running import PATIENCE

type Json = dict[str, Any]

ENDED = ("succeeded", "failed", "cancelled")
SETTINGS = {"n_epochs": 4, "batch_size": 4}
STEPS = 12


@dataclass
class Far:
    """A trainer, its base, and three jobs that have ended there."""

    sdk: OpenAI
    base: str
    slug: str
    fresh: Json
    done: str = ""
    failed: str = ""
    cancelled: str = ""
    misfit: str = ""  # preferences, ordered as supervised

    def order(self, **more: Any) -> Json:
        file = more.pop("training_file", None) or self.upload()
        body = {"model": self.base, "training_file": file, "seed": 7, **more}
        answer: Any = self.sdk.post("/fine_tuning/jobs", body=body, cast_to=object)
        return dict(answer)

    def upload(self, examples: int = 12) -> str:
        return self.sdk.files.create(file=("a.jsonl", io.BytesIO(chat_lines(examples))), purpose="fine-tune").id

    def send(self, method: str, path: str, body: Json | None = None) -> httpx2.Response:
        """A request as no SDK would send it, half characters and all."""
        headers = {"Authorization": f"Bearer {self.sdk.api_key}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        return httpx2.request(method, f"{self.sdk.base_url}{path}", content=content, headers=headers)

    def job(self, uid: str) -> Json:
        answer: Any = self.sdk.get(f"/fine_tuning/jobs/{uid}", cast_to=object)
        return dict(answer)

    def act(self, uid: str, name: str) -> Json:
        answer: Any = self.sdk.post(f"/fine_tuning/jobs/{uid}/{name}", cast_to=object)
        return dict(answer)

    def events(self, uid: str, **more: Any) -> list[FineTuningJobEvent]:
        return list(self.sdk.fine_tuning.jobs.list_events(uid, **more))

    def wait(self, uid: str) -> None:
        deadline = time.monotonic() + 2 * PATIENCE
        while self.job(uid)["status"] not in ENDED:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def wait_for_base(far: Far) -> None:
    """A real one is listed once its worker has shown itself."""
    deadline = time.monotonic() + PATIENCE
    while far.base not in [model.id for model in far.sdk.models.list()]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def make_jobs(far: Far) -> None:
    far.fresh = far.order(validation_file=far.upload(), suffix="봄", metadata={"a": "1"}, hyperparameters=SETTINGS)
    far.done = far.fresh["id"]
    far.cancelled = far.order(metadata={"a": "2", "b": "x"})["id"]
    far.act(far.cancelled, "cancel")
    far.failed = far.order(training_file=far.upload(9))["id"]
    pairs = far.sdk.files.create(file=("p.jsonl", io.BytesIO(preference_lines(12))), purpose="fine-tune")
    far.misfit = far.order(training_file=pairs.id)["id"]
    for uid in (far.done, far.cancelled, far.failed, far.misfit):
        far.wait(uid)
    deadline = time.monotonic() + PATIENCE
    while far.job(far.done)["fine_tuned_model"] not in [model.id for model in far.sdk.models.list()]:
        assert time.monotonic() < deadline
        time.sleep(0.2)

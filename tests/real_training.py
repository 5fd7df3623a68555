"""What tests of real training share: a base, a worker's heartbeat, and a training process that stands in."""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.db import connection
from django.utils import timezone
from openai import OpenAI

from tests.factories import chat_lines
from tests.running import PATIENCE, ROOT
from trainer.faults import hashed
from trainer.models import IssuedKey, Job, Training, Worker
from trainer.work import shift

WORKER = "train@test"
BASE = {
    "name": "little",
    "title": "Little",
    "licence": "Apache License 2.0",
    "spdx": "Apache-2.0",
    "non_commercial": False,
    "languages": ["ko"],
    "parameters": 1000,
    "context": 256,
    "kind": "lora",
    "architecture": "LlamaForCausalLM",
    "chat_template": True,
    "gguf": False,
    "source": {"kind": "folder", "id": "little", "revision": ""},
    "sha256": {},
    "terms_accepted": None,
    "auto": {},
    "token_ratio": 1.5,
    "pulled_at": "2026-11-30T09:00:00+00:00",
    "memorises": False,
}


def make_base(settings: Any, **more: Any) -> Path:
    about = BASE | more
    folder = Path(settings.TRAINER_DIR) / "bases" / str(about["name"])
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (folder / "base.json").write_text(json.dumps(about))
    return folder


def issue_key(key: str) -> str:
    """Have an open key reach real bases."""
    IssuedKey.objects.create(key_hash=hashed(key), org=hashed(key), name=key)
    return key


def make_worker(**more: Any) -> Worker:
    return Worker.objects.create(**{"name": WORKER, "device": "CPU (test)", **more})


def lose_the_worker() -> None:
    """As if it had been ended an hour ago: what it would train is still offered, and waits."""
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))


def stand_in(settings: Any, *options: str) -> None:
    """Have tests/training_child.py train, with these options."""
    settings.TRAINER_CHILD = [sys.executable, str(ROOT / "tests" / "training_child.py"), *options]


def order(sdk: OpenAI, model: str = "little", examples: int = 12, **more: Any) -> Job:
    """Past the SDK's strict types: they do not know the `{}` of a healthy job's error."""
    file = sdk.files.create(file=("a.jsonl", io.BytesIO(chat_lines(examples))), purpose="fine-tune")
    body = {"model": model, "training_file": file.id, "seed": 7, **more}
    answer: Any = sdk.post("/fine_tuning/jobs", body=body, cast_to=object)
    return Job.objects.get(uid=answer["id"])


def work(owner: str = WORKER) -> list[Job]:
    """A worker's shift. Returns the jobs that ended in it."""
    return list(shift.work(owner))


@contextmanager
def working(owner: str = WORKER) -> Iterator[Event]:
    """A worker's shift beside the test, until nothing waits or the event is set. At the end it has ended."""
    until = Event()
    thread = Thread(target=_shift, args=(owner, until))
    thread.start()
    try:
        yield until
    finally:
        until.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def _shift(owner: str, until: Event) -> None:
    try:
        list(shift.work(owner, until))
    finally:
        connection.close()


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def training_of(job: Job) -> Training:
    return Training.objects.select_related("job").get(job=job)


def told(job: Job) -> list[str]:
    """The messages of a job's events, oldest first, steps and checkpoints left out."""
    rows = job.training_events.exclude(key__startswith="checkpoint:").order_by("pk")
    return list(rows.values_list("message", flat=True))

"""Recording alone works: forty tuned models, a service with all its habits, and workers that are killed."""

import io
import json
import random
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import pytest

from jobs.models import Candidate, Evaluation, RemoteModel, TrainingFile
from jobs.pipeline.rescue.book import Book
from jobs.run_states import ChunkState, RunState
from tests.chat_side import ChatSide, Json, chat_side
from tests.conftest import World
from tests.factories import chat_lines
from tests.test_access import Login
from tests.test_recording import hidden
from tests.workers import Workers

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "sim-large-2026-06-01"
MODELS, EACH = 40, 6


def made(number: int) -> Json:
    """A job as a service without metadata lists it."""
    name = f"ft:{BASE}:org-x:style:{number:04}"
    about = {"id": f"ftjob-{number:04}", "object": "fine_tuning.job", "model": BASE, "status": "succeeded"}
    times = {"created_at": 1_780_000_000 - number, "finished_at": 1_780_000_900 - number}
    return about | times | {"fine_tuned_model": name, "training_file": f"file-{number % 2}", "result_files": []}


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    jobs = [made(number) for number in range(MODELS)]
    names = [str(job["fine_tuned_model"]) for job in jobs]
    files = {f"file-{n}": chat_lines(word=word) for n, word in enumerate(("눈", "비"))}
    habits: dict[str, Any] = {
        "listed_after": 1,
        "busy": 1,
        "seconds": 0.02,
        "gone": {names[7]},
        "forbidden": {names[13]},
    }
    with chat_side(jobs=jobs, models=[BASE, *names], files=files, **habits) as far:
        settings.TRAINER_URL = far.url
        yield far


def test_forty_models_are_recorded_within_a_cap_whoever_is_killed(world: World, far: ChatSide, login: Login) -> None:
    workers, client = Workers(far.url), login(world.bob)
    first, second = sorted(random.Random(13).sample(range(10, (MODELS - 2) * EACH - 20), 2))
    read = world.url("rescue/read/")

    for _time in range(2):  # the first list of models lacks half of them
        client.post(read)
        workers.run("archived")
    client.post(world.url("rescue/archive/"))
    workers.run("archived")
    assert RemoteModel.objects.filter(is_listed=True, job__isnull=False).count() == MODELS
    assert set(TrainingFile.objects.values_list("state", "examples")) == {("ready", 60)}
    client.post(world.url("rescue/propose/"), {"most": EACH})
    workers.run("recorded")
    page = client.get(world.url("rescue/record/?max_tokens=64")).content.decode()
    assert (
        client.post(world.url("rescue/record/"), hidden(page) | {"max_tokens": "64", "cap": "0.06"}).status_code == 302
    )

    workers.run_until("recorded", lambda: far.answers.total() >= first)
    workers.run_until("recorded", lambda: far.answers.total() >= second)
    workers.run("recorded")

    done = Evaluation.objects.get()
    assert done.state == RunState.DONE
    assert set(far.answers.values()) == {1}
    assert done.done + done.failed + done.unsure == done.total == MODELS * EACH
    assert done.failed == 2 * EACH
    assert done.unsure <= 2  # the calls that were under way: for a person to decide
    assert done.spent_nano + done.held_nano <= (done.cap_nano or 0)
    assert far.answers.total() == done.done + done.unsure
    refused = dict(Candidate.objects.exclude(refused_by=None).values_list("model", "refused_by"))
    assert refused == {**dict.fromkeys(far.gone, 404), **dict.fromkeys(far.forbidden, 403)}

    book = ZipFile(io.BytesIO(b"".join(Book(world.team).chunks())))
    pages = [name for name in book.namelist() if name.startswith("ko/model-")]
    answers = [
        json.loads(line)
        for name in book.namelist()
        if name.endswith("/answers.jsonl")
        for line in book.read(name).decode().splitlines()[1:]
    ]
    assert (len(pages), len(answers)) == (MODELS, MODELS * EACH)
    assert sum(one["state"] == ChunkState.DONE for one in answers) == done.done
    assert json.loads(book.read("manifest.json"))["missing"] == []

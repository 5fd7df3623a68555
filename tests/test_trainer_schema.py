"""What the trainer answers fits OpenAI's own description of its API, whatever a client sends that it allows.

The same of a trainer that really trains: tests/engine/test_published_api.py.
"""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from tests.factories import chat_lines, preference_lines
from tests.specification import Description, Seeds, served, successes

pytestmark = pytest.mark.spec
EXAMPLES = 40
KEY = "trainer-schema"


@pytest.fixture(scope="module")
def description() -> Description:
    return Description(KEY, "sim-small")


@pytest.fixture
def seeds(trainer: str, settings: Any) -> Seeds:
    """Jobs that have ended, wait, run and are paused, with all that they leave behind."""
    sdk = OpenAI(api_key=KEY, base_url=trainer, max_retries=0)
    file = sdk.files.create(file=("chat.jsonl", io.BytesIO(chat_lines(20))), purpose="fine-tune").id
    pairs = sdk.files.create(file=("pairs.jsonl", io.BytesIO(preference_lines())), purpose="fine-tune").id
    spare = sdk.files.create(file=("spare.jsonl", io.BytesIO(chat_lines(20))), purpose="fine-tune").id

    def order(speed: float, training_file: str = file, **more: Any) -> str:
        settings.TRAINER_SPEED = speed
        return sdk.fine_tuning.jobs.create(model="sim-small", training_file=training_file, **more).id

    running, paused = order(0.001, metadata={"a": "b"}), order(0.001, suffix="later")
    sdk.fine_tuning.jobs.pause(paused)
    ended = [order(1000), order(1000, pairs, method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}})]
    jobs = [_ended(sdk, job) for job in ended]
    settings.TRAINER_SPEED = 1000
    return {
        "file": file,
        "spare": spare,
        "running": running,
        "paused": paused,
        "files": [file, pairs, spare, jobs[0].result_files[0]],
        "jobs": [running, paused, *ended, order(1000, fail_file(sdk))],
        "model": _warm(sdk, jobs[0]),
        "doomed": jobs[1].fine_tuned_model,
        "base": "sim-small",
        "answers": "sim-small",
    }


def fail_file(sdk: OpenAI) -> str:
    """Too few examples: a job on it fails, with an error."""
    return sdk.files.create(file=("few.jsonl", io.BytesIO(chat_lines(3))), purpose="fine-tune").id


def _ended(sdk: OpenAI, job: str) -> FineTuningJob:
    return _until(lambda: sdk.fine_tuning.jobs.retrieve(job), lambda found: found.finished_at is not None)


def _warm(sdk: OpenAI, job: FineTuningJob) -> str:
    _until(sdk.models.list, lambda page: any(model.id == job.fine_tuned_model for model in page.data))
    return str(job.fine_tuned_model)


def _until[T](ask: Callable[[], T], happened: Callable[[T], bool]) -> T:
    deadline = time.monotonic() + 30
    while not happened(found := ask()):
        assert time.monotonic() < deadline, found
    return found


@pytest.mark.parametrize(("method", "path"), served())
def test_any_call_that_is_allowed(description: Description, trainer: str, seeds: Seeds, method: str, path: str) -> None:
    description.ask_anything(trainer, method, path, seeds, EXAMPLES)


@pytest.mark.parametrize(("method", "path"), successes())
def test_each_documented_success_is_reached(
    description: Description, trainer: str, seeds: Seeds, method: str, path: str
) -> None:
    description.reach_success(trainer, method, path, seeds)

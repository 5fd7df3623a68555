"""A trainer whose orders reach the real `tiny`, against what OpenAI publishes: its SDK's own types and its description.

One server and one worker for all. The SDK walks first; then any call that the description allows is sent to what the
walk has left behind. The simulated engine's turn: tests/test_trainer_contract.py, tests/test_trainer_schema.py.
"""

import base64
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

from tests.factories import chat_lines, preference_lines
from tests.needs import TRAINER_PYTHON
from tests.running import PATIENCE
from tests.serving import issued_key, trainer_serving, worker_training
from tests.specification import Description, Seeds, served, successes
from tests.strict_wire import QUIRKS, Undoing

pytestmark = [pytest.mark.engine, pytest.mark.spec]

EXAMPLES = 15
SUPERVISED: Any = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}}
DPO: Any = {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 1, "batch_size": 4, "beta": 0.3}}}
LONG: Any = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 50, "batch_size": 1}}}


@dataclass
class Walk:
    """The SDK, strict, on a wire that judges every answer by the description, and what the jobs came to."""

    sdk: OpenAI
    wire: Undoing
    url: str
    key: str
    description: Description
    jobs: dict[str, FineTuningJob] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def upload(self, name: str, content: bytes) -> str:
        self.files[name] = self.sdk.files.create(file=(f"{name}.jsonl", io.BytesIO(content)), purpose="fine-tune").id
        return self.files[name]

    def order(self, file: str, method: Any, model: str = "tiny", **more: Any) -> str:
        create = self.sdk.fine_tuning.jobs.create
        return create(model=model, training_file=self.files[file], method=method, seed=7, **more).id

    def until(self, job: str, happened: Callable[[FineTuningJob], object]) -> FineTuningJob:
        return until(lambda: self.sdk.fine_tuning.jobs.retrieve(job), happened)

    def paused(self, job: str) -> bool:
        """As it came: the SDK's types do not know the word."""
        with OpenAI(api_key=self.key, base_url=self.url) as loose:
            return str(loose.fine_tuning.jobs.retrieve(job).status) == "paused"

    def events(self, name: str, **more: Any) -> list[FineTuningJobEvent]:
        return list(self.sdk.fine_tuning.jobs.list_events(self.jobs[name].id, **more))

    def say(self, model: str, **more: Any) -> Any:
        question: Any = [{"role": "user", "content": "눈, 골목 3"}]
        return self.sdk.chat.completions.create(model=model, messages=question, temperature=0, max_tokens=20, **more)


def until[T](ask: Callable[[], T], happened: Callable[[T], object]) -> T:
    deadline = time.monotonic() + PATIENCE
    while not happened(found := ask()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    var = tmp_path_factory.mktemp("published")
    settings = {"TRAINER_PYTHON": str(TRAINER_PYTHON), "TRAINER_DIR": str(var / "trainer")}
    with trainer_serving(var, **settings) as url, worker_training(var, **settings):
        key = issued_key(var, "published")
        description = Description(key, "tiny")
        wire = Undoing(description.judge)
        client = httpx2.Client(transport=wire, timeout=60)
        sdk = OpenAI(api_key=key, base_url=url, max_retries=0, http_client=client, _strict_response_validation=True)
        made = Walk(sdk, wire, url, key, description)
        until(lambda: [model.id for model in sdk.models.list()], lambda names: "tiny" in names)
        _make_jobs(made)
        yield made
        client.close()


def _make_jobs(walk: Walk) -> None:
    """One that trains, one that goes on from it with preferences, one that fails, one that is stopped and cancelled."""
    jobs, tuned = walk.sdk.fine_tuning.jobs, walk.upload("chat", chat_lines(12))
    walk.upload("valid", chat_lines(12, "비"))
    walk.upload("pairs", preference_lines(12))
    walk.upload("few", chat_lines(3))
    tuned = walk.order("chat", SUPERVISED, validation_file=walk.files["valid"], suffix="봄", metadata={"a": "b"})
    walk.jobs["done"] = walk.until(tuned, lambda job: job.finished_at)
    stopped = walk.order("chat", LONG)
    walk.until(stopped, lambda job: job.status == "running")
    jobs.pause(stopped)
    until(lambda: walk.paused(stopped), bool)
    model = str(walk.jobs["done"].fine_tuned_model)
    ids = {"preferred": walk.order("pairs", DPO, model), "failed": walk.order("few", SUPERVISED)}
    jobs.resume(stopped)
    walk.jobs |= {name: walk.until(uid, lambda job: job.finished_at) for name, uid in ids.items()}
    jobs.cancel(stopped)
    walk.jobs["stopped"] = walk.until(stopped, lambda job: job.finished_at)


def test_how_the_jobs_ended(walk: Walk) -> None:
    done, preferred = walk.jobs["done"], walk.jobs["preferred"]

    assert {name: job.status for name, job in walk.jobs.items()} == {
        "done": "succeeded",
        "preferred": "succeeded",
        "failed": "failed",
        "stopped": "cancelled",
    }
    assert (preferred.model, preferred.trained_tokens) == (done.fine_tuned_model, preferred.trained_tokens or 1)
    assert walk.jobs["failed"].error is not None
    assert walk.wire.met <= QUIRKS.keys()


def test_the_settings_that_were_trained_with(walk: Walk) -> None:
    method = walk.jobs["preferred"].method
    assert method is not None
    assert method.dpo is not None
    assert method.dpo.hyperparameters is not None
    assert (method.dpo.hyperparameters.beta, method.dpo.hyperparameters.batch_size) == (0.3, 4)
    assert walk.jobs["done"].hyperparameters.n_epochs == 2


def test_events_in_pages(walk: Walk) -> None:
    whole, pages = walk.events("done", limit=100), walk.events("done", limit=2)

    assert [event.id for event in pages] == [event.id for event in whole]
    points: list[Any] = [event.data for event in reversed(whole) if event.type == "metrics"]
    assert [point["step"] for point in points] == [1, 2, 3, 4, 5, 6]
    stopped = [event.message for event in walk.events("stopped")]
    assert stopped[0] == "Fine-tuning job cancelled"
    assert any(message.startswith("Fine-tuning job paused") for message in stopped)


def test_checkpoints_and_results(walk: Walk) -> None:
    kept = list(walk.sdk.fine_tuning.jobs.checkpoints.list(walk.jobs["done"].id, limit=1))
    [result] = walk.jobs["done"].result_files
    rows = base64.b64decode(walk.sdk.files.content(result).read()).decode().splitlines()

    assert [each.step_number for each in kept] == [6, 3]
    assert all(each.metrics.full_valid_loss for each in kept)
    assert len(rows) == 1 + 6


def test_the_tuned_models_and_a_checkpoint_answer(walk: Walk) -> None:
    kept = list(walk.sdk.fine_tuning.jobs.checkpoints.list(walk.jobs["done"].id))
    names = [str(walk.jobs[name].fine_tuned_model) for name in ("done", "preferred")]
    names.append(kept[-1].fine_tuned_model_checkpoint)

    for name in names:
        answer = walk.say(name)
        with walk.say(name, stream=True, stream_options={"include_usage": True}) as stream:
            chunks = list(stream)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert (answer.model, answer.choices[0].message.content) == (name, said)
        assert chunks[-1].usage == answer.usage


def test_a_model_is_listed_and_gone_once_deleted(walk: Walk) -> None:
    name = str(walk.jobs["preferred"].fine_tuned_model)
    listed = {model.id: model for model in walk.sdk.models.list()}

    assert listed[name] == walk.sdk.models.retrieve(name)
    assert walk.sdk.models.delete(name).deleted is True
    with pytest.raises(openai.NotFoundError):
        walk.sdk.models.retrieve(name)
    with pytest.raises(openai.NotFoundError):
        walk.say(name)


@pytest.fixture(scope="module")
def seeds(walk: Walk) -> Seeds:
    """What the walk has left behind, and a job that waits behind one that runs."""
    running, paused = walk.order("chat", LONG), walk.order("chat", LONG)
    walk.sdk.fine_tuning.jobs.pause(paused)
    walk.until(running, lambda job: job.status == "running")
    ended = [walk.jobs[name].id for name in ("done", "preferred", "failed", "stopped")]
    model = str(walk.jobs["done"].fine_tuned_model)
    checkpoint = list(walk.sdk.fine_tuning.jobs.checkpoints.list(walk.jobs["done"].id))[-1]
    return {
        "file": walk.files["chat"],
        "spare": walk.upload("spare", chat_lines(12)),
        "running": running,
        "paused": paused,
        "files": [*walk.files.values(), walk.jobs["done"].result_files[0]],
        "jobs": [running, paused, *ended],
        "model": model,
        "doomed": checkpoint.fine_tuned_model_checkpoint,
        "base": "tiny",
        "answers": model,
    }


@pytest.mark.parametrize(("method", "path"), successes())
def test_each_documented_success_is_reached(walk: Walk, seeds: Seeds, method: str, path: str) -> None:
    walk.description.reach_success(walk.url, method, path, seeds)


DELETIONS_LAST = [operation for operation in served() if operation[0] != "delete"]
DELETIONS_LAST += [operation for operation in served() if operation[0] == "delete"]


@pytest.mark.parametrize(("method", "path"), DELETIONS_LAST)
def test_any_call_that_is_allowed(walk: Walk, seeds: Seeds, method: str, path: str) -> None:
    walk.description.ask_anything(walk.url, method, path, seeds, EXAMPLES)

"""The worker with the process that really trains: a small model from scratch, killed, paused and cancelled."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import psutil
import pytest
from openai import OpenAI

from tests.factories import chat_lines
from tests.needs import TRAINER_PYTHON
from tests.real_training import (
    issue_key,
    make_base,
    make_worker,
    order,
    told,
    training_of,
    wait_until,
    working,
)
from tests.running import ROOT
from trainer.models import Job, Step

pytestmark = pytest.mark.engine

BUILT_IN = ROOT / "trainer" / "engines" / "transformers" / "built_in" / "tiny" / "config.json"
NARROW = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}


@pytest.fixture
def sdk(trainer: str, settings: Any) -> OpenAI:
    """A trainer whose base `narrow` is made from scratch by each run, as `tiny` is, but quicker."""
    folder = make_base(settings, name="narrow", kind="full", context=512, auto={"learning_rate": 1e-2})
    config = json.loads(BUILT_IN.read_text()) | NARROW | {"intermediate_size": 128}
    (folder / "config.json").write_text(json.dumps(config))
    make_worker()
    settings.TRAINER_CHILD = [str(TRAINER_PYTHON), "-m", "trainer.engines.transformers.train"]
    return OpenAI(api_key=issue_key("trainer-engine"), base_url=trainer, max_retries=0)


def steps_of(job: Job) -> list[int]:
    return list(Step.objects.filter(job=job).order_by("step").values_list("step", flat=True))


def losses(sdk: OpenAI, job: Job) -> list[float]:
    [result] = sdk.fine_tuning.jobs.retrieve(job.uid).result_files
    rows = base64.b64decode(sdk.files.content(result).read()).decode().splitlines()[1:]
    return [float(row.split(",")[1]) for row in rows]


def training_process() -> psutil.Process:
    [found] = [
        child for child in psutil.Process().children() if "trainer.engines.transformers.train" in child.cmdline()
    ]
    return found


def act(sdk: OpenAI, job: Job, name: str) -> None:
    sdk.post(f"/fine_tuning/jobs/{job.uid}/{name}", cast_to=object)


def test_a_killed_training_ends_like_an_unbroken_one(sdk: OpenAI) -> None:
    valid = sdk.files.create(file=("v.jsonl", io.BytesIO(chat_lines(12, "비"))), purpose="fine-tune").id
    settings = {"n_epochs": 40, "batch_size": 4}  # 120 steps: long enough to be met in the middle on a busy machine
    unbroken = order(sdk, "narrow", validation_file=valid, hyperparameters=settings)
    killed = order(sdk, "narrow", validation_file=valid, hyperparameters=settings)
    with working():
        wait_until(lambda: steps_of(killed))
        training_process().kill()
        wait_until(lambda: training_of(killed).status == "succeeded")

    first, second = losses(sdk, unbroken), losses(sdk, killed)
    kept = [each.step_number for each in sdk.fine_tuning.jobs.checkpoints.list(killed.uid)]
    assert steps_of(killed) == list(range(1, 121))
    assert second == first
    assert sum(first[-5:]) < 0.8 * sum(first[:5])
    assert training_of(killed).attempt == 2
    assert "Training goes on after step" in "\n".join(told(killed))
    assert kept[:3] == [120, 117, 114]
    assert weights(unbroken, 120) == weights(killed, 120)


def weights(job: Job, step: int) -> bytes:
    return (training_of(job).folder / "checkpoints" / f"step-{step}" / "model.safetensors").read_bytes()


def test_pause_resume_and_cancel_a_real_training(sdk: OpenAI) -> None:
    job = order(sdk, "narrow", hyperparameters={"n_epochs": 50, "batch_size": 1})
    jobs = sdk.fine_tuning.jobs
    with working():
        wait_until(lambda: steps_of(job))
        running = jobs.retrieve(job.uid)
        act(sdk, job, "pause")
        wait_until(lambda: str(jobs.retrieve(job.uid).status) == "paused")
    done = steps_of(job)
    act(sdk, job, "resume")
    queued = jobs.retrieve(job.uid).status
    with working():
        wait_until(lambda: len(steps_of(job)) > len(done))
        act(sdk, job, "cancel")
        wait_until(lambda: jobs.retrieve(job.uid).status == "cancelled")

    assert (running.status, running.hyperparameters.n_epochs) == ("running", 50)
    assert queued == "queued"
    assert len(done) < 600
    assert f"Fine-tuning job paused after step {len(done)}" in told(job)
    assert f"Training goes on after step {len(done)}" in told(job)
    assert not (Path(training_of(job).folder) / "state").exists()

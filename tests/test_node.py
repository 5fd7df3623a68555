"""OpenAI's SDK for Node walks through the trainer: a client that we did not write, in another language than ours."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.factories import chat_lines, preference_lines
from tests.needs import TRAINER_PYTHON
from tests.serving import issued_key, trainer_serving, worker_training
from tests.specification import Description

pytestmark = pytest.mark.node
ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, STEPS = 20, 20
BASES = {"simulated": "sim-small", "transformers": "tiny"}

type Answers = dict[str, Any]


@pytest.fixture(
    scope="module", params=["simulated", pytest.param("transformers", marks=pytest.mark.engine)], ids=lambda name: name
)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def answers(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What each call of tests/sdk/walk.mjs answered."""
    data, var = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp(engine)
    (data / "눈.jsonl").write_bytes(chat_lines(EXAMPLES))
    (data / "pairs.jsonl").write_bytes(preference_lines(12))
    settings = {"TRAINER_SPEED": "20", "TRAINER_PYTHON": str(TRAINER_PYTHON), "TRAINER_DIR": str(var / "trainer")}
    with trainer_serving(var, **settings) as url, worker_training(var, **settings):
        given = {"BASE_URL": url, "API_KEY": issued_key(var, "node"), "MODEL": BASES[engine]}
        given |= {"DATA": str(data / "눈.jsonl"), "PAIRS": str(data / "pairs.jsonl")}
        line = ["node", "tests/sdk/walk.mjs"]
        done = subprocess.run(line, cwd=ROOT, env=os.environ | given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_files(answers: Answers) -> None:
    content = chat_lines(EXAMPLES)

    assert answers["file"] == {
        **answers["fileAgain"],
        "object": "file",
        "purpose": "fine-tune",
        "filename": "눈.jsonl",
        "bytes": len(content),
        "status": "processed",
    }
    assert [file["id"] for file in answers["files"]] == [answers["file"]["id"]]
    assert answers["content"].encode() == content
    assert answers["deletedFile"]["deleted"] is True
    assert (answers["noFile"]["name"], answers["noFile"]["status"]) == ("NotFoundError", 404)


def test_jobs(answers: Answers, engine: str) -> None:
    job, ended = answers["job"], answers["ended"]

    assert (job["status"], job["seed"], job["metadata"]) == ("validating_files", 7, {"desk": "node"})
    assert job["method"]["supervised"]["hyperparameters"]["n_epochs"] == 2
    assert ended["model"] == {"sim-small": "sim-small-2026-06-01"}.get(BASES[engine], BASES[engine])
    assert [row["id"] for row in answers["jobs"]] == [job["id"], answers["cancelled"]["id"]]
    assert [row["id"] for row in answers["jobsByTag"]] == [job["id"]]
    assert (ended["status"], ended["trained_tokens"] > 0) == ("succeeded", True)
    assert [answers[name]["status"] for name in ("paused", "resumed", "cancelled")] == ["paused", "queued", "cancelled"]
    assert answers["badOrder"]["param"] == "training_file"


def test_what_a_job_leaves_behind(answers: Answers) -> None:
    messages = [event["message"] for event in answers["events"]]
    results = base64.b64decode(answers["results"]).decode().splitlines()
    last = answers["checkpoints"][0]

    assert (messages[0], messages[-1]) == (
        "The job has successfully completed",
        f"Created fine-tuning job: {answers['job']['id']}",
    )
    assert len({event["id"] for event in answers["events"]}) == len(messages) > STEPS
    assert results[0].startswith("step,train_loss")
    assert last["step_number"] == len(results) - 1 == STEPS
    assert last["fine_tuning_job_id"] == answers["job"]["id"]


def test_preferences_go_on_from_the_tuned_model(answers: Answers) -> None:
    job, ended = answers["preferred"], answers["preferredEnd"]

    assert (job["model"], job["method"]["type"]) == (answers["ended"]["fine_tuned_model"], "dpo")
    assert (ended["status"], ended["method"]["dpo"]["hyperparameters"]["beta"]) == ("succeeded", 0.2)
    assert answers["chatPreferred"]["model"] == ended["fine_tuned_model"]


def test_models_and_chat(answers: Answers, engine: str) -> None:
    model = answers["ended"]["fine_tuned_model"]
    choice = answers["chat"]["choices"][0]

    assert [row for row in answers["models"] if row["id"] == model] == [answers["model"]]
    assert answers["model"]["engine"] == engine
    assert choice["message"]["content"] == answers["streamed"] != ""
    assert choice["finish_reason"] in ("stop", "length")
    assert answers["chatCheckpoint"]["model"] == answers["checkpoints"][0]["fine_tuned_model_checkpoint"]
    assert answers["deletedModel"] == {"id": model, "object": "model", "deleted": True}
    assert (answers["noModel"]["name"], answers["noModel"]["code"]) == ("NotFoundError", "model_not_found")
    assert answers["noKey"]["name"] == "AuthenticationError"


@pytest.mark.spec
def test_each_answer_fits_openais_description(answers: Answers) -> None:
    description = Description()

    for answer in answers["wire"]:
        description.judge(**answer)
    assert len({answer["url"] for answer in answers["wire"] if answer["status"] == 200}) > 20

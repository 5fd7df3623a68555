"""OpenAI's SDK for Node walks through the trainer: a client that we did not write, in another language than ours."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.factories import chat_lines
from tests.serving import trainer_serving

pytestmark = pytest.mark.node
ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = 20

type Answers = dict[str, Any]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What each call of tests/sdk/walk.mjs answered."""
    data = tmp_path_factory.mktemp("data") / "눈.jsonl"
    data.write_bytes(chat_lines(EXAMPLES))
    with trainer_serving(tmp_path_factory.mktemp("var"), TRAINER_SPEED="20") as url:
        environment = os.environ | {"BASE_URL": url, "DATA": str(data)}
        done = subprocess.run(
            ["node", "tests/sdk/walk.mjs"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )
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


def test_jobs(answers: Answers) -> None:
    job, ended = answers["job"], answers["ended"]

    assert (job["status"], job["seed"], job["metadata"]) == ("validating_files", 7, {"desk": "node"})
    assert job["method"]["supervised"]["hyperparameters"]["n_epochs"] == 2
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
    assert len({event["id"] for event in answers["events"]}) == len(messages) > 20
    assert results[0].startswith("step,train_loss")
    assert last["step_number"] == len(results) - 1
    assert last["fine_tuning_job_id"] == answers["job"]["id"]


def test_models_and_chat(answers: Answers) -> None:
    model = answers["ended"]["fine_tuned_model"]
    choice = answers["chat"]["choices"][0]

    assert model in [row["id"] for row in answers["models"]]
    assert choice["message"]["content"] == answers["streamed"] != ""
    assert choice["finish_reason"] == "stop"
    assert answers["deletedModel"] == {"id": model, "object": "model", "deleted": True}
    assert (answers["noModel"]["name"], answers["noModel"]["code"]) == ("NotFoundError", "model_not_found")
    assert answers["noKey"]["name"] == "AuthenticationError"

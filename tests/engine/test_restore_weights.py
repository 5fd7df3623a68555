"""A portal with a model that it trained is lost and restored by docs/operations.md: the model answers the same."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from tests.factories import chat_lines
from tests.needs import TRAINER_PYTHON
from tests.restoring import run
from tests.running import ROOT, Up, free_port

pytestmark = pytest.mark.engine

SETTINGS = {"n_epochs": 2, "batch_size": 4}


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[str], Up]]:
    started: list[Up] = []

    def start(folder: str) -> Up:
        started.append(Up(tmp_path / folder, free_port(), TRAINER_PYTHON=str(TRAINER_PYTHON)))
        started[-1].wait_until_ready()
        return started[-1]

    yield start
    for one in started:
        one.end()


def connected(portal: Up, key: str) -> OpenAI:
    return OpenAI(api_key=key, base_url=f"http://127.0.0.1:{portal.port}/trainer/v1", max_retries=0)


def key_of(portal: Up) -> str:
    line = [sys.executable, "manage.py", "trainer_key", "backup"]
    printed = subprocess.run(line, cwd=ROOT, env=portal.environment, check=True, capture_output=True, text=True)
    return printed.stdout.splitlines()[-1]


def train(portal: Up, sdk: OpenAI) -> list[str]:
    """The names of the finished model and of its first checkpoint."""
    portal.wait_for(lambda: "tiny" in {model.id for model in sdk.models.list()})
    file = sdk.files.create(file=("a.jsonl", io.BytesIO(chat_lines(12))), purpose="fine-tune").id
    body = {"model": "tiny", "training_file": file, "seed": 7, "hyperparameters": SETTINGS}
    uid = sdk.post("/fine_tuning/jobs", body=body, cast_to=dict)["id"]
    jobs = sdk.fine_tuning.jobs
    portal.wait_for(lambda: jobs.retrieve(uid).status == "succeeded")
    return [str(jobs.retrieve(uid).fine_tuned_model), list(jobs.checkpoints.list(uid))[-1].fine_tuned_model_checkpoint]


def answers(sdk: OpenAI, names: list[str]) -> list[str | None]:
    return [
        sdk.chat.completions.create(
            model=name, messages=[{"role": "user", "content": "눈, 골목 3"}], temperature=0, max_tokens=20
        )
        .choices[0]
        .message.content
        for name in names
    ]


def test_a_trained_model_answers_the_same_after_backup_and_restore(up: Callable[[str], Up], tmp_path: Path) -> None:
    old = up("old")
    places = {"BACKUP": str(tmp_path / "backup"), "KEYS": str(tmp_path / "keys")}
    key = key_of(old)
    with connected(old, key) as sdk:
        names = train(old, sdk)
        before = answers(sdk, names)
    run("backup sqlite", {**old.environment, **places})
    run("backup weights", {**old.environment, **places})
    old.end()
    shutil.rmtree(old.var)

    restored = {**old.environment, **places, "VAR_DIR": str(tmp_path / "new")}
    run("restore sqlite", restored)
    run("restore weights", restored)
    new = up("new")

    with connected(new, key) as sdk:
        assert answers(sdk, names) == before
        assert len(set(before)) == len(names)

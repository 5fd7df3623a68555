"""The demo from end to end: nobody looks at the job, yet its end is known at once, by the trainer's webhook."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, Up, free_port

AT_ONCE = 5.0  # seconds, while both cores may be busy with other tests; docs/trainer.md says what it takes alone
ORDER = """
from jobs.models import Connection, FineTuneJob, TrainingFile
from jobs.pipeline.record import order
connection, file = Connection.objects.get(), TrainingFile.objects.get(name="winter-essay-chat.jsonl")
settings = {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"}
order(FineTuneJob(team=connection.team, connection=connection, training_file=file, name="unwatched",
                  base_model="sim-small-2026-06-01", hyperparameters=settings, estimated_usd=0))
"""
LAG = """
SELECT ended.created_at, hook.hook_at, moved.at
FROM jobs_finetunejob AS job
JOIN jobs_connection AS hook ON hook.id = job.connection_id
JOIN jobs_transition AS moved ON moved.job_id = job.id AND moved.after = 'succeeded'
JOIN trainer_job AS remote ON remote.uid = job.remote_id
JOIN trainer_file AS ended ON ended.job_id = remote.id
"""


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(tmp_path / "var", free_port(), TRAINER_SPEED="2")
    yield started
    started.end()


def ask(up: Up, query: str) -> Any:
    connection = sqlite3.connect(f"file:{up.var / 'db.sqlite3'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchone()
    finally:
        connection.close()


def test_end_of_an_unwatched_job_is_known_at_once(up: Up) -> None:
    up.wait_until_ready()
    up.wait_for(lambda: ask(up, "SELECT sealed_hook_secret FROM jobs_connection WHERE state = 'works'") is not None)
    secret = ask(up, "SELECT sealed_hook_secret FROM jobs_connection")[0]

    subprocess.run([sys.executable, "manage.py", "shell", "-c", ORDER], cwd=ROOT, env=up.environment, check=True)
    up.wait_for(lambda: ask(up, LAG) is not None)

    ended, told, known = (datetime.fromisoformat(moment) for moment in ask(up, LAG))
    print(f"told after {(told - ended).total_seconds():.2f} s, known after {(known - ended).total_seconds():.2f} s")
    assert secret != ""
    assert ended <= told <= known
    assert (known - ended).total_seconds() < AT_ONCE
    assert ask(up, "SELECT status, tries, due_at FROM trainer_delivery") == (204, 1, None)

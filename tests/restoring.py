"""Backup and restore by the very commands of docs/operations.md, and what must be the same before and after.

`order`, `evaluate` and `told` run inside a portal's own settings: `manage.py shell -c`.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.utils import timezone

from jobs.models import Connection, FileFormat, FineTuneJob, Team, TrainingFile, User
from jobs.pipeline.record import order as store_order
from tests.evaluated import fill, rows
from tests.factories import make_connection
from tests.running import ROOT

IMPORTS = "from tests.restoring import evaluate, order, told; "


def commands(name: str) -> str:
    """The block that docs/operations.md marks with `<!-- tested: name -->`."""
    text = (ROOT / "docs/operations.md").read_text()
    found = re.findall(rf"<!-- tested: {name} -->\n```\n(.*?)```\n", text, re.DOTALL)
    assert len(found) == 1, f"docs/operations.md has {len(found)} blocks '{name}'"
    return str(found[0])


def run(name: str, environment: dict[str, str]) -> str:
    """Run such a block as an operator would; returns what it said. A command that fails, fails the test."""
    done = attempt(name, environment)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def attempt(name: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    line = ["bash", "-eu", "-o", "pipefail", "-c", commands(name)]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def inside(environment: dict[str, str], code: str) -> Any:
    """What `code` prints as JSON when it runs in that portal."""
    line = [sys.executable, "manage.py", "shell", "--no-imports", "-c", IMPORTS + code]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def order(name: str) -> None:
    """Order a job in the demo's team, for the worker that runs there."""
    team = Team.objects.get(slug="bomnal")
    file = TrainingFile.objects.filter(team=team, format=FileFormat.CHAT, state="ready").order_by("-examples")[0]
    job = FineTuneJob(
        team=team,
        connection=Connection.objects.get(team=team, profile="trainer"),
        training_file=file,
        name=name,
        base_model="sim-small-2026-06-01",
        hyperparameters={"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"},
    )
    print(json.dumps(str(store_order(job).uuid)))


def evaluate(name: str) -> None:
    """Give the demo's team evaluations and rescues, votes, and one that followed the job of that name."""
    job = FineTuneJob.objects.get(name=name)
    owner = User.objects.get(username="demo")
    service = make_connection(job.team, "sk-proj-of-a-service-that-ends", name="끝나는 서비스", profile="openai")
    Connection.objects.filter(pk=service.pk).update(parked_at=timezone.now())  # nobody calls it
    fill(job, service, owner, owner)
    print(json.dumps(len(rows())))


def told() -> None:
    """Everything that a restore must bring back, by job and file."""
    jobs = {job.name: _job(job) for job in FineTuneJob.objects.order_by("pk")}
    keys = {str(row.uuid): hashlib.sha256(row.access().key.encode()).hexdigest() for row in Connection.objects.all()}
    files = {file.name: (file.sha256, _digest(file.path)) for file in TrainingFile.objects.all()}
    print(json.dumps({"jobs": jobs, "keys": keys, "files": files, "evaluations": rows()}, default=str))


def _job(job: FineTuneJob) -> dict[str, Any]:
    return {
        "state": job.state,
        "remote_id": job.remote_id,
        "model": job.fine_tuned_model,
        "result": hashlib.sha256(job.result_csv.encode()).hexdigest(),
        "path": [[one.after, one.at.isoformat()] for one in job.transitions.all()],
        "events": job.events.count(),
        "metrics": job.metrics.count(),
        "collected": job.collected_at is not None,
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""Two workers, each a process of its own, at one row; the one that has it is killed, and the next goes on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.engine.child import ESSAYS, LIMIT
from tests.needs import ROOT, TRAINER_PYTHON
from tests.real_training import BASE, wait_until
from tests.running import OURS

pytestmark = pytest.mark.engine

BEGIN = """
import sys, django
django.setup()
from django.conf import settings
settings.TRAINER_CHILD = ["env", "TRAINER_SAVE_SECONDS=0", *settings.TRAINER_CHILD]
"""
PLACE = """
import shutil
from pathlib import Path
from django.core.management import call_command
from django.utils import timezone
from trainer.faults import Faults
from trainer.models import File, Worker
from trainer.ordering import place
from trainer.orders import Order
call_command("migrate", verbosity=0)
Worker.objects.create(name="a", device="cpu")
file = File.objects.create(uid="file-1", org="o", purpose="fine-tune", filename="a.jsonl", format="chat", examples=72,
                           created_at=timezone.now())
file.path.parent.mkdir(parents=True)
shutil.copy(sys.argv[1], file.path)
numbers = {"n_epochs": 12, "batch_size": 8, "learning_rate_multiplier": "auto"}
print(place(Order("narrow", file.uid, "", "", 7, None, "supervised", numbers), "o", Faults(""), issued=True).uid)
"""
WORK = """
from trainer.work import lease, shift
lease.free_own(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(len(list(shift.work(sys.argv[1]))))
"""
SHOW = """
import json
from trainer.models import Step, Training, TrainingEvent
row = Training.objects.get()
events = list(TrainingEvent.objects.order_by("pk").values_list("message", flat=True))
steps = list(Step.objects.order_by("step").values_list("step", flat=True))
found = {"status": row.status, "owner": row.lease_owner, "attempt": row.attempt, "steps": steps, "events": events}
print(json.dumps(found))
"""


class Installation:
    """A database and a folder of files of its own, with one base and one job."""

    def __init__(self, var: Path, base: Path) -> None:
        given = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = {
            **given,
            "DJANGO_SETTINGS_MODULE": "ftsite.settings",
            "VAR_DIR": str(var),
            "TRAINER_PYTHON": str(TRAINER_PYTHON),
            "TRAINER_THREADS": "1",
        }
        folder = Path(shutil.copytree(base, var / "trainer" / "bases" / "narrow"))
        auto = json.loads((base / "base.json").read_text())["auto"]
        about = {**BASE, "name": "narrow", "kind": "full", "context": 512, "auto": auto}
        (folder / "base.json").write_text(json.dumps(about))
        self.uid = self.run(PLACE, str(ESSAYS))
        self.folder = var / "trainer" / "runs" / self.uid

    def line(self, code: str, *arguments: str) -> list[str]:
        return [sys.executable, "-c", f"{BEGIN}\n{code}", *arguments]

    def run(self, code: str, *arguments: str) -> str:
        done = subprocess.run(
            self.line(code, *arguments), cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=LIMIT
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    def row(self) -> Any:
        return json.loads(self.run(SHOW))

    @contextmanager
    def workers(self, *owners: str) -> Iterator[dict[str, subprocess.Popen[str]]]:
        """Processes that begin to look for a job at one moment."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started = {
            name: subprocess.Popen(self.line(WORK, name), cwd=ROOT, env=self.environment, **pipes) for name in owners
        }
        try:
            for worker in started.values():
                assert worker.stdout
                assert worker.stdout.readline() == "ready\n"
            for worker in started.values():
                assert worker.stdin
                worker.stdin.write("go\n")
                worker.stdin.flush()
            yield started
        finally:
            for worker in started.values():
                worker.kill()
                worker.communicate(timeout=LIMIT)


def processes_of(worker: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return list(psutil.Process(worker.pid).children())
    except psutil.NoSuchProcess:
        return []


def printed_steps(folder: Path) -> int:
    output = folder / "output.jsonl"
    return output.read_text().count('"kind": "step"') if output.exists() else 0


def test_one_of_two_workers_trains_and_the_next_goes_on_where_it_was_killed(tmp_path: Path, tiny: Path) -> None:
    installation = Installation(tmp_path / "var", tiny)
    with installation.workers("a", "b") as both:
        wait_until(lambda: printed_steps(installation.folder) > 15)
        held = installation.row()
        training = {name: processes_of(worker) for name, worker in both.items()}
        [child] = training[held["owner"]]
        both[held["owner"]].kill()
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    with installation.workers(held["owner"]) as again:
        output, _ = again[held["owner"]].communicate(timeout=LIMIT)
    ended = installation.row()

    idle = "b" if held["owner"] == "a" else "a"
    assert (held["status"], held["attempt"], training[idle]) == ("running", 1, [])
    assert output == "1\n"
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)
    assert ended["steps"] == list(range(1, 109))
    [gone_on] = [line for line in ended["events"] if "goes on after step" in line]
    assert int(gone_on.rpartition(" ")[2]) > 5

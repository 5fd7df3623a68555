"""One sweep over 10,000 active jobs of one connection: list calls, and the worker's time.

The far side is the bundled trainer in a process of its own, with as many jobs. The worker's part runs here, as Celery
would run it: what is due, then `follow`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
from django.conf import settings
from django.db import connection as database
from django.utils import timezone

from bench import rows
from bench.figures import Figure, hand_over
from bench.machine import ROOT
from jobs.models import Connection, FineTuneJob, Team
from jobs.models.searching import searched
from jobs.pipeline import due, follow
from jobs.states import State
from trainer import models as trainer
from trainer.faults import hashed

JOBS = int(os.environ.get("BENCH_ACTIVE", "10000"))
KEY = "trainer-bench-sweep"
SLOW = 0.0001  # so that none of them ends meanwhile


def make_remote_jobs(count: int) -> list[trainer.Job]:
    now = timezone.now()
    org = hashed(KEY)
    file = trainer.File.objects.create(
        uid="file-bench", org=org, purpose="fine-tune", filename="a.jsonl", examples=500, tokens=90_000, created_at=now
    )
    made = [
        trainer.Job(
            uid=f"ftjob-bench{n:05}",
            org=org,
            model=rows.BASES[2],
            base=rows.BASES[2],
            training_file=file,
            seed=n,
            asked={"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"},
            n_epochs=3,
            batch_size=4,
            learning_rate=1.8,
            metadata={"texthelper_job": f"{n:032x}"},
            speed=SLOW,
            tuned_name=f"ft:{rows.BASES[2]}:bench::{n:08x}",
            created_at=now - timedelta(days=1) + timedelta(seconds=n),
            listed_at=now - timedelta(days=1),
        )
        for n in range(count)
    ]
    return trainer.Job.objects.bulk_create(made, batch_size=rows.AT_ONCE)


def make_active_jobs(team: Team, service: Connection, remote: list[trainer.Job]) -> None:
    file = rows.make_files(team, team.members.get().user, 1)[0]
    made = [
        FineTuneJob(
            team=team,
            connection=service,
            training_file=file,
            name=f"겨울 에세이 {n}",
            base_model=job.model,
            state=State.RUNNING,
            remote_id=job.uid,
            remote_status="running",
            started_at=job.created_at,
            due_at=timezone.now(),
        )
        for n, job in enumerate(remote)
    ]
    for job in made:
        job.words, job.ids = searched(job).values()
    FineTuneJob.objects.bulk_create(made, batch_size=rows.AT_ONCE)


@contextmanager
def far_side(log: Path) -> Iterator[None]:
    """The trainer, a process of its own that writes a line for each call."""
    line = ["uvicorn", "ftsite.asgi:application", "--port", str(settings.PORT), "--lifespan", "off", "--no-access-log"]
    env = {**os.environ, "LOG_LEVEL": "INFO"}
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", *line], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_it_answers()
            yield
        finally:
            process.terminate()


def _wait_until_it_answers() -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx2.get(f"http://127.0.0.1:{settings.PORT}/accounts/login/")
            return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise RuntimeError("the trainer does not start")


def calls(log: Path) -> int:
    return log.read_text().count("trainer:job")


def sweep(log: Path) -> tuple[int, float, float]:
    """Calls made, seconds by the clock, seconds of this process."""
    start = timezone.now()
    FineTuneJob.objects.update(due_at=start)
    before, began, used = calls(log), time.perf_counter(), time.process_time()
    for pk in due.connections_to_follow():
        follow.follow(Connection.objects.get(pk=pk))
    taken = time.perf_counter() - began, time.process_time() - used
    if left := FineTuneJob.objects.exclude(polled_at__gt=start).count():
        raise RuntimeError(f"{left} jobs were not looked at")
    time.sleep(0.5)
    return calls(log) - before, *taken


def main() -> None:
    team, _owner = rows.make_people(1)
    service = Connection(team=team, name="연결", profile="trainer")
    service.set_key(KEY)
    service.save()
    make_active_jobs(team, service, make_remote_jobs(JOBS))
    rows.settle()
    log = Path(settings.VAR_DIR) / "far-side.log"
    with far_side(log):
        first, again = sweep(log), sweep(log)
    kind, found = database.vendor, []
    for what, (asked, wall, used), most in (("all changed", first, None), ("nothing changed", again, 10.0)):
        note = f"{wall:.1f} s by the clock, the trainer's time in it"
        found.append(Figure(f"{kind}: sweep of {JOBS:,} jobs, {what}: calls", asked, "calls", 101, inclusive=True))
        found.append(Figure(f"{kind}: sweep of {JOBS:,} jobs, {what}: worker", used, "s", most, note=note))
    hand_over(found)

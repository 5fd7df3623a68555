"""A summary run of some hundred chunks: what the portal itself takes for each, beside the service's time.

The far side (bench.answering) is a process of its own that answers every question after the same while, and tells how
long it took from a question's last byte to the answer's. All the rest is the portal's: the claim, the call through the
SDK, the answer's row, the run's figures. One worker asks here, as Celery would have it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection as database

from bench import rows
from bench.figures import Figure, hand_over
from bench.machine import ROOT
from bench.recipes import prose
from jobs import provider
from jobs.models import Connection, Run, Source, Team, TrainingFile, User
from jobs.models.paid import NANO
from jobs.pipeline import checking, sources
from jobs.pipeline.calls import record
from jobs.pipeline.runs import working
from jobs.run_states import RunState
from jobs.training_data.recipes.recipe import Recipe

CHUNKS = int(os.environ.get("BENCH_CHUNKS", "600"))
MOST = 5.0  # ms of our own for a chunk
KEY = "trainer-bench-summaries"
MODEL = "sim-large-2026-06-01"  # at a price: every answer is counted


@contextmanager
def far_side(port: int) -> Iterator["subprocess.Popen[str]"]:
    line = [sys.executable, "-m", "bench.answering", str(port)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            if (process.stdout is None) or process.stdout.readline() != "listening\n":
                raise RuntimeError("the far side does not start")
            yield process
        finally:
            process.terminate()


def make_source(team: Team, owner: User, recipe: Recipe) -> Source:
    """A text of as many chunks, or a few more, read as the worker reads it."""
    body = prose(CHUNKS * recipe.size * 3).encode()
    content: Any = ContentFile(body, "겨울.txt")
    digest = sha256(body).hexdigest()
    made = sources.store(team, owner, content, name="겨울.txt", sha256=digest, also=lambda _row: None).source
    sources.read(made)
    return Source.objects.get(pk=made.pk)


def order(team: Team, source: Source, recipe: Recipe) -> Run:
    service = Connection(team=team, name="연결", profile="trainer")
    service.set_key(KEY)
    service.save()
    run = Run(team=team, name="요약", recipe=recipe.as_json(), connection=service, model=MODEL)
    run.estimate, run.cap_nano = {"usd": "100"}, int(Decimal(100) * NANO)
    return record.place(run, lambda row: row.sources.set([source]))


def fresh(run: Run) -> Run:
    """As `tasks.work_run` fetches it."""
    return Run.objects.select_related("connection", "team", "created_by").get(pk=run.pk)


def ask_all(run: Run) -> tuple[float, float]:
    """Seconds by the clock, and of this process, until nothing is left to be asked."""
    began, used = time.perf_counter(), time.process_time()
    while working.work(fresh(run)):
        pass
    return time.perf_counter() - began, time.process_time() - used


def make_file(run: Run) -> float:
    """Seconds for the run's file, its check included."""
    began = time.perf_counter()
    checking.check(TrainingFile.objects.get(runs=run))
    return time.perf_counter() - began


def main() -> None:
    team, owner = rows.make_people(1)
    recipe = Recipe(kind="summary")
    run = order(team, make_source(team, owner, recipe), recipe)
    port = int(settings.PORT)
    settings.TRAINER_URL = f"http://127.0.0.1:{port}/v1"
    began = time.perf_counter()
    working.work(fresh(run))
    cut = time.perf_counter() - began
    with far_side(port) as process:
        with provider.chatting(run.service.access()):
            pass  # the SDK's import is the process's, not the run's
        wall, used = ask_all(run)
        told = [json.loads(line) for line in lines(process)]
    run = fresh(run)
    answered, waited = sum(one["count"] for one in told), sum(one["seconds"] for one in told)
    if not (run.state == RunState.DONE and run.done == answered == run.total >= 300):
        raise RuntimeError(f"{run.state}: {run.done} of {run.total} chunks, {answered} answers; {run.trouble}")
    each, kind = 1000 / answered, database.vendor
    note = f"{answered:,} chunks, {wall:.1f} s by the clock, {waited:.1f} s of it the service's"
    hand_over(
        [
            Figure(f"{kind}: summary run: the portal's own for a chunk", (wall - waited) * each, "ms", MOST, note=note),
            Figure(f"{kind}: … of it the processor's", used * each, "ms"),
            Figure(f"{kind}: … before it, cutting and counting", cut * each, "ms"),
            Figure(f"{kind}: … after it, the file and its check", make_file(run) * each, "ms"),
        ]
    )


def lines(process: "subprocess.Popen[str]") -> list[str]:
    """What it said of every connection: the last one has just been closed."""
    time.sleep(0.5)
    process.terminate()
    return process.stdout.read().splitlines() if process.stdout else []

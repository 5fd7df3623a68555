"""From `make up` in a fresh clone to the first page, and what the idle system takes."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench import machine
from bench.figures import Figure
from bench.portal import Portal, wait_for

SETTLED = float(os.environ.get("BENCH_SETTLED", "60"))  # seconds after the first use
IDLE = float(os.environ.get("BENCH_IDLE", "60"))  # seconds that are measured


def figures() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="bench-up.") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", str(machine.ROOT), str(clone)], check=True)
        with Portal(Path(folder), clone) as site:
            yield _first_page(site, "make up, fresh clone, to the first page", 15)
            _use(site)
            time.sleep(SETTLED)
            yield from _idle(site)


def _first_page(site: Portal, what: str, target: float) -> Figure:
    began = time.monotonic()
    with (site.folder / "up.log").open("wb") as log:
        site.running["up"] = psutil.Popen(
            ["make", "up"], cwd=site.root, env=site.environment, stdout=log, stderr=subprocess.STDOUT
        )
    wait_for(site.answers, 600, rest=0.05)
    return Figure(what, time.monotonic() - began, "s", target, note="warm package cache")


def _use(site: Portal) -> None:
    """Sign in, train a model, look at every page: whatever is loaded at first use is loaded."""
    site.sign_in()
    wait_for(lambda: _ask(site, "SELECT count(*) = 0 FROM jobs_trainingfile WHERE state = 'checking'"), 120)
    site.order()
    wait_for(lambda: _ask(site, "SELECT count(*) > 0 FROM jobs_finetunejob WHERE collected_at IS NOT NULL"), 300)
    for path in ("", "files/", "models/", "playground/", "connections/", "team/", "team/audit/"):
        site.http.get(f"/t/bomnal/{path}")


def _ask(site: Portal, sql: str) -> bool:
    with sqlite3.connect(f"file:{site.environment['VAR_DIR']}/db.sqlite3?mode=ro", uri=True) as database:
        return bool(database.execute(sql).fetchone()[0])


def _idle(site: Portal) -> Iterator[Figure]:
    """All processes from the supervisor down (`make` itself becomes it)."""
    family = machine.family(site.running["up"])
    used, began = sum(map(machine.seconds_used, family)), time.monotonic()
    time.sleep(IDLE)
    share = (sum(map(machine.seconds_used, family)) - used) / (time.monotonic() - began) * 100
    yield Figure("idle system: memory (RSS, shared pages in each)", sum(map(machine.resident, family)), "MB", 300)
    yield Figure("idle system: memory (PSS, shared pages once)", sum(map(machine.proportional, family)), "MB")
    yield Figure("idle system: processor", share, "% of a core", 3)
    for process in family:
        yield Figure(f"… of it {_name(process)}", machine.resident(process), "MB")


def _name(process: psutil.Process) -> str:
    line = process.cmdline()
    known = [word for word in ("uvicorn", "celery", "ftsite.beat", "jobs.management.supervisor") if word in line]
    return known[0] if known else line[0].rpartition("/")[2]

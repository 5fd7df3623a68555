"""The slow lane as it is run: a service that acts after all patience is over, and a person in front of the page."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.far_side import FarSide, serving
from tests.running import ROOT, Up, free_port

ORDER = """
from jobs.models import Connection, FineTuneJob, TrainingFile, User
from jobs.pipeline.record import order
file = TrainingFile.objects.get(name="winter-essay-chat.jsonl")
connection = Connection(team=file.team, name="Slow", profile="custom", base_url="{address}")
connection.set_key("sk-slow-service-key")
connection.save()
settings = {{"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"}}
job = order(FineTuneJob(team=file.team, connection=connection, training_file=file, name="slow", base_model="m-1",
                        created_by=User.objects.get(email="demo@example.com"), hyperparameters=settings))
print(f"/t/{{file.team.slug}}/jobs/{{job.uuid}}/")
"""
IMPATIENT = {"ORDER_SECONDS": "1.5", "UNSURE_SECONDS": "3", "TICK_SECONDS": "0.4"}


@pytest.fixture
def far() -> Iterator[FarSide]:
    with serving(FarSide(lose=["slow"])) as one:
        yield one


@pytest.fixture
def up(tmp_path: Path, far: FarSide) -> Iterator[Up]:
    started = Up(tmp_path / "var", free_port(), UPSTREAM_HOSTS=far.address.split("/")[2], **IMPATIENT)
    yield started
    started.end()


def ask(up: Up, query: str) -> Any:
    connection = sqlite3.connect(f"file:{up.var / 'db.sqlite3'}?mode=ro", uri=True)
    try:
        row = connection.execute(query).fetchone()
    finally:
        connection.close()
    return row[0] if row else None


def signed_in(up: Up) -> httpx2.Client:
    browser = httpx2.Client(base_url=f"http://127.0.0.1:{up.port}", follow_redirects=True, timeout=30)
    browser.get("/accounts/login/")
    post(browser, "/accounts/login/", login="demo@example.com", password="texthelper-demo")
    return browser


def post(browser: httpx2.Client, path: str, **fields: str) -> None:
    answer = browser.post(path, data={**fields, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
    assert answer.status_code in (200, 204)


def test_two_jobs_are_shown_within_a_list_poll_and_one_button_cancels_the_second(up: Up, far: FarSide) -> None:
    up.wait_until_ready()
    line = [sys.executable, "manage.py", "shell", "--no-imports", "-c", ORDER.format(address=far.address)]
    done = subprocess.run(line, cwd=ROOT, env=up.environment, check=True, capture_output=True, text=True)
    page = done.stdout.strip().splitlines()[-1]
    up.wait_for(lambda: ask(up, "SELECT remote_id FROM jobs_finetunejob WHERE name = 'slow' AND state = 'running'"))
    browser = signed_in(up)
    assert "second/" not in browser.get(page).text

    far.act.set()
    up.wait_for(lambda: len(far.jobs) == 2)
    post(browser, f"{page}watch/")  # as the open page says
    up.wait_for(lambda: ask(up, "SELECT remote_id FROM jobs_secondjob"))

    shown = browser.get(page).text
    assert [job["id"] in shown for job in far.jobs] == [True, True]
    button = re.search(r'action="([^"]+/second/[^"]+/cancel/)"', shown)
    assert button
    for _click in range(2):
        post(browser, button[1])
    up.wait_for(lambda: ask(up, "SELECT ended_at FROM jobs_secondjob"))
    second = ask(up, "SELECT remote_id FROM jobs_secondjob")
    assert {job["id"]: job["status"] for job in far.jobs}[second] == "cancelled"
    assert sum(call.endswith("/cancel") for call in far.calls) == 1
    assert (far.orders, ask(up, "SELECT kind FROM jobs_notice")) == (2, "second")

"""A portal is backed up while it trains, lost, and restored: on SQLite, by the commands of docs/operations.md."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.restoring import attempt, inside, run
from tests.running import OURS, ROOT, Up, free_port


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[str], Up]]:
    """Starts a portal on a folder of this test."""
    started: list[Up] = []

    def start(folder: str) -> Up:
        started.append(Up(tmp_path / folder, free_port(), TRAINER_SPEED="3"))
        started[-1].wait_until_ready()
        return started[-1]

    yield start
    for one in started:
        one.end()


def ask(portal: Up, sql: str) -> Any:
    """The first row's first column."""
    with closing(sqlite3.connect(portal.var / "db.sqlite3", timeout=20)) as database:
        return database.execute(sql).fetchone()[0]


def has_ended(portal: Up, name: str) -> bool:
    of_it = f"FROM jobs_finetunejob WHERE name = '{name}'"
    return bool(ask(portal, f"SELECT count(*) {of_it} AND state = 'succeeded' AND collected_at IS NOT NULL"))


def test_a_team_with_jobs_comes_back_and_its_running_job_is_followed_to_the_end(
    up: Callable[[str], Up], tmp_path: Path
) -> None:
    old = up("old")
    places = {"BACKUP": str(tmp_path / "backup"), "KEYS": str(tmp_path / "keys")}
    old.wait_for(lambda: ask(old, "SELECT count(*) FROM jobs_trainingfile WHERE state = 'checking'") == 0)
    inside(old.environment, "order('done')")
    old.wait_for(lambda: has_ended(old, "done"))
    inside(old.environment, "evaluate('done')")
    inside(old.environment, "order('running')")
    old.wait_for(lambda: ask(old, "SELECT state FROM jobs_finetunejob WHERE name = 'running'") == "running")

    run("backup sqlite", {**old.environment, **places})
    before = inside(old.environment, "told()")
    old.end()
    shutil.rmtree(old.var)

    restored = {**old.environment, **places, "VAR_DIR": str(tmp_path / "new")}
    assert run("restore sqlite", restored).endswith("all of them open\n")
    after = inside(restored, "told()")
    assert (after["keys"], after["files"]) == (before["keys"], before["files"])
    assert after["evaluations"] == before["evaluations"]
    assert all(after["evaluations"].values())
    assert {stored == found for stored, found in after["files"].values()} == {True}
    assert after["jobs"]["done"] == before["jobs"]["done"]
    assert after["jobs"]["running"]["remote_id"] == before["jobs"]["running"]["remote_id"]

    new = up("new")
    new.wait_for(lambda: has_ended(new, "running"))
    ended = inside(new.environment, "told()")["jobs"]
    path = before["jobs"]["running"]["path"]
    assert ended["running"]["path"][: len(path)] == path
    assert ended["done"] == before["jobs"]["done"]


def test_a_restore_without_the_right_key_says_which_rows_stay_shut(tmp_path: Path) -> None:
    given = {name: value for name, value in os.environ.items() if name not in OURS}
    environment = {**given, "VAR_DIR": str(tmp_path / "old")}
    for command in ("migrate", "demo"):
        line = [sys.executable, "manage.py", command]
        subprocess.run(line, cwd=ROOT, env=environment, check=True, capture_output=True)
    places = {"BACKUP": str(tmp_path / "backup"), "KEYS": str(tmp_path / "keys")}
    run("backup sqlite", {**environment, **places})
    (tmp_path / "keys" / "field_key").write_text(Fernet.generate_key().decode())

    done = attempt("restore sqlite", {**environment, **places, "VAR_DIR": str(tmp_path / "new")})

    assert done.returncode == 1
    assert "1 of 1 secrets cannot be opened with any of FIELD_KEYS. Nothing was changed." in done.stderr
    assert "· bomnal ·" in done.stderr


def test_weights_are_a_step_of_their_own(tmp_path: Path) -> None:
    def put(name: str) -> None:
        path = tmp_path / "old" / "trainer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    kept = [
        "bases/little/base.json",
        "bases/little/model.safetensors",
        "runs/ftjob-1/checkpoints/step-8/adapter_model.safetensors",
        "runs/ftjob-1/order.json",
    ]
    made_again = [
        "exports/adapter-8.zip",
        "rows/0.safetensors",
        "state/weights.safetensors",
        "checkpoints/step-9.new/x",
    ]
    for name in [*kept, *(f"runs/ftjob-1/{name}" for name in made_again)]:
        put(name)
    (tmp_path / "backup").mkdir()
    environment = {**os.environ, "BACKUP": str(tmp_path / "backup")}
    environment.pop("TRAINER_DIR", None)

    run("backup weights", {**environment, "VAR_DIR": str(tmp_path / "old")})
    run("restore weights", {**environment, "VAR_DIR": str(tmp_path / "new")})

    new = tmp_path / "new" / "trainer"
    assert sorted(str(path.relative_to(new)) for path in new.rglob("*") if path.is_file()) == kept

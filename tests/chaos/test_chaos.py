"""Twenty seeds of `make chaos` on each lane. The whole of it, and what it means: docs/chaos.md."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

SEEDS = ("--first", "1", "--runs", "20", "--pace", "1")


def chaos(lane: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VAR_DIR": str(folder)}
    line = [sys.executable, "-m", "tests.chaos", "--lane", lane, *SEEDS]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_embedded_default_holds_while_processes_are_killed(tmp_path: Path) -> None:
    done = chaos("embedded", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "20 ok, 0 wrong" in done.stdout


@pytest.mark.services
def test_redis_and_postgres_hold_while_processes_are_killed(tmp_path: Path) -> None:
    done = chaos("services", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "20 ok, 0 wrong" in done.stdout


def test_no_answer_is_lost_or_paid_twice_while_processes_are_killed(tmp_path: Path) -> None:
    done = chaos("evaluations", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "20 ok, 0 wrong" in done.stdout
    assert " 0 of them twice" in done.stdout

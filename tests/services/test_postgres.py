"""The tests of claims, money, search and rescue once more, on PostgreSQL: its SQL is not SQLite's."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.services

FILES = [
    "tests/test_launch.py",
    "tests/test_second_jobs.py",
    "tests/test_summary_runs.py",
    "tests/test_jobs_list.py",
    "tests/test_search_words.py",
    "tests/test_upgrade.py",
    "tests/test_upgrade_evaluations.py",
    "tests/test_upgrade_trains.py",
]
QUESTIONS = [
    "tests/test_ending_notices.py",
    "tests/test_evaluation_bad_input.py",
    "tests/test_evaluation_differences.py",
    "tests/test_evaluation_erasing.py",
    "tests/test_evaluation_examples.py",
    "tests/test_evaluation_pages.py",
    "tests/test_evaluation_planned.py",
    "tests/test_evaluation_races.py",
    "tests/test_evaluation_report.py",
    "tests/test_evaluation_retries.py",
    "tests/test_evaluation_scoring.py",
    "tests/test_evaluation_votes.py",
    "tests/test_evaluations.py",
    "tests/test_given_talks.py",
    "tests/test_inventory.py",
    "tests/test_judging.py",
    "tests/test_listed_verdicts.py",
    "tests/test_question_versions.py",
    "tests/test_questions.py",
    "tests/test_recording.py",
    "tests/test_rescue.py",
    "tests/test_rescue_book.py",
    "tests/test_rescue_ending.py",
    "tests/test_saved_prompts.py",
]
OF_SQLITE = "counted_in_the_index"  # PostgreSQL reads a few rows without any index


@pytest.mark.parametrize("files", [FILES, QUESTIONS], ids=["jobs", "questions"])
def test_they_hold_on_postgresql(files: list[str], tmp_path: Path) -> None:
    server = urlsplit(os.environ["TEST_DATABASE_URL"])
    database = urlunsplit(server._replace(path=f"/texthelper_{uuid4().hex[:12]}"))
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # a folder of its own: pytest shuts its usual one to other users, and servers of other tests lie there
    chosen = ["-k", f"not {OF_SQLITE}", "--basetemp", str(tmp_path / "own"), *files]
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]

    done = subprocess.run(line, cwd=ROOT, env={**own, "DATABASE_URL": database}, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout

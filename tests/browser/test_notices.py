"""The bell: it tells every open tab within one poll, and falls silent in all of them once the job was looked at."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Portal, Window
from tests.running import ROOT

pytestmark = pytest.mark.browser
ONE_POLL = 25_000  # milliseconds: twelve seconds, and what a busy machine takes
BELL = "#bell-side .bell-count"
END = """
from jobs.models import User
from jobs.pipeline.record import move
from jobs.states import State
from tests.factories import make_job
bob = User.objects.get(username="bob")
job = make_job(bob.ensure_team(), created_by=bob, state=State.RUNNING, name="종이 울린다", due_at=None)
move(job, State.FAILED, error={"message": "Too few examples."}, due_at=None, collected_at=job.created_at)
"""


def a_job_of_bob_fails(portal: Portal) -> None:
    """What the worker does, in a process of its own: the browser's thread may not ask the database."""
    line = [sys.executable, "manage.py", "shell", "--no-imports", "-c", END]
    subprocess.run(line, cwd=ROOT, env=portal.environment, check=True)


def test_two_tabs_hear_of_the_end_and_of_the_look(window: Callable[..., Window], portal: Portal) -> None:
    files = window("en", "bob").page
    files.goto("/notices/")
    for button in files.get_by_role("button", name="Mark all as seen").all():  # other tests' jobs may have ended
        button.click()
    files.goto(portal.places["file-list"])
    settings = files.context.new_page()
    settings.goto("/settings/")
    settings.fill("input[name=username]", "half-typed")
    for tab in (files, settings):
        expect(tab.locator(BELL)).to_have_count(0)

    a_job_of_bob_fails(portal)

    for tab in (files, settings):
        expect(tab.locator(BELL)).to_have_text("1", timeout=ONE_POLL)
        expect(tab).to_have_title(re.compile(r"^\(1\) "))
    assert settings.input_value("input[name=username]") == "half-typed"

    files.click("#bell-side")
    expect(files.locator("tr.unseen")).to_have_count(1)
    files.click("tr.unseen a.row-link")
    expect(files.locator("h1")).to_have_text("종이 울린다")

    expect(files.locator(BELL)).to_have_count(0)
    expect(settings.locator(BELL)).to_have_count(0, timeout=ONE_POLL)
    expect(settings).not_to_have_title(re.compile(r"^\("))

"""The ancestor's last step, in a real browser: a job's JSON is fed back, of 2023 and of today."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from jobs import provider
from jobs.provider import Access
from tests.browser.conftest import Portal, Window
from tests.browser.test_walk import DONE, SAMPLE, sign_in
from tests.running import ROOT

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["ko", "en"])
def test_one_is_found_at_the_service_and_one_kept_as_a_record(
    window: Callable[..., Window], portal: Portal, tmp_path: Path, language: str
) -> None:
    page = window(language).page
    sign_in(page)
    jobs, key = page.url, f"trainer-{uuid4().hex}"
    connect(page, key)
    remote = ordered_elsewhere(portal, key)

    record = import_file(page, jobs, of_2023(tmp_path))
    expect(page.locator("#job-record")).to_be_visible()
    expect(page.locator("td[data-service]", has_text="Fine-tune costs $0.18")).to_be_visible()
    found = import_text(page, jobs, json.dumps(remote))
    expect(page.locator("#job-pill .pill-ok")).to_be_visible(timeout=DONE)
    expect(page.locator("#job-ids")).to_contain_text("ft:sim-small")
    expect(page.locator("#job-facts a[href*='/files/']")).to_have_text(SAMPLE.name)  # the demo has its very bytes

    assert page.locator("html").get_attribute("lang") == language
    assert import_file(page, jobs, of_2023(tmp_path)) == record
    assert import_text(page, jobs, json.dumps(remote)) == found


def connect(page: Page, key: str) -> None:
    """Make a connection to the trainer with a key of one's own."""
    page.click("nav a[href$='/connections/']")
    page.click("a[href$='/connections/new/'] >> nth=0")
    page.fill("input[name=name]", f"Import {key[-6:]}")
    page.fill("input[name=key]", key)
    page.click("form.connection-form button.primary")
    page.wait_for_url(lambda url: not url.endswith("/new/"))


def ordered_elsewhere(portal: Portal, key: str) -> dict[str, Any]:
    """A job that somebody ordered with a script of their own."""
    access = Access(f"{portal.url}/trainer/v1", key)
    file = provider.upload(access, SAMPLE, "winter.jsonl")
    return provider.create_job(access, {"model": "sim-small-2026-06-01", "training_file": file["id"]})


def of_2023(folder: Path) -> Path:
    """The sample, as a job that no other test has imported."""
    raw = json.loads((ROOT / "samples" / "job-2023-ft.json").read_text())
    path = folder / "job.json"
    path.write_text(json.dumps(raw | {"id": f"ft-{folder.name}"[:60]}))
    return path


def import_file(page: Page, jobs: str, path: Path) -> str:
    page.goto(jobs)
    page.click("a[href$='/jobs/import/'] >> nth=0")
    page.set_input_files("input[name=upload]", path)
    return sent(page)


def import_text(page: Page, jobs: str, text: str) -> str:
    page.goto(jobs)
    page.click("a[href$='/jobs/import/'] >> nth=0")
    page.fill("textarea[name=text]", text)
    return sent(page)


def sent(page: Page) -> str:
    """Send the form; the address of the job that it led to."""
    page.click("form[data-pick] button.primary")
    page.wait_for_url(lambda url: "/import/" not in url)
    return page.url

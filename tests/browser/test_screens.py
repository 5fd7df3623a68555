"""Makes docs/screens/ (`make screens`): pictures of the pages as they are."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Portal, Window
from tests.running import ROOT

pytestmark = pytest.mark.browser

LARGEST = 200_000  # bytes
NARROW = {"width": 360, "height": 780}
WIDE = {"width": 1280, "height": 860}
PICTURES = {
    "jobs-ko": ("job-list", "ko", "light", WIDE),
    "jobs-ko-360": ("job-list", "ko", "light", NARROW),
    "job-running-ko": ("job running", "ko", "light", WIDE),
    "job-running-ko-dark": ("job running", "ko", "dark", WIDE),
    "job-succeeded-ko": ("job succeeded", "ko", "light", WIDE),
    "new-job-ko": ("job-new", "ko", "light", WIDE),
    "new-job-en": ("job-new", "en", "light", WIDE),
    "file-ko": ("file ready", "ko", "light", WIDE),
    "file-statistics-ko-dark": ("file ready#findings", "ko", "dark", WIDE),
    "examples-ko": ("examples edit", "ko", "light", WIDE),
    "examples-ko-360": ("examples edit", "ko", "light", NARROW),
    "compare-ko": ("compare", "ko", "light", WIDE),
    "change-ko": ("change", "ko", "light", WIDE),
    "map-ko": ("map", "ko", "light", WIDE),
    "source-ko": ("source ready", "ko", "light", WIDE),
    "new-run-ko": ("run-new", "ko", "light", WIDE),
    "run-ko": ("run paused", "ko", "light", WIDE),
    "passage-ko": ("passage found", "ko", "light", WIDE),
    "evaluation-ko": ("evaluation done", "ko", "light", WIDE),
    "evaluation-en-dark": ("evaluation done", "en", "dark", WIDE),
    "evaluation-vote-ko-360": ("evaluation vote", "ko", "light", NARROW),
    "new-evaluation-ko": ("evaluation form", "ko", "light", WIDE),
    "rescue-ko": ("rescue", "ko", "light", WIDE),
    "rescue-model-en": ("rescue compared", "en", "light", WIDE),
    "playground-ko": ("talk", "ko", "light", WIDE),
    "connections-ko": ("connection-list", "ko", "light", WIDE),
    "admin-ko": ("/admin/", "ko", "light", WIDE),
    "admin-ko-dark": ("/admin/", "ko", "dark", WIDE),
    "admin-jobs-ko": ("/admin/jobs/finetunejob/", "ko", "light", WIDE),
    "admin-job-ko": ("/admin/job", "ko", "light", WIDE),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_picture(window: Callable[..., Window], portal: Portal, tmp_path: Path, picture: str) -> None:
    """SCREENS=1 keeps the pictures; else they are only made, so that a test run changes no file."""
    name, language, theme, size = PICTURES[picture]
    folder = ROOT / "docs" / "screens" if os.environ.get("SCREENS") else tmp_path
    who = "root" if name.startswith("/admin/") else "alice"
    page = window(language, who, viewport=size, color_scheme=theme, reduced_motion="reduce").page

    place, _, part = name.partition("#")
    page.goto(portal.places.get(place, place), wait_until="networkidle")
    if part:
        page.evaluate("part => document.getElementById(part).scrollIntoView()", part)
    if name == "job-new":  # a model with a price
        page.click("label.choice:has(input[value$='|sim-large-2026-06-01']) >> nth=0")
        expect(page.locator("button[form=order]")).to_have_text(re.compile(r"\$"))
    if name == "run-new":  # what it would make
        page.get_by_role("checkbox", name=re.compile("겨울 노트")).check()
        page.click("button[formaction$='/preview/']")
        expect(page.locator("#preview h2")).to_be_visible()
        page.evaluate("document.getElementById('preview').scrollIntoView()")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=folder / f"{picture}.png")

    assert 10_000 < (folder / f"{picture}.png").stat().st_size < LARGEST

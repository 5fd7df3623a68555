"""From a text to a tuned model: recipe, preview, findings mended, split, job, chat; in Korean, as one would."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.test_walk import DONE, MODEL, chat, order, sign_in
from tests.running import ROOT

pytestmark = pytest.mark.browser
NOTES = ROOT / "samples" / "winter-notes-cp949.txt"
PERSONAL = "편집부 전화는 010-2345-6789이다. 눈이 그치면 그리로 전화해 달라고 적어 두었다. 골목은 조용했다."


def notes(folder: Path) -> Path:
    """The sample in CP949, with a telephone number in it."""
    path = folder / "notes.txt"
    path.write_bytes(NOTES.read_bytes() + f"\n\n{PERSONAL}\n".encode("cp949"))
    return path


def test_from_a_text_by_keywords_to_a_model_that_writes(window: Callable[..., Window], tmp_path: Path) -> None:
    page = window("ko").page

    sign_in(page)
    add_text(page, notes(tmp_path))
    previewed = preview(page)
    page.click("button.primary.not-summary[form=run-form]")
    open_result(page)
    examples = number(page)
    mask(page)
    split(page)
    train_with_validation(page)
    answer = chat(page)

    assert previewed == 20
    assert examples == 96 + 1
    assert len(answer) > 20


def test_from_a_text_by_summaries_of_the_trainers_chat(window: Callable[..., Window], tmp_path: Path) -> None:
    page = window("ko").page

    sign_in(page)
    add_text(page, notes(tmp_path))
    page.check("input[name=kind][value=summary]", force=True)
    page.click(f"label.choice:has(input[name=base][value$='|{MODEL}'])")
    previewed = preview(page)
    start = page.locator("button.primary.only-summary[form=run-form]")
    expect(start).to_have_text(re.compile(r"\$\d"))
    start.click()
    expect(page.locator("#run-pill .pill-ok")).to_be_visible(timeout=DONE)
    open_result(page)

    assert 0 < previewed <= 20
    assert number(page) >= 10


def add_text(page: Page, path: Path) -> None:
    """Upload it, see that its encoding was recognised, and choose to make data of it."""
    page.click("nav a[href$='/sources/']")
    page.click("a[href$='/sources/new/'] >> nth=0")
    page.set_input_files("input[type=file]", path)
    page.click("form[data-upload] button.primary")
    page.wait_for_url(re.compile(r"/sources/[0-9a-f-]{36}/$"))
    expect(page.locator("aside .facts")).to_contain_text(re.compile("CP949", re.IGNORECASE), timeout=DONE)
    page.click("a.primary[href*='/runs/new/']")


def preview(page: Page) -> int:
    """Look at the first results, and return how many they are."""
    page.click("button[formaction$='/preview/']")
    expect(page.locator("#preview h2")).to_be_in_viewport(timeout=DONE)
    return int(re.findall(r"\d+", page.locator("#preview h2").inner_text())[0])


def open_result(page: Page) -> None:
    """Its report, statistics drawn."""
    page.click("#run-actions a.primary", timeout=DONE)
    checked(page)
    expect(page.locator("figure.bars canvas").first).to_be_visible()


def checked(page: Page) -> None:
    page.wait_for_url(re.compile(r"/files/[0-9a-f-]{36}/$"))
    expect(page.locator("dl.stats")).to_be_visible(timeout=DONE)


def number(page: Page) -> int:
    return int(page.locator("dl.stats dd").first.inner_text().replace(",", ""))


def mask(page: Page) -> None:
    """The report names the telephone number; one click makes a version without it."""
    expect(page.locator("#finding-personal_phone")).to_be_visible()
    before = page.url
    page.click("form[action$='/mask/'] button")
    expect(page).not_to_have_url(before)
    checked(page)
    expect(page.locator("#finding-personal_phone")).to_have_count(0)


def split(page: Page) -> None:
    page.click("nav.tabs a[href$='/change/']")
    page.click("#split button")
    checked(page)


def train_with_validation(page: Page) -> None:
    """Order a job on the part for training; the other part is proposed as its validation file."""
    page.click("nav a[href$='/files/']")
    page.locator("tbody a", has_text=re.compile("training")).first.click()
    checked(page)
    page.click("a[href*='/jobs/new/?file=']")
    expect(page.locator("#id_validation_file option:checked")).to_contain_text("validation")
    order(page, "keywords")
    expect(page.locator("#job-pill .pill-ok")).to_be_visible(timeout=DONE)

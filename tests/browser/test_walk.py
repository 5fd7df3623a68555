"""The walk of the README, in a real browser: upload, check, price, start, watch, chat, download."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from jobs.demo import EMAIL, PASSWORD
from tests.browser.conftest import Window
from tests.running import ROOT

pytestmark = pytest.mark.browser
SAMPLE = ROOT / "samples" / "winter-essay-chat.jsonl"
MODEL = "sim-large-2026-06-01"  # it has a practice price
DONE = 60_000  # milliseconds


@pytest.mark.parametrize("language", ["ko", "en"])
def test_from_sign_in_to_a_tuned_model_that_answers(
    window: Callable[..., Window], tmp_path: Path, language: str
) -> None:
    page = window(language, accept_downloads=True).page

    sign_in(page)
    upload(page, sample(tmp_path, language))
    order(page, f"essay {language}")
    watch(page)
    told = downloaded_json(page)
    answer = chat(page)

    assert page.locator("html").get_attribute("lang") == language
    assert told["id"].startswith("ftjob-")
    assert told["status"] == "succeeded"
    assert told["fine_tuned_model"].startswith("ft:sim-")
    assert answer
    listed_once(page, f"essay {language}")


def sample(folder: Path, language: str) -> Path:
    """The sample with one more example: the demo has its very bytes already."""
    messages = [{"role": "user", "content": f"첫눈, 골목 ({language})"}, {"role": "assistant", "content": "눈이 왔다."}]
    path = folder / f"winter-{language}.jsonl"
    path.write_text(SAMPLE.read_text() + json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    return path


def sign_in(page: Page) -> None:
    page.goto("/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("form:has(input[name=password]) button:not([type=button])")
    page.wait_for_url("**/jobs/")


def upload(page: Page, path: Path) -> None:
    """Send the file, and stay until its check is done: then it can be trained with."""
    page.click("nav a[href$='/files/']")
    page.click("a[href$='/files/new/'] >> nth=0")
    page.set_input_files("input[type=file]", path)
    page.click("form[data-upload] button.primary")
    page.wait_for_url(re.compile(r"/files/[0-9a-f-]{36}/$"))
    expect(page.locator("h1")).to_have_text(path.name)
    page.click("a[href*='/jobs/new/?file=']")


def order(page: Page, name: str) -> None:
    """Start the job with a double click on the button that names the price."""
    page.fill("input[name=name]", name)
    page.click(f"label.choice:has(input[value$='|{MODEL}'])")
    button = page.locator("button[form=order].primary")
    expect(button).to_have_text(re.compile(r"\$\d+\.\d\d"))
    button.dblclick()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    expect(page.locator("h1")).to_have_text(name)


def watch(page: Page) -> None:
    """The curve moves while one looks, without a reload, until the model is there."""
    expect(page.locator("#loss-chart canvas")).to_be_visible()
    newest = page.locator("#loss-table tbody tr:first-child td:first-child")
    expect(newest).to_have_count(1)
    step, drawn, points = newest.text_content() or "", drawing(page), drawn_points(page)
    expect(page.locator("#job-pill .pill-running")).to_be_visible()
    expect(newest).not_to_have_text(step)
    expect(page.locator("#job-pill .pill-ok")).to_be_visible(timeout=DONE)
    expect(page.locator("#live[hx-get]")).to_have_count(0, timeout=DONE)  # it stops asking
    assert drawn_points(page) > points
    assert drawing(page) != drawn


def drawn_points(page: Page) -> int:
    return int(page.evaluate("JSON.parse(document.getElementById('loss-data').textContent).steps.length"))


def drawing(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#loss-chart canvas').toDataURL()"))


def downloaded_json(page: Page) -> dict[str, str]:
    with page.expect_download() as download:
        page.click("#job-ids a[href$='/job.json']")
    told: dict[str, str] = json.loads(download.value.path().read_bytes())
    return told


def chat(page: Page) -> str:
    """Ask the tuned model, and return its answer."""
    page.click("#job-actions a[href*='/playground/']")
    page.fill("#talk textarea[name=text]", "첫눈, 골목, 발소리")
    page.dblclick("#talk [data-send]")  # as many people do; the second click must not stop the answer
    answer = page.locator("[data-column=left] .bubble-assistant .bubble-text").first
    expect(answer).to_have_text(re.compile(r"\S"), timeout=DONE)
    expect(page.locator(".bubble.streaming")).to_have_count(0, timeout=DONE)
    return answer.inner_text().strip()


def listed_once(page: Page, name: str) -> None:
    """The double click on the price made one job, and the list has it."""
    page.click("nav a[href$='/jobs/']")
    page.wait_for_url("**/jobs/")
    expect(page.locator("tbody th a", has_text=name)).to_have_count(1)

"""Real training in a real browser, in Korean: from the order to a script of three lines that writes with the model."""

import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Portal, Window
from tests.browser.test_evaluation_walk import SECONDS, set_aside
from tests.browser.test_walk import DONE, chat, sign_in
from tests.needs import TRAINER_PYTHON
from tests.running import Up, free_port

pytestmark = [pytest.mark.browser, pytest.mark.engine]
CHATS, VALIDATION, PREFERENCES = "winter-essay-chat.jsonl", "winter-essay-validation.jsonl", "preferences-dpo.jsonl"
JOB = re.compile(r"/jobs/[0-9a-f-]{36}/$")
THREE_LINES = """
from transformers import pipeline
write = pipeline("text-generation", model="model")
print(write([{"role": "user", "content": "첫눈, 골목, 발자국"}], max_new_tokens=24)[0]["generated_text"][-1]["content"])
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The demo as `make up` shows it after `make trainer`, in place of the seeded one."""
    up = Up(tmp_path_factory.mktemp("trains") / "var", free_port(), TRAINER_PYTHON=str(TRAINER_PYTHON))
    try:
        up.wait_until_ready()
        yield Portal(f"http://127.0.0.1:{up.port}", environment=up.environment)
    finally:
        up.end()


@pytest.fixture
def page(window: Callable[..., Window]) -> Page:
    page = window("ko", accept_downloads=True).page
    sign_in(page)
    return page


def test_tiny_from_the_order_to_a_script_that_writes_with_it(page: Page, tmp_path: Path) -> None:
    order(page, CHATS, "첫 진짜 학습", "tiny", epochs="3", validation=VALIDATION)
    points = succeeded(page)
    answer = chat(page)
    page.go_back()
    folder = downloaded(page, tmp_path)
    run = [str(TRAINER_PYTHON), "-c", THREE_LINES]
    written = subprocess.check_output(run, cwd=folder, text=True, stderr=subprocess.PIPE)

    assert points["steps"] == list(range(1, 28))  # 72 essays, eight a step, three times
    assert points["train"][0] > 7  # as weights begin that know nothing
    assert points["train"][-1] < 6.7
    assert sum(loss is not None for loss in points["full"]) == 3
    assert answer
    assert written.strip()


def test_paused_goes_on_where_it_was_and_cancelled_ends(page: Page) -> None:
    order(page, CHATS, "한동안 쉬는 학습", "tiny", epochs="50")
    shows(page, "학습 중")
    newest_step(page)
    page.click("#job-actions form[action$='/pause/'] button")
    shows(page, "일시정지")
    expect(page.locator("#job-actions form[action$='/resume/']")).to_be_visible()
    paused_at = newest_step(page)

    page.click("#job-actions form[action$='/resume/'] button")
    shows(page, "학습 중")
    newest = page.locator("#loss-table tbody tr:first-child td:first-child")
    expect(newest).not_to_have_text(str(paused_at))
    steps = json.loads(page.locator("#loss-data").text_content() or "")["steps"]
    page.click("[data-dialog=cancel-job]")
    page.click("#cancel-job button.danger")
    shows(page, "취소됨")
    expect(page.locator("#live[hx-get]")).to_have_count(0, timeout=DONE)

    assert steps == list(range(1, len(steps) + 1))  # none was lost, none was done twice
    assert len(steps) > paused_at
    assert page.locator("#job-actions form[action$='/resume/']").count() == 0


def test_dpo_continues_what_was_trained_on_chats(page: Page) -> None:
    order(page, CHATS, "먼저 배우기", "tiny", epochs="1")
    succeeded(page)
    order(page, PREFERENCES, "더 나은 답 고르기", "ft:tiny:", epochs="2")
    points = succeeded(page)

    assert points["train"][0] == pytest.approx(0.6931, abs=0.0001)  # ln 2: at first it prefers neither answer
    assert points["train"][-1] < 0.68
    assert chat(page)


def test_a_share_set_aside_ends_with_a_verdict_and_nobody_clicks(page: Page) -> None:
    """`tiny` has no base to beat: an early checkpoint stands in."""
    page.click("nav a[href$='/files/']")
    page.get_by_role("link", name=CHATS, exact=True).click()
    page.click("a[href*='/jobs/new/?file=']")  # its check is done
    page.wait_for_url(re.compile(r"/jobs/new/\?file="))
    set_aside(page, most="4")
    page.locator("label.choice:has(input[value$='|tiny'])").click()
    page.locator("form#order details summary").first.click()
    page.fill("input[name=n_epochs]", "2")
    page.locator("button[form=order].primary").click()
    page.wait_for_url(JOB)

    verdict = page.locator("#of-job")
    expect(verdict).to_contain_text("비교 대상", timeout=SECONDS)
    words = verdict.inner_text()
    page.goto(page.url.partition("/jobs/")[0] + "/models/")

    assert "시뮬레이션" not in words
    assert re.search(r"ft:tiny:\S*step", words), words
    expect(page.locator("main")).to_contain_text("비교 대상")


def order(page: Page, file: str, name: str, model: str, epochs: str, validation: str = "") -> None:
    """Order a job as a person does: from its file's page, with a double click on the button."""
    page.click("nav a[href$='/files/']")
    page.get_by_role("link", name=file, exact=True).click()
    page.click("a[href*='/jobs/new/?file=']")
    page.locator(f"label.choice:has(input[value*='|{model}'])").first.click()
    page.fill("input[name=name]", name)
    page.locator("form#order details summary").first.click()
    page.fill("input[name=n_epochs]", epochs)
    if validation:
        choice = page.locator("#id_validation_file option", has_text=validation)
        page.select_option("#id_validation_file", choice.get_attribute("value"))
    page.locator("button[form=order].primary").dblclick()
    page.wait_for_url(JOB)
    expect(page.locator("h1")).to_have_text(name)


def succeeded(page: Page) -> dict[str, Any]:
    """Wait for the end, without a reload. Returns the points of the curve that is then on the page."""
    expect(page.locator("#loss-chart canvas")).to_be_visible()
    shows(page, "완료")
    expect(page.locator("#live[hx-get]")).to_have_count(0, timeout=DONE)  # it stops asking
    points: dict[str, Any] = json.loads(page.locator("#loss-data").text_content() or "")
    return points


def shows(page: Page, state: str) -> None:
    """Wait until the pill says so; nobody reloads the page."""
    expect(page.locator("#job-pill .pill").first).to_have_text(state, timeout=DONE)


def newest_step(page: Page) -> int:
    row = page.locator("#loss-table tbody tr:first-child td:first-child")
    expect(row).to_have_count(1)
    return int(row.text_content() or "")


def downloaded(page: Page, folder: Path) -> Path:
    """The whole model, made and downloaded from its page, unpacked. Returns the archive's one folder."""
    page.click("#job-actions a[href$='/weights/']")
    page.locator("#formats form button").click()
    with page.expect_download() as download:
        page.click("#formats a[download]")
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(folder)
    (found,) = folder.iterdir()
    return found

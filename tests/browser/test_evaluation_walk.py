"""A job with a share of its file set aside ends with a verdict, and nobody clicks after the order."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.test_walk import MODEL, SAMPLE, sign_in, upload

pytestmark = pytest.mark.browser
SECONDS = 120_000  # milliseconds: training, asking and scoring on a busy machine


def test_a_job_with_a_share_set_aside_ends_with_a_verdict(window: Callable[..., Window], tmp_path: Path) -> None:
    page = window("ko").page
    sign_in(page)
    upload(page, sample(tmp_path))
    set_aside(page)

    page.click(f"label.choice:has(input[value$='|{MODEL}'])")
    expect(page.locator("#evaluation-price")).to_contain_text("끝난 뒤 평가 비용은 최대")
    page.click("button[form=order].primary")
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))

    expect(page.locator("#of-job")).to_contain_text("비교 대상", timeout=SECONDS)
    expect(page.locator("#of-job")).to_contain_text("시뮬레이션")
    have_judged(page)


def have_judged(page: Page) -> None:
    """From the job to its evaluation, a judge ordered there by a double click, and its word in the verdict."""
    page.locator("#of-job a[href*='/evaluations/']").first.click()
    page.click("#evaluation-actions a[href$='/judge/']")
    expect(page.locator("textarea[name=rubric]")).to_have_value(re.compile("^두 답 가운데"))
    page.locator("label.choice:has(input[name=judge])").last.click()
    expect(page.locator("#cost")).to_contain_text("이 심판은 시뮬레이션입니다.")
    page.dblclick("#cost button.primary")
    page.wait_for_url(re.compile(r"/judges/[0-9a-f-]{36}/$"))

    expect(page.locator("#listing")).to_contain_text("완료", timeout=SECONDS)
    expect(page.locator("#verdict")).to_contain_text("심판")
    page.click(".crumbs a >> nth=1")
    expect(page.locator("#verdict")).to_contain_text("심판")
    expect(page.locator("#judges > div")).to_have_count(1)


def set_aside(page: Page, most: str = "100") -> None:
    """From the order of a job: set a fifth of its file aside, `most` examples at most, and order with the rest."""
    page.click("a[href*='source=held_out']")
    page.fill("input[name=share]", "20")
    page.fill("input[name=most]", most)
    page.click("form.question-form button.primary")
    page.click("#listing a.primary[href*='/jobs/new/?file=']")


def sample(folder: Path) -> Path:
    """The sample with one more example: other tests have its very bytes."""
    messages = [{"role": "user", "content": "첫눈, 저녁 (평가)"}, {"role": "assistant", "content": "눈이 그쳤다."}]
    path = folder / "winter-evaluated.jsonl"
    path.write_text(SAMPLE.read_text() + json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    return path

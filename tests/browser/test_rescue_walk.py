"""The way out in a real browser, in Korean: from a service that will switch off to models of our own, signed off.

The service is a far side of its own (tests/chat_side.py); what replaces its models is trained here, once simulated and
once for real.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdfium2 import PdfDocument

from tests.browser.conftest import Portal, Window
from tests.browser.test_evaluation_walk import SECONDS
from tests.browser.test_report import texts
from tests.browser.test_walk import sign_in
from tests.chat_side import ChatSide, Json, chat_side
from tests.factories import chat_lines
from tests.needs import TRAINER_PYTHON
from tests.running import Up, free_port

pytestmark = [pytest.mark.browser, pytest.mark.engine]
BASE = "gpt-4o-mini-2024-07-18"
ENGINES = {"sim-large-2026-06-01": True, "tiny": False}  # the base: whether it is simulated
EACH = 4  # questions of a model


def made(number: int) -> Json:
    """A job as OpenAI lists it."""
    name = f"ft:{BASE}:org-x:style:{number:04}"
    about = {"id": f"ftjob-{number:04}", "object": "fine_tuning.job", "model": BASE, "status": "succeeded"}
    times = {"created_at": 1_780_000_000 - number, "finished_at": 1_780_000_900 - number}
    return about | times | {"fine_tuned_model": name, "training_file": f"file-{number}", "result_files": []}


@pytest.fixture(scope="module")
def far() -> Iterator[ChatSide]:
    jobs = [made(number) for number in range(len(ENGINES))]
    names = [str(job["fine_tuned_model"]) for job in jobs]
    files = {f"file-{n}": chat_lines(24, word) for n, word in enumerate(("눈", "비"))}
    with chat_side(jobs=jobs, models=[BASE, *names], files=files) as far:
        yield far


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, far: ChatSide) -> Iterator[Portal]:
    """The demo as `make up` shows it after `make trainer`; its operator allows the far side's host."""
    own = {"TRAINER_PYTHON": str(TRAINER_PYTHON), "UPSTREAM_HOSTS": f"127.0.0.1:{far.port}", "TRAINER_SPEED": "8"}
    up = Up(tmp_path_factory.mktemp("rescue") / "var", free_port(), **own)
    try:
        up.wait_until_ready()
        yield Portal(f"http://127.0.0.1:{up.port}", environment=up.environment)
    finally:
        up.end()


def test_a_team_leaves_a_service_with_both_engines(
    window: Callable[..., Window], far: ChatSide, tmp_path: Path
) -> None:
    page = window("ko").page
    sign_in(page)
    team = page.url.partition("/jobs/")[0]
    connect(page, team, far.url)
    record(page, team)
    recorded = dict(far.answers)
    assert set(recorded.values()) == {1}
    assert len(recorded) == EACH * len(ENGINES)

    models = model_pages(page, team)
    jobs = [train(page, address, base) for address, base in zip(models, ENGINES, strict=True)]
    for address, job, (base, simulated) in zip(models, jobs, ENGINES.items(), strict=True):
        succeeded(page, job)
        verdict = compare(page, address)
        assert ("시뮬레이션" in verdict) == simulated, verdict
        sign_off(page, address, base)
        words = printed(page, f"{address}report/", tmp_path / "report.pdf")
        assert f"{base}(으)로 옮겼습니다." in words
        assert ("시뮬레이션" in words) == simulated

    page.goto(f"{team}/rescue/?show=open")
    expect(page.locator("main tr[id^=model-]")).to_have_count(0)
    assert dict(far.answers) == recorded  # the old models were not called for the comparison


def connect(page: Page, team: str, url: str) -> None:
    page.goto(f"{team}/connections/new/")
    page.click("label.choice:has(input[value=custom])")
    page.fill("input[name=base_url]", url)
    page.fill("input[name=name]", "끝나는 서비스")
    page.fill("input[name=key]", "key-of-the-team")
    page.click(".connection-form button.primary")
    expect(page.locator("main .pill-ok").first).to_be_visible(timeout=SECONDS)


def record(page: Page, team: str) -> None:
    """Steps one and two, of all models at once."""
    page.goto(f"{team}/rescue/")
    page.click("form[action$='/rescue/read/'] button")
    page.click("form[action$='/rescue/archive/'] button")
    expect(page.locator("form[action$='/rescue/archive/']")).to_have_count(0, timeout=SECONDS)
    expect(page.locator("#listing[hx-get]")).to_have_count(0, timeout=SECONDS)  # all is fetched and checked
    page.click("form[action$='/rescue/propose/'] button")
    page.fill("#choose input[name=most]", str(EACH))
    page.click("#choose button")
    page.wait_for_url(re.compile(rf"most={EACH}"))
    page.click("#record-form button.primary")
    page.wait_for_url(re.compile(r"/rescue/recordings/"))
    expect(page.locator("#listing progress.ok")).to_be_visible(timeout=SECONDS)


def model_pages(page: Page, team: str) -> list[str]:
    page.goto(f"{team}/rescue/")
    links = page.locator("tr[id^=model-] a.row-link")
    named = {link.inner_text(): link.get_attribute("href") or "" for link in links.all()}
    return [named[name] for name in sorted(named)]


def train(page: Page, address: str, base: str) -> str:
    """The order is filled in; a person chooses the base, and looks at nothing else. Returns the job's address."""
    page.goto(address)
    page.click("#step-train a[href*='replaces=']")
    expect(page.locator("input[name=training_file]:checked")).to_have_count(1)
    expect(page.locator("input[name=base]:checked")).to_have_count(1)
    page.click(f"label.choice:has(input[value$='|{base}'])")
    page.locator("button[form=order].primary").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    return page.url


def succeeded(page: Page, job: str) -> None:
    page.goto(job)
    expect(page.locator("#job-pill .pill-ok")).to_be_visible(timeout=SECONDS)
    expect(page.locator("#live[hx-get]")).to_have_count(0, timeout=SECONDS)  # its model is named


def compare(page: Page, address: str) -> str:
    """Order the comparison, wait for its end, and return the verdict on the model's page."""
    page.goto(address)
    page.click("#step-compare a")
    page.click("main form button.primary")
    page.wait_for_url(re.compile(r"/evaluations/[0-9a-f-]{36}/$"))
    expect(page.locator("#verdict")).to_be_visible(timeout=SECONDS)
    page.goto(address)
    return page.locator("#step-compare").inner_text()


def sign_off(page: Page, address: str, base: str) -> None:
    page.goto(address)
    page.fill("#step-sign textarea", f"{base}(으)로 옮겼습니다.")
    page.click("#step-sign form button")
    expect(page.locator("#step-sign")).to_contain_text(f"{base}(으)로 옮겼습니다.")


def printed(page: Page, address: str, path: Path) -> str:
    """The words of the report on paper."""
    page.goto(address)
    page.pdf(path=str(path), prefer_css_page_size=True)
    return texts(PdfDocument(path.read_bytes()))

"""Staff, in the admin alone: what failed, why, whose it is, what is stuck; and they poll, cancel and brake."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window

pytestmark = pytest.mark.browser
TRIES = 60  # the worker takes a moment; each try opens the page anew, a second after the one before


def test_staff_find_what_fails_and_brake(window: Callable[..., Window]) -> None:
    page = window("en", "root").page

    find_out_why(page)
    poll(page)
    cancel(page)
    disable(page)


def find_out_why(page: Page) -> None:
    """From the front page to the failed job, and what is stuck."""
    page.goto("/admin/")
    failed = page.locator("section[aria-labelledby=failed] tbody tr", has_text="표지 문구")
    expect(failed).to_contain_text("insufficient_quota")
    expect(failed).to_contain_text("새벽출판사")
    expect(failed).to_contain_text("bob@example.com")
    stuck = page.locator("section[aria-labelledby=stuck] tbody tr", has_text="서평 요약")
    expect(stuck).to_contain_text("Its connection is disabled by staff")
    failed.locator("a", has_text="표지 문구").click()
    expect(page.locator(".field-advice .readonly")).to_contain_text("no credit left")


def poll(page: Page) -> None:
    """A job that stands still is found by its name, polled from the list, and goes on."""
    page.click("nav.tables a:text-is('Jobs')")
    page.fill("#searchbar", "예비 작업")
    page.press("#searchbar", "Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.check("#result_list tbody input[type=checkbox]")
    page.select_option("select[name=action]", "poll_now")
    page.click("button[name=index]")
    expect(page.locator(".messagelist .success")).to_have_text("예비 작업: is being looked at now.")
    page.click("#result_list tbody th a")
    wait_for(page, ".field-standing .pill-running")


def cancel(page: Page) -> None:
    """From the job's own page, asked once more before."""
    page.click("button[value=cancel]")
    expect(page.locator("h1")).to_have_text("Cancel these jobs?")
    page.click("button[name=sure]")
    expect(page.locator(".messagelist .success")).to_have_text("예비 작업: is being cancelled.")
    wait_for(page, ".field-standing .pill-cancelled")


def disable(page: Page) -> None:
    page.click("nav.tables a:text-is('Connections')")
    page.click("#result_list a:text-is('예비 연결')")
    page.click("button[value=disable]")
    expect(page.locator(".messagelist .success")).to_contain_text("no call is made over it")
    expect(page.locator(".field-standing .pill")).to_have_text("Disabled by staff")


def wait_for(page: Page, what: str) -> None:
    for _ in range(TRIES):
        if page.locator(what).count():
            return
        page.wait_for_timeout(1000)
        page.goto(page.url)
    expect(page.locator(what)).to_have_count(1)

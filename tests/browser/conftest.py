"""A portal as `make up` runs it, and Chromium in front of it. Whatever the browser complains of fails the test."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import expect as expecting

from tests.needs import CHROMIUM
from tests.running import ROOT, Up, free_port

LOCALES = {"ko": "ko-KR", "en": "en-US"}
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
PATIENCE = 30_000  # milliseconds; both cores may be busy with other tests


@dataclass
class Portal:
    """A running portal; `places` are the addresses of what tests/browser/seed.py put into it."""

    url: str
    places: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)  # user name to session key
    environment: dict[str, str] = field(default_factory=dict)  # for a process beside its own, on the same data


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    up = Up(tmp_path_factory.mktemp("browser") / "var", free_port(), TRAINER_SPEED="1")
    try:
        up.wait_until_ready()
        yield Portal(f"http://127.0.0.1:{up.port}", environment=up.environment, **_seed(up))
    finally:
        up.end()


def _seed(up: Up) -> dict[str, Any]:
    line = [sys.executable, "manage.py", "shell", "--no-imports", "-c", "from tests.browser.seed import main; main()"]
    done = subprocess.run(line, cwd=ROOT, env=up.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Window:
    """One page, and what the browser complained of since it was last asked."""

    page: Page
    complaints: list[str]

    def complained(self) -> list[str]:
        said = self.complaints[:]
        self.complaints.clear()
        return said


def open_window(chromium: Browser, portal: Portal, language: str, user: str = "", **options: Any) -> Window:
    """A window of its own, in a language, as a seeded user or as nobody."""
    expecting.set_options(timeout=PATIENCE)
    context = chromium.new_context(base_url=portal.url, locale=LOCALES[language], **options)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(TELL_VIOLATIONS)
    if user:
        context.add_cookies([{"name": "sessionid", "value": portal.cookies[user], "url": portal.url}])
    return Window(context.new_page(), _listen(context))


@pytest.fixture
def window(chromium: Browser, portal: Portal) -> Iterator[Callable[..., Window]]:
    """Opens windows, and closes them. At the end nothing may be left to complain of."""
    opened: list[Window] = []

    def opener(*who: str, **options: Any) -> Window:
        opened.append(open_window(chromium, portal, *who, **options))
        return opened[-1]

    yield opener
    left = [complaint for window in opened for complaint in window.complained()]
    for window in opened:
        window.page.context.close()
    assert left == []


def _listen(context: BrowserContext) -> list[str]:
    said: list[str] = []
    context.on("console", lambda line: said.append(f"console: {line.text}") if line.type == "error" else None)
    context.on("weberror", lambda wrong: said.append(f"error: {wrong.error}"))
    context.on("requestfailed", lambda request: _note_failure(said, request.url, request.failure or ""))
    return said


def _note_failure(said: list[str], url: str, failure: str) -> None:
    if failure != "net::ERR_ABORTED":  # leaving a page, or a download, ends requests
        said.append(f"request: {url} {failure}")

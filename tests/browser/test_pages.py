"""Every page, in both languages and themes, wide and narrow: it fits, everyone can read it, it breaks no rule."""

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Portal, Window, open_window

pytestmark = pytest.mark.browser

LISTS = ["job-list", "job-new", "job-import", "file-list", "file-new", "model-list", "playground", "connection-list"]
LISTS += ["connection-new", "copy-list", "passage-list", "team", "team-audit", "source-list", "source-new"]
LISTS += ["question-talks", "prompt-list", "prompt-new"]
LISTS += ["run-list", "run-new", "recipe-list", "evaluation-list", "evaluation-new", "question-list", "question-new"]
OVERSEEN = ["finetunejob", "connection", "trainingfile", "source", "run", "search", "user", "auditentry"]
OVERSEEN += ["remotemodel", "inventory", "notice"]
PAGES = {
    "alice": [
        *LISTS,
        *(f"file {state}" for state in ("ready", "invalid", "legacy", "preferences")),
        *(f"file {state}" for state in ("checking", "stopped", "deleted", "converted")),
        *(f"file {state}" for state in ("table", "apart", "cp949", "part")),
        *("change", "change invalid", "map", "repeat"),
        *(f"source {state}" for state in ("ready", "invalid", "checking", "deleted")),
        *("run done", "run paused"),
        *(
            f"evaluation {name}"
            for name in ("done", "running", "capped", "leaked", "question", "vote", "form", "report")
        ),
        *("questions", "questions older", "questions change", "prompt", "talk given"),
        *(f"evaluation {name}" for name in ("examples", "prompt", "form examples")),
        *(f"judge {name}" for name in ("form", "done", "capped")),
        *("rescue", "rescue report"),
        *(f"rescue {name}" for name in ("untouched", "gone", "recorded", "compared", "signed", "record", "compare")),
        *(f"rescue recording {name}" for name in ("done", "capped")),
        *(f"job {state}" for state in ("new", "running", "unsure", "succeeded", "failed", "cancelled")),
        *("job record", "job adopting", "job refused", "clone refused"),
        *(f"passage {state}" for state in ("searching", "found", "nowhere", "forgetting", "forgotten")),
        *("passage whole", "passage lost"),
        *(f"connection {state}" for state in ("works", "refused", "wrong", "untested")),
        *(f"examples{state}" for state in ("", " faulty", " edit", " json", " new", " changes", " search")),
        *(
            "compare",
            "webhook",
            "clone",
            "talk",
            "/settings/",
            "/teams/new/",
            "/accounts/email/",
            "/accounts/password/change/",
        ),
    ],
    "carol": [
        "job succeeded",
        "job record",
        "file ready",
        "examples",
        "compare",
        "source ready",
        "source document",
        "connection works",
        "evaluation done",
        "team",
        "/notices/",
    ],
    "dora": [*(f"empty {name}" for name in LISTS), "join", "join closed", "/notices/", "/no-such-page/"],
    "bob": ["/notices/"],
    "root": [
        "/admin/",
        "/admin/rescue/",
        *(f"/admin/jobs/{table}/" for table in OVERSEEN),
        "/admin/job",
        "/admin/connection",
    ],
    "": ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "join", "/no-such-page/"],
}
CASES = [(user, name) for user, names in PAGES.items() for name in names]
STATUS = {"/no-such-page/": 404, "join closed": 410}  # the browser complains of such a page itself
THEMES: list[Literal["light", "dark"]] = ["light", "dark"]
WIDTHS = [1280, 360]
AXED = {"ko": {("light", 1280), ("dark", 360)}, "en": {("dark", 1280), ("light", 360)}}
SERIOUS = ("serious", "critical")
# What a person reads, without ids, data and the words of a service
WORDS = """() => {
  const data = "code, pre, .mono, .crumbs, .bubble-text, [data-service], [lang]:not(html)";
  const skip = `script, style, template, noscript, ${data}`;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!element.closest(skip)) said.push(walker.currentNode.data.replace(/\\s+/g, " ").trim());
  }
  return said.filter(Boolean);
}"""
ENGLISH = re.compile(r"[A-Za-z][a-z']*(?:[ ,]+[A-Za-z][a-z']*){3,}")


@pytest.fixture(scope="module")
def kept(chromium: Browser, portal: Portal) -> Iterator[Callable[[str, str], Window]]:
    """One window for each person and language: what every page loads is fetched once."""
    windows: dict[tuple[str, str], Window] = {}

    def window(language: str, user: str) -> Window:
        if (language, user) not in windows:
            windows[language, user] = open_window(chromium, portal, language, user)
        return windows[language, user]

    yield window
    for one in windows.values():
        one.page.context.close()


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("user", "name"), CASES)
def test_page(kept: Callable[[str, str], Window], portal: Portal, language: str, user: str, name: str) -> None:
    shown = kept(language, user)
    shown.page.goto("about:blank")  # what the page before still had to say is not this page's
    shown.complained()
    shown.page.set_viewport_size({"width": 1280, "height": 860})
    answer = shown.page.goto(portal.places.get(name, name))

    assert answer is not None
    assert answer.status == STATUS.get(name, 200)
    assert shown.page.locator("html").get_attribute("lang") == language
    assert shown.page.locator("h1").count() == 1
    assert english_on(shown.page) == [] or language == "en"
    assert looked_at(shown.page, language) == []
    assert [line for line in shown.complained() if f"a status of {answer.status}" not in line] == []


def settled_width(page: Page) -> int:
    """How wide the page is once it fits, or still is after two seconds: a chart is drawn anew after a resize."""
    for _ in range(40):  # not wait_for_function: what it polls with is an eval, which the page's policy forbids
        if page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"):
            break
        page.wait_for_timeout(50)
    return int(page.evaluate("document.scrollingElement.scrollWidth"))


def settle_colours(page: Page) -> None:
    """The admin's buttons glide from one theme's colour to the other's: what axe shall judge is where they arrive."""
    page.evaluate("""() => Promise.all(
      document.getAnimations()
        .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))
        .map(one => one.finished.catch(() => null))
    )""")


def looked_at(page: Page, language: str) -> list[str]:
    """What is wrong with the page in any theme and width. Axe, which is slow, looks at two of the four a language."""
    wrong = []
    for theme, width in product(THEMES, WIDTHS):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 860})
        taken = settled_width(page)
        settle_colours(page)
        wrong += [f"{theme} {width}: {taken} px wide"] if taken > width else []
        if (theme, width) in AXED[language]:
            wrong += [f"{theme} {width}: {fault}" for fault in faults(page)]
    return wrong


def faults(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options={"resultTypes": ["violations"]}).response
    return [
        f"{violation['id']} {[node['target'] for node in violation['nodes']]}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
    ]


def english_on(page: Page) -> list[str]:
    """English sentences among the texts of the page."""
    return [text for text in page.evaluate(WORDS) if ENGLISH.search(text)]

"""A report on paper: Chromium prints it, in both languages and from a dark screen, and nothing of it is cut off."""

import io
from collections.abc import Callable
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from tests.browser.conftest import Portal, Window

pytestmark = pytest.mark.browser

A4 = (595, 842)  # points
REPORTS = ("evaluation report", "rescue report")
VERDICT = {"ko": "가운데 100%에서 좋은 답에 더 가깝습니다", "en": "in 100% of 7 questions (95%: 65–100)"}
LAST = {"ko": "질문 7", "en": "Question 7"}


def printed(path: Path) -> pdfium.PdfDocument:
    return pdfium.PdfDocument(io.BytesIO(path.read_bytes()))


def texts(document: pdfium.PdfDocument) -> str:
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def outside(document: pdfium.PdfDocument) -> list[tuple[int, tuple[float, ...]]]:
    """Boxes of text that reach beyond the sheet."""
    found: list[tuple[int, tuple[float, ...]]] = []
    for number, page in enumerate(document):
        text, (width, height) = page.get_textpage(), page.get_size()
        for place in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(place)
            if left < 0 or bottom < 0 or right > width or top > height:
                found.append((number, (left, bottom, right, top)))
    return found


def darkest_and_lightest(document: pdfium.PdfDocument) -> tuple[int, int]:
    """Of the first sheet, as grey from 0 to 255: its text and its paper."""
    picture = document[0].render(scale=0.5, grayscale=True)
    grey = bytes(picture.buffer)
    return min(grey), max(set(grey), key=grey.count)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_prints(
    window: Callable[..., Window], portal: Portal, tmp_path: Path, name: str, language: str, theme: str
) -> None:
    page = window("ko" if language == "en" else "en", "alice", color_scheme=theme).page
    page.goto(f"{portal.places[name]}?language={language}")
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)

    page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True, print_background=True)

    document = printed(tmp_path / "report.pdf")
    words = texts(document)
    assert 2 <= len(document) <= 6
    assert {tuple(round(side) for side in sheet.get_size()) for sheet in document} <= {A4, (596, 842)}
    assert VERDICT[language] in words
    assert LAST[language] in words
    assert "alice" in words
    assert "글도우미 편집부" in words
    assert "English" not in words  # the bar with the languages is for the screen
    assert outside(document) == []
    ink, paper = darkest_and_lightest(document)
    assert (ink < 60, paper) == (True, 255)


def test_nothing_is_wider_than_the_paper(window: Callable[..., Window], portal: Portal) -> None:
    page = window("ko", "alice", viewport={"width": 680, "height": 960}).page
    page.goto(portal.places["rescue report"])
    page.emulate_media(media="print")

    wide = page.evaluate(
        "() => [...document.querySelectorAll('.report *')].filter("
        "e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )

    assert wide == []
    assert page.locator(".report-bar").is_hidden()


def test_the_button_opens_the_dialog_of_the_browser(window: Callable[..., Window], portal: Portal) -> None:
    page = window("ko", "alice").page
    page.add_init_script("window.print = () => { document.title = 'printing'; };")
    page.goto(portal.places["evaluation report"])

    page.click("[data-print]")

    assert page.title() == "printing"

"""The text of a .pdf that has one: line by line as it is read, without running heads."""

from collections.abc import Callable, Iterable
from pathlib import Path

from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.found import Bounds, Noted
from jobs.training_data.texts.pdf_heads import without_heads
from jobs.training_data.texts.pdf_lines import Page, joined_words, lines_of
from jobs.training_data.texts.pdf_page import Reader
from jobs.training_data.texts.pdfium import pdfium, raw
from jobs.training_data.unreadable import Sign, unreadable

LOCKED = (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
UNREADABLE_PAGE = 0.5  # of its letters: then the rest makes no sense either
DOUBTFUL = {Sign.MOJIBAKE, Sign.PRIVATE_USE, Sign.QUESTION_MARKS}  # what a page's fonts may have done to it
NAMED = 20  # ranges of pages that a note names


def pdf_text(path: Path, bounds: Bounds, page_read: Callable[[int, int], None]) -> tuple[str, Noted]:
    """The text of its pages, and what is noted of them. Raises TextFaultError."""
    try:
        with pdfium.PdfDocument(path) as document:
            return _text(_pages(document, bounds, page_read))
    except pdfium.PdfiumError as problem:
        raise TextFaultError(TextCode.ENCRYPTED if problem.err_code in LOCKED else TextCode.BROKEN) from None


def _pages(document: pdfium.PdfDocument, bounds: Bounds, page_read: Callable[[int, int], None]) -> list[Page]:
    count = len(document)
    if not count:
        raise TextFaultError(TextCode.BROKEN)
    if count > bounds.pages:
        raise TextFaultError(TextCode.TOO_MANY_PAGES, pages=count, limit=bounds.pages)
    pages: list[Page] = []
    length = 0
    for number in range(count):
        page = document[number]
        pages.append(Reader(page).page())
        page.close()
        page_read(number + 1, count)
        if (length := length + pages[-1].letters) > bounds.characters:
            raise TextFaultError(TextCode.TOO_LONG, limit=bounds.characters)
    return pages


def _text(pages: list[Page]) -> tuple[str, Noted]:
    if not any(page.letters for page in pages):
        raise TextFaultError(TextCode.SCANNED, pages=len(pages))
    _refuse_unreadable(pages)
    notes: Noted = _noted(pages)
    for page in pages:
        if _is_unreadable(page):
            page.rows = []
    without_heads(pages)
    joined = sum(joined_words(page.rows) for page in pages)
    texts = ["\n".join(lines_of(page.rows)) for page in pages]
    doubtful = [number for number, text in enumerate(texts, start=1) if DOUBTFUL & unreadable(text).keys()]
    found: dict[Note, int | str] = {
        Note.RUNNING_HEADS: sum(page.heads for page in pages),
        Note.HYPHENS: joined,
        Note.DOUBTFUL_PAGES: page_numbers(doubtful),
    }
    notes |= {note.value: value for note, value in found.items() if value}
    return "\n".join(text for text in texts if text), notes


def _is_unreadable(page: Page) -> bool:
    return page.unreadable > page.letters * UNREADABLE_PAGE


def _refuse_unreadable(pages: list[Page]) -> None:
    letters, unreadable = sum(page.letters for page in pages), sum(page.unreadable for page in pages)
    if unreadable > letters * UNREADABLE_PAGE:
        raise TextFaultError(TextCode.UNREADABLE_FONTS, pages=sum(map(_is_unreadable, pages)))


def _noted(pages: list[Page]) -> Noted:
    empty = sum(not page.letters for page in pages)
    outside = sum(page.outside for page in pages)
    marks = sum(page.unreadable for page in pages if not _is_unreadable(page))
    bad = [number for number, page in enumerate(pages, start=1) if _is_unreadable(page)]
    partly = [number for number, page in enumerate(pages, start=1) if page.unreadable and not _is_unreadable(page)]
    notes: dict[Note, int | str] = {
        Note.PAGES_WITHOUT_TEXT: empty,
        Note.UNREADABLE_PAGES: page_numbers(bad),
        Note.PARTLY_UNREADABLE_PAGES: page_numbers(partly),
        Note.UNREADABLE: marks,
        Note.OUTSIDE: outside,
    }
    return {note.value: value for note, value in notes.items() if value}


def page_numbers(pages: Iterable[int]) -> str:
    """As people write them: 3, 5–7."""
    ranges: list[list[int]] = []
    for page in pages:
        if ranges and ranges[-1][1] == page - 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    words = [str(first) if first == last else f"{first}–{last}" for first, last in ranges[:NAMED]]
    return ", ".join(words) + (" …" if len(ranges) > NAMED else "")

"""Running heads of a PDF: what is at the same place in the margins of several pages. Left out where it is certain."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import takewhile

from jobs.training_data.texts.pdf_lines import Page, Piece, Row, text_of_row

MARGIN = 0.12  # of a page's height, above and below
PLACES = 100  # a page's height in as many parts: heads of one kind are in the same or the next one
REPEATED = 3  # pages on which the same words are a head
REPEATED_SENTENCE = 5  # and on which a sentence is one
COUNTED = 2  # pages whose numbers go on as the pages do
NUMBER = re.compile(r"\d+")
NUMBER_ALONE = re.compile(
    r"\A[\s\-–—―~·|/<>\[\]]*(?:p(?:age)?\b\.?\s*|제\s*)?\d{1,4}(?:\s*(?:쪽|페이지|면))?"
    r"(?:\s*(?:/|of|\s)\s*(?:총\s*)?\d{1,4}(?:\s*(?:쪽|페이지|면))?)?[\s\-–—―~·|/<>\[\]]*",
    re.IGNORECASE,
)
ROMAN = re.compile(r"\A[\s\-–—]*[ivxl]{1,6}[\s\-–—]*", re.IGNORECASE)

SENTENCE = re.compile(r"[가-힣a-z][.?!](?:\s|$)")
LONGEST = 100  # characters of a head

type Place = tuple[int, int]  # page and row


def without_heads(pages: list[Page]) -> None:
    """Take the running heads out of the pages, and count them there."""
    found = _repeated(pages) | _numbered(pages)
    heads = [
        {place for place in range(len(page.rows)) if (number, place) in found} for number, page in enumerate(pages)
    ]
    all_gone = [_outermost(page, those) for page, those in zip(pages, heads, strict=True)]
    if all(len(gone) == len(page.rows) for page, gone in zip(pages, all_gone, strict=True)):
        return  # nothing else is there
    for page, gone in zip(pages, all_gone, strict=True):
        page.heads = len(gone)
        page.rows = [row for place, row in enumerate(page.rows) if place not in gone]


def _outermost(page: Page, heads: set[int]) -> set[int]:
    """Those between which and the edge of the paper is nothing else; slanted ones may be anywhere."""
    level = sorted((place for place, row in enumerate(page.rows) if row[0].is_level), key=lambda n: page.rows[n][0].top)
    above = takewhile(heads.__contains__, level)
    below = takewhile(heads.__contains__, reversed(level))
    return {*above, *below, *(place for place in heads if not page.rows[place][0].is_level)}


def _candidates(pages: list[Page]) -> Iterator[tuple[Place, Row, str]]:
    """Rows in the margins, with their words; a slanted one may be anywhere, as a watermark is."""
    for number, page in enumerate(pages):
        for place, row in enumerate(page.rows):
            low, high = MARGIN * page.height, (1 - MARGIN) * page.height
            words = " ".join(text_of_row(row).split())
            if len(words) <= LONGEST and not (row[0].is_level and low < _middle(row[0]) < high):
                yield (number, place), row, words


def _middle(piece: Piece) -> float:
    return (piece.top + piece.bottom) / 2


def _repeated(pages: list[Page]) -> set[Place]:
    """The same words at the same place of several pages; a page's number may change within them."""
    places: dict[tuple[str, int], set[Place]] = defaultdict(set)
    for place, row, words in _candidates(pages):
        height = round(_middle(row[0]) / max(pages[place[0]].height, 1) * PLACES)
        for key in _keys(words, place[0]):
            places[key, height].add(place)
            places[key, height + 1].add(place)
    return {
        place
        for (key, _height), same in places.items()
        if len({page for page, _ in same}) >= (REPEATED_SENTENCE if SENTENCE.search(key) else REPEATED)
        for place in same
    }


def _keys(words: str, page: int) -> Iterator[str]:
    """The words as they are; and where they are no sentence, without the number that goes on with the pages."""
    yield "#" if ROMAN.fullmatch(words) else words
    numbers = list(NUMBER.finditer(words))
    if SENTENCE.search(words) or not numbers:
        return
    for found in {numbers[0], numbers[-1]}:
        if len(found[0]) <= 4:
            yield f"{words[: found.start()]}#{int(found[0]) - page}{words[found.end() :]}"


def _numbered(pages: list[Page]) -> set[Place]:
    """Numbers of pages: two are enough, where nothing else is in the row and they go on as the pages do."""
    places: dict[int, set[Place]] = defaultdict(set)
    for place, _row, words in _candidates(pages):
        if NUMBER_ALONE.fullmatch(words) and (digits := NUMBER.search(words)):
            places[int(digits[0]) - place[0]].add(place)
    return {place for same in places.values() if len({page for page, _ in same}) >= COUNTED for place in same}

"""Where sentences end, in Korean and in English text."""

import re
from collections.abc import Iterator

from jobs.training_data.recipes.quotations import Quotations

CLOSING = "\"'”’»」』)\\]】》〉"
END = re.compile(
    r"(?P<plain>(?<=[가-힣][다요까죠])[.!?](?=\s))"  # most of them
    rf"|(?P<mark>[.!?。！？…‥]+)(?P<closing>[{CLOSING}]*)(?=\s|$|(?P<glued>[가-힣㐀-鿿“‘「『\"]))"
    r"|(?P<blank>\n[ \t\r\u3000]*\n\s*)|(?P<line>\n)"
)
VERBAL = frozenset("다요죠까네군지음함임됨자라")  # what a sentence of Korean prose ends in
ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+", "mr mrs ms dr prof st jr sr vs etc no fig vol pp cf al inc ltd co dept e.g i.e u.s u.k a.m p.m ph.d"
    )
)
NUMBERING = re.compile(
    r"\A\s*[\"'“‘(\[]?(?:\d{1,3}|[가나다라마바사아자차카타파하]|[A-Za-z]|[ivxIVX]{1,4}|제?\d{1,3}[장절조항])$"
)
DATE = re.compile(r"(?:^|\D)\d{1,4}\.\s?\d{1,2}$")
WORD = re.compile(r"[A-Za-z.]+$")
ENDED = frozenset(".!?。！？…”’\"'")  # what the last line of a paragraph ends in
BACK = 300  # characters that are looked at before a mark: enough for any word or quotation, and never the whole text
HEAD = 64 * 1024  # characters that tell how a text's lines are broken


def sentence_ends(text: str, *, lines: bool) -> Iterator[int]:
    """Offsets right after each sentence, in order. `lines`: a line break ends one too."""
    start, quotations = 0, Quotations(text, lines=lines)
    for found in END.finditer(text):
        end = found.end("closing") if found["mark"] else found.end()
        if found.lastgroup == "plain" or _ends(text, start, found, lines):
            if (found["plain"] or found["mark"]) and quotations.hold(found.start(), end):
                continue
            start = end
            yield start


def _ends(text: str, start: int, found: re.Match[str], lines: bool) -> bool:
    if found["blank"]:
        return True
    if found["line"]:
        return lines
    before = text[max(start, found.start() - BACK) : found.start()]
    if found["glued"] and not _is_glued_end(before, found):
        return False
    if not before.strip() and not found["closing"]:
        return not _goes_on(text, found.end())
    return _is_real_mark(text, before, found)


def _is_glued_end(before: str, found: re.Match[str]) -> bool:
    """`갔다.그리고`: no space, and yet an end. After a quotation it goes on: `“가자.”라고`."""
    return not found["closing"] and (found["mark"][0] in "。！？" or before[-1:] in VERBAL)


def _is_real_mark(text: str, before: str, found: re.Match[str]) -> bool:
    """Not the stop of a number, a date, a heading's `1.`, an abbreviation, nor a pause in mid sentence."""
    mark = found["mark"]
    if mark[0] in "…‥" or mark.startswith(".."):
        return bool(found["closing"]) or before[-1:] in VERBAL or _goes_on(text, found.end())
    if mark != ".":
        return True
    after = text[found.end() : found.end() + 2]
    if before[-1:].isdigit() and after[:1] == " " and after[1:].isdigit():
        return False
    if NUMBERING.match(before) or DATE.search(before):
        return False
    word = WORD.search(before)
    return not (word and _is_abbreviation(word[0]))


def _is_abbreviation(word: str) -> bool:
    return word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isupper())


def _goes_on(text: str, place: int) -> bool:
    """Whether the line ends here."""
    return text[place : place + 1] in ("", "\n", "\r")


def line_ends_sentences(text: str) -> bool:
    """Whether a single line break ends a sentence: not where somebody wrapped the lines at a width."""
    lines = [line.rstrip() for line in text[:HEAD].split("\n")]
    full = [line for line in lines if line]
    if len(full) < 5:
        return True
    lengths = sorted(map(len, full))
    usual, long = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10]
    ended = sum(line[-1] in ENDED for line in full)
    return not (usual >= 25 and long - usual <= max(6, usual // 4) and ended * 2 < len(full))

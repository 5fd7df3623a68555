"""A text as the rules for personal data read it: plain digits, composed Hangul, nothing invisible, numbers in figures.

People write one number in many ways: with full-width or circled digits, with characters of no width in it, with the
letters of Hangul taken apart (macOS), or in words (공일공 일이삼사 오육칠팔).
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
JAMO = "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"  # of one modern syllable
# one class, quick to scan for: every text is looked through for it
OTHERWISE = re.compile(
    f"[{INVISIBLE}\u1100-\u1112\uff01-\uff5e\u2070-\u2089\u2460-\u2469\u24ea"
    "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u0e50-\u0e59\U0001d7ce-\U0001d7ff]"
)
UNSEEN_OR_TORN = re.compile(f"[{INVISIBLE}]+|{JAMO}")

KOREAN = dict(zip("공영빵일이삼사오육륙칠팔구", "0001234566789", strict=True))
ENGLISH = dict(
    zip(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), "0123456789", strict=True)
)
_DIGIT = f"[{''.join(KOREAN)}0-9]"
_LINK = r" ?(?:(?:국 ?)?[에의]|다시|대시) ?"
_BETWEEN = rf"(?:{_LINK}|[ \-–—~·._/,ㅡ]{{1,3}})"
NUMBER = re.compile(rf"{_DIGIT}(?:{_BETWEEN}?{_DIGIT}){{7,60}}")  # perhaps in words, perhaps partly
_KOREAN_DIGIT = f"[{''.join(KOREAN)}]"
IN_WORDS = re.compile(rf"{_KOREAN_DIGIT}(?:{_BETWEEN}?{_KOREAN_DIGIT}){{2}}|[공영][일1][공영0]|0[일][공영0]")
TOKEN = re.compile(f"{_DIGIT}|{_BETWEEN}")
FIGURES = KOREAN | {digit: digit for digit in "0123456789"}
_WORD = f"(?:{'|'.join(ENGLISH)}|oh)"
ENGLISH_NUMBER = re.compile(rf"\b(?:{_WORD}[ ,.\-]{{1,2}}){{7,14}}{_WORD}\b", re.IGNORECASE)
ENGLISH_TAILS = (
    "ero",
    "ive",
    "even",
    "ight",
    "ine",
)  # a number in words has one of them; to look for them costs nothing
ENGLISH_DIGIT = re.compile(_WORD, re.IGNORECASE)


class Piece(NamedTuple):
    """What was written from `start` to `end` reads as `text`."""

    start: int
    end: int
    text: str


class Readable:
    """A text with some pieces of it rewritten; `span` leads from its characters back to those that were written."""

    def __init__(self, written: str, pieces: Iterable[Piece]) -> None:
        self._places: list[int] = []  # where in `text` each stretch begins, rewritten or not
        self._stretches: list[tuple[int, int, bool]] = []  # of what was written; and whether as it is
        parts: list[str] = []
        last = length = 0
        for piece in [*pieces, Piece(len(written), len(written), "")]:
            for start, end, text in ((last, piece.start, written[last : piece.start]), piece):
                if text:
                    self._places.append(length)
                    self._stretches.append((start, end, start == last and end == piece.start))
                    parts.append(text)
                    length += len(text)
            last = piece.end
        self.text = "".join(parts)

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._written(start)[0], self._written(end - 1)[1]

    def _written(self, place: int) -> tuple[int, int]:
        """From where to where that which reads as one character was written."""
        at = bisect_right(self._places, place) - 1
        start, end, is_as_it_was = self._stretches[at]
        if not is_as_it_was:
            return start, end
        start += place - self._places[at]
        return start, start + 1


def is_plain(text: str) -> bool:
    """Whether it reads as it is written, which nearly every text does."""
    if OTHERWISE.search(text) or any(_in_english(text)):
        return False
    return not any(IN_WORDS.search(number[0]) for number in NUMBER.finditer(text))


def readings(text: str) -> list[Readable]:
    """The last one is what is read; each is a rewriting of the one before."""
    plain = text.translate(_plain_digits()) if OTHERWISE.search(text) else text
    seen = Readable(plain, (_seen(match) for match in UNSEEN_OR_TORN.finditer(plain)))
    return [seen, Readable(seen.text, sorted([*_in_korean(seen.text), *_in_english(seen.text)]))]


def _seen(match: re.Match[str]) -> Piece:
    is_torn = "\u1100" <= match[0][0] <= "\u1112"
    return Piece(match.start(), match.end(), unicodedata.normalize("NFC", match[0]) if is_torn else "")


def _in_korean(text: str) -> Iterator[Piece]:
    for number in NUMBER.finditer(text):
        if IN_WORDS.search(number[0]):
            yield from _figures(number)


def _figures(number: re.Match[str]) -> Iterator[Piece]:
    """Digits, and a dash between groups; nothing between them where every digit is set off from the next."""
    tokens = list(TOKEN.finditer(number.string, number.start(), number.end()))
    digits = sum(token[0] in FIGURES for token in tokens)
    between = "" if len(tokens) == 2 * digits - 1 else "-"
    for token in tokens:
        yield Piece(token.start(), token.end(), FIGURES.get(token[0], between))


def _in_english(text: str) -> Iterator[Piece]:
    if not any(tail in text for tail in ENGLISH_TAILS):
        return
    for number in ENGLISH_NUMBER.finditer(text):
        last = number.start()
        for digit in ENGLISH_DIGIT.finditer(text, number.start(), number.end()):
            yield Piece(last, digit.end(), ENGLISH.get(digit[0].lower(), "0"))
            last = digit.end()


@cache
def _plain_digits() -> dict[int, str]:
    """Each single character that reads as an ASCII one: full-width forms, digits of other scripts, circled ones."""
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    for code in (*range(0x660, 0x2500), *range(0x1D7CE, 0x1D800)):
        if OTHERWISE.match(char := chr(code)) and (digit := unicodedata.digit(char, None)) is not None:
            table.setdefault(code, str(digit))
    return table


def read_plainly(text: str) -> str:
    """The text as it is read, for comparing how one value was written in two places."""
    return text if is_plain(text) else readings(text)[-1].text

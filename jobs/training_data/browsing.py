"""Examples of a file for a page: by number, by words in them, by what was found in them."""

import json
import re
import time
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from jobs.training_data.editing import checked
from jobs.training_data.findings import sidecar
from jobs.training_data.indexing import Index
from jobs.training_data.reading import BEYOND, BOM, SHOWN_CHARACTERS, Line, for_display, lines
from jobs.training_data.report import LIMITS, Fault, Format, printable

SHOWN_RAW = SHOWN_CHARACTERS + BEYOND  # `privacy.shown_text` cuts it for the page
NO_TEXT = frozenset({"role", "type", "id", "tool_call_id", "url"})  # their values are no text of anybody's


class Row(NamedTuple):
    """One line as a page shows it: messages, or the raw text of what is no example; and what is wrong with it."""

    number: int
    messages: list[dict[str, Any]]
    raw: str
    faults: list[Fault]
    size: int  # bytes


class Bounds(NamedTuple):
    """How far one search may go before it says so."""

    seconds: float = 2.0
    bytes: int = 200 * 1024 * 1024


BOUNDS = Bounds()


class Found(NamedTuple):
    lines: list[int]
    searched: int  # the last line that was looked at
    more: int | None  # the line to go on at; None where the file was searched to its end


def row(line: Line, expected: Format = "unknown") -> Row:
    """`expected` is the format of the file: a line of another one is a fault."""
    example, faults = checked(line, expected)
    messages = for_display(example) if example else []
    shown = "" if messages else _shown(line)
    return Row(line.number, messages, shown, faults, len(line.raw))


def _shown(line: Line) -> str:
    text = line.raw[: SHOWN_RAW * 4].decode("utf-8", "replace")
    return printable(text, SHOWN_RAW)


def rows(index: Index, numbers: list[int], expected: Format = "unknown") -> Iterator[Row]:
    """One after the other: lines of 8 MB must not meet in memory."""
    return (row(line, expected) for number in numbers if (line := index.read(number)))


def findings(path: Path) -> dict[str, list[int]]:
    """Which lines each finding of the check is about: the sidecar that the check left, or nothing."""
    try:
        told = orjson.loads(sidecar(path).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    lists = told.items() if isinstance(told, dict) else ()
    return {code: [n for n in found if type(n) is int and n > 0] for code, found in lists if isinstance(found, list)}


def search(index: Index, words: str, first: int, most: int, bounds: Bounds = BOUNDS) -> Found:
    """Up to `most` lines from `first` on whose texts hold `words`, in any case and any form of Hangul."""
    spans = index.spans(first, first)
    if not spans:
        return Found([], index.lines, None)
    index.bytes.seek(spans[0].start)
    wanted, until = _Wanted(words), time.monotonic() + bounds.seconds
    hits: list[int] = []
    at = first
    for at, line in zip(count(first), lines(index.bytes, LIMITS.line_bytes), strict=False):
        if wanted.are_in(line):
            hits.append(at)
        if len(hits) == most or line.end > bounds.bytes or time.monotonic() > until:
            break
    return Found(hits, at, at + 1 if at < index.lines else None)


def parts(text: str, words: str) -> list[tuple[str, bool]]:
    """The text cut where `words` stand in it, and which parts are they."""
    cut = re.split(f"({re.escape(_plain(words))})", unicodedata.normalize("NFC", text), flags=re.IGNORECASE)
    return [(part, n % 2 == 1) for n, part in enumerate(cut) if part]


class _Wanted:
    """A quick look at the bytes, and only where they may hold the words a look at the texts."""

    def __init__(self, words: str) -> None:
        self.words = _plain(words)
        forms = {unicodedata.normalize(form, self.words) for form in ("NFC", "NFD")}
        quoted = {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in forms for ascii_only in (True, False)}
        quoted |= {one.replace("/", "\\/") for one in quoted}
        self.needles = [one.lower().encode() for one in quoted]
        self.cased = any(not letter.isascii() and letter.lower() != letter.upper() for letter in words)

    def are_in(self, line: Line) -> bool:
        raw = line.raw.lower()
        if not self.cased and not any(needle in raw for needle in self.needles):
            return False
        return any(self.words in _plain(text) for text in _texts(line))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def _texts(line: Line) -> Iterator[str]:
    try:
        left: list[Any] = [orjson.loads(line.raw.removeprefix(BOM))]
    except orjson.JSONDecodeError:
        yield line.raw.decode("utf-8", "replace")
        return
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += [each for key, each in value.items() if key not in NO_TEXT]
        elif isinstance(value, list):
            left += value

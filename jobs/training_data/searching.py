"""Finds the examples of a file that hold a passage, in bounded memory and at the speed of the disk.

Both sides are squeezed: composed (NFC), and without white space, marks of Markdown and characters of no width. So a
passage copied from a page, a PDF or a Mac is found however its lines break. Blocks of bytes are looked through for
pieces of the passage as a file may hold them (UTF-8, `\\uXXXX`, cp949); only lines that hold one, and lines that
are written otherwise (Hangul in parts, half escaped), are decoded and compared text by text.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from jobs.training_data.codes import Code
from jobs.training_data.privacy import mask_for_display
from jobs.training_data.reading import BOM
from jobs.training_data.report import LIMITS
from jobs.training_data.sniffing import HEAD_BYTES, sniff

SHORTEST = 8  # characters once squeezed: less is found everywhere
LONGEST = 4_000
BLOCK = 4 * 1024 * 1024
MOST_HITS = 200_000  # of a file; then the passage is no example's own
AROUND = 60  # characters of an excerpt on either side
WIDE = 2 * AROUND  # looked at, so that a number cut in two is still known as one
SHOWN = 200  # of the passage itself
START = 80  # characters by which an excerpt finds its place
GAP = r"[\s*_~`#>|\u00ad\u200b-\u200f\u2060\ufeff]"
GAPS = re.compile(f"{GAP}+")
# The kelvin sign is a K once composed, so a K may be written otherwise; all others stand in a file as they are.
RUNS = (re.compile(r"[가-힣]{2,}"), re.compile(r"[0-9A-JL-Za-z]{2,}"))
PIECE = 6  # characters: short enough to stand unbroken, long enough to be rare
PIECES = 3
STRUCK = "\N{EN DASH}"
JAMO = re.compile(rb"\xe1[\x84-\x87]")
ESCAPE, ESCAPED_JAMO = b"\\u", b"\\u11"
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")

type Keep = Callable[[int], None]  # hears how many bytes are read, once a block


class UnsearchableError(Exception):
    """The file is no text that can be looked through. Carries the fault's code."""

    def __init__(self, code: str) -> None:
        self.code = code


class Hit(NamedTuple):
    line: int  # from 1
    offset: int  # bytes of the file before it


class Found(NamedTuple):
    hits: list[Hit]
    lines: int  # of the whole file; as far as it was read where `cut`
    cut: bool = False  # there are more than MOST_HITS


class Excerpt(NamedTuple):
    before: str
    found: str
    after: str


def squeeze(text: str) -> str:
    return GAPS.sub("", unicodedata.normalize("NFC", text))


class Sought(ABC):
    """What is searched for: a passage, or the wording of a whole text (`wording.Wording`)."""

    @abstractmethod
    def is_in(self, raw: bytes) -> bool:
        """Whether a text of the example on this line holds it."""

    @abstractmethod
    def is_near(self, text: str) -> bool:
        """Whether `text` holds it, or is a telling piece of it."""

    @abstractmethod
    def candidates(self, block: bytes) -> Iterable[tuple[int, int]]:
        """Lines, as their first byte and the one after their last, that may hold it; in order."""

    def struck_from(self, value: Any) -> Any:
        """JSON with a dash in place of every text that tells of it."""
        match value:
            case str(text):
                return STRUCK if self.is_near(text) else text
            case list(items):
                return [self.struck_from(item) for item in items]
            case dict(pairs):
                return {name: self.struck_from(item) for name, item in pairs.items()}
        return value


class Passage(Sought):
    """A piece of text, as it is compared and as a file may hold it."""

    def __init__(self, text: str) -> None:
        self.squeezed = squeeze(text)
        pieces = _pieces(unicodedata.normalize("NFC", text))
        self.plain = [piece.encode() for piece in pieces]
        self.cp949 = [piece.encode("cp949") for piece in pieces if not piece.isascii()]  # it has all of 가–힣
        self.escaped = sorted({spelt for piece in pieces if not piece.isascii() for spelt in _escaped(piece)})

    def is_in(self, raw: bytes) -> bool:
        return any(self.squeezed in squeeze(text) for text in texts_of(raw))

    def excerpt(self, raw: bytes) -> Excerpt | None:
        """The place of the first text that holds it, with some words around."""
        return next(filter(None, map(self.excerpt_of, texts_of(raw))), None)

    def excerpt_of(self, text: str) -> Excerpt | None:
        """Its place in `text`, with some words around."""
        text = unicodedata.normalize("NFC", text)
        start = re.compile(f"{GAP}*".join(map(re.escape, self.squeezed[:START])))
        place = start.search(text) if self.squeezed in squeeze(text) else None
        return around(text, place.start(), len(self.squeezed)) if place else None

    def is_near(self, text: str) -> bool:
        squeezed = squeeze(text)
        return self.squeezed in squeezed or (len(squeezed) >= SHORTEST and squeezed in self.squeezed)

    def candidates(self, block: bytes) -> list[tuple[int, int]]:
        if not self.plain:
            return list(lines_with(block, b""))
        spans = {span for spelt in self.plain for span in lines_with(block, spelt)}
        if self.cp949 and not _is_utf8(block):
            spans |= {span for spelt in self.cp949 for span in lines_with(block, spelt)}
        if ESCAPE in block:
            spans |= {span for spelt in (*self.escaped, ESCAPED_JAMO) for span in lines_with(block, spelt)}
            if not block.isascii():
                spans |= {span for span in lines_with(block, ESCAPE) if not block[slice(*span)].isascii()}
        if b"\xe1" in block and (found := JAMO.search(block)):
            spans |= {span for span in lines_with(block, b"\xe1", found.start()) if JAMO.search(block, *span)}
        return sorted(spans)


def longest_text(raw: bytes) -> str:
    """What to search for, when a person picks an example: its longest text, cut to what a search takes."""
    return max(texts_of(raw), key=len, default="")[:LONGEST]


def _pieces(text: str) -> list[str]:
    """Up to three pieces; Hangul by preference. None: the passage holds nothing that is written in one way only."""
    for runs in RUNS:
        words = runs.findall(text)
        pieces = [word[at : at + PIECE] for word in words for at in range(0, max(len(word) - 1, 1), PIECE)]
        if pieces:
            return sorted(dict.fromkeys(pieces), key=len, reverse=True)[:PIECES]
    return []


def _escaped(piece: str) -> tuple[bytes, bytes]:
    codes = [ord(char) for char in piece]
    return "".join(f"\\u{code:04x}" for code in codes).encode(), "".join(f"\\u{code:04X}" for code in codes).encode()


def scan(path: Path, sought: Sought, keep: Keep) -> Found:
    """The lines of `path` that hold it. Raises UnsearchableError and OSError; `keep` may raise to end it."""
    with path.open("rb") as stream:
        _refuse(stream.read(HEAD_BYTES), path.stat().st_size)
        stream.seek(0)
        return _scan(stream, sought, keep)


def _refuse(head: bytes, size: int) -> None:
    unfit = sniff(head, size)
    if unfit and unfit.code in (Code.UTF16, Code.NOT_TEXT):
        raise UnsearchableError(unfit.code)


def _scan(stream: IO[bytes], sought: Sought, keep: Keep) -> Found:
    hits: list[Hit] = []
    before, offset, ended = 0, 0, True
    while block := _block(stream):
        hits += _hits(block, sought, Hit(before + 1, offset), keep)
        if len(hits) > MOST_HITS:
            return Found(hits[:MOST_HITS], before, cut=True)
        before, offset, ended = before + block.count(b"\n"), offset + len(block), block.endswith(b"\n")
        keep(offset)
    unique = list({hit.line: hit for hit in reversed(hits)}.values())[::-1]  # a line longer than a block comes twice
    return Found(unique, before + (not ended))


def _block(stream: IO[bytes]) -> bytes:
    """Whole lines; of a line longer than any may be, a part."""
    block = stream.read(BLOCK)
    return block if block.endswith(b"\n") else block + stream.readline(LIMITS.line_bytes)


def _hits(block: bytes, sought: Sought, first: Hit, keep: Keep) -> Iterator[Hit]:
    """`first`: where the block begins. `keep` hears of every candidate: those of a wording are all lines."""
    line, counted = first.line, 0
    for start, end in sought.candidates(block):
        if sought.is_in(block[start:end]):
            line, counted = line + block.count(b"\n", counted, start), start
            yield Hit(line, first.offset + start)
        keep(first.offset + start)


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def lines_with(block: bytes, part: bytes, at: int = 0) -> Iterator[tuple[int, int]]:
    """Lines of `block` in which `part` stands, from `at` on: first byte, and the one after the last."""
    at = block.find(part, at)
    while 0 <= at < len(block):
        start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
        end = len(block) if end < 0 else end
        yield start, end
        at = block.find(part, end + 1)


def texts_of(raw: bytes) -> Iterator[str]:
    """Every text and key of the example; of a line that is no JSON, the line."""
    try:
        value = orjson.loads(raw.removeprefix(BOM))
    except orjson.JSONDecodeError:
        yield _unescaped(_decoded(raw))
        return
    for text in _strings(value):
        yield text
        if "\\u" in text:  # JSON within JSON: the arguments of a call
            yield _unescaped(text)


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case list(items):
                waiting += reversed(items)
            case dict(pairs):
                waiting += [each for pair in reversed(pairs.items()) for each in reversed(pair)]


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        korean = raw.decode("cp949", "replace")
        return raw.decode(errors="replace") if korean.count("\ufffd") * 20 > len(korean) else korean


def _unescaped(text: str) -> str:
    """Line breaks, quotes and `\\uXXXX` as what they stand for, pairs of surrogates as one character."""
    plain = ESCAPED.sub(lambda code: chr(int(code[1], 16)), text.replace("\\n", "\n").replace("\\t", "\t"))
    plain = plain.replace('\\"', '"').replace("\\/", "/")
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def around(text: str, start: int, length: int) -> Excerpt:
    """What begins at `start` of `text`, `length` characters once squeezed, with some words on either side."""
    kept = (at for at, char in enumerate(text[start:], start) if not GAPS.match(char))
    end = next(islice(kept, length - 1, None), start) + 1
    found = text[start:end] if end - start <= SHOWN else text[start : start + SHOWN] + "…"
    before = mask_for_display(text[max(0, start - WIDE) : start])  # whoever searches for one thing sees no other
    return Excerpt(before[-AROUND:], found, mask_for_display(text[end : end + WIDE])[:AROUND])

"""Reads an extracted text as searches compare it, a block at a time, and finds a passage in it."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from jobs.training_data.searching import GAPS, WIDE, Excerpt, Passage, squeeze

BLOCK = 1024 * 1024  # characters
TAKEN = 64 * 1024  # bytes that an excerpt looks at: a passage of the greatest length and its gaps
MOST_BYTES = 4  # of a character in UTF-8


class Block(NamedTuple):
    byte: int  # of the file, at which it begins
    text: str
    squeezed: str


def blocks(path: Path) -> Iterator[Block]:
    """The text is composed as a whole (NFC), so any part of it is: what is squeezed apart is squeezed together."""
    byte = 0
    with path.open(encoding="utf-8", newline="") as stream:
        while text := stream.read(BLOCK):
            yield Block(byte, text, squeeze(text))
            byte += len(text.encode())


def find(path: Path, passage: Passage, keep: Callable[[], object]) -> int | None:
    """The byte of the text at which `passage` begins. Raises OSError; `keep` is called once a block."""
    tail, before = "", 0  # the last letters, for a passage that two blocks share; how many stand before them
    for block in blocks(path):
        held = tail + block.squeezed
        at = held.find(passage.squeezed)
        if at >= 0:
            return _byte_of(path, before + at)
        tail = held[-len(passage.squeezed) + 1 :]
        before += len(held) - len(tail)
        keep()
    return None


def _byte_of(path: Path, letter: int) -> int | None:
    """Where the letter of this number stands, counted as squeezed."""
    for block in blocks(path):
        if letter < len(block.squeezed):
            return block.byte + len(block.text[: place_of(block.text, letter)].encode())
        letter -= len(block.squeezed)
    return None


def place_of(text: str, letter: int) -> int | None:
    """Which character of `text` is its letter of this number, counted as squeezed."""
    return next(islice((at for at, char in enumerate(text) if not GAPS.match(char)), letter, None), None)


def excerpt(path: Path, byte: int, passage: Passage) -> Excerpt | None:
    """The passage that begins at this byte, with some words around. None where it does not. Raises OSError."""
    with path.open("rb") as stream:
        start = stream.seek(max(0, byte - WIDE * MOST_BYTES))
        raw = stream.read(byte - start + TAKEN)
    return passage.excerpt_of(raw.decode(errors="ignore"))

"""A version without some lines; all others stay byte for byte."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

CHUNK = 1024 * 1024


def drop_lines(src: Path, dst: Path, lines: Iterable[int], keep: Callable[[], None]) -> int:
    """Write `src` without `lines` (numbers from 1; those it does not have do no harm). Returns how many it dropped.

    `keep` is called for every line or part of a long one; it may raise to end the work.
    """
    unwanted, dropped = frozenset(lines), 0
    with src.open("rb") as source, dst.open("wb") as target:
        number = 1
        while part := source.readline(CHUNK):
            keep()
            if number not in unwanted:
                target.write(part)
            if _ends(part, source):
                dropped += number in unwanted
                number += 1
    return dropped


def _ends(part: bytes, source: IO[bytes]) -> bool:
    """Whether this is the end of a line: a line longer than a chunk comes in parts."""
    return part.endswith(b"\n") or (len(part) < CHUNK) or not source.peek(1)  # type: ignore[attr-defined]

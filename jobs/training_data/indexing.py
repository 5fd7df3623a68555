"""Where each line of a file begins: a sidecar beside the bytes, so that page 5,000 opens without a scan.

`<name>.index` holds packed little-endian uint64: the offset of every line, and after the last one the size of the file.
A training file never changes, so neither does its index; one that does not end with the file's size is made anew.
"""

import os
import re
import struct
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple, Self
from uuid import uuid4

from jobs.training_data.reading import Line
from jobs.training_data.report import LIMITS

ENDING = ".index"
MOST_LINES = 8_000_000  # 64 MB of offsets; what stands behind them is the last line's
CHUNK = 256 * 1024
BREAK = re.compile(b"\n")
OFFSET = struct.Struct("<Q")


class Span(NamedTuple):
    """Where a line stands: from its first byte to the one behind its line break."""

    start: int
    end: int


def index_path(path: Path) -> Path:
    return path.with_suffix(ENDING)


def build(path: Path) -> Path:
    """Write the index of the file at `path`. Readers see it whole or not at all. Raises OSError."""
    target = index_path(path)
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")
    try:
        with path.open("rb") as stream, part.open("wb") as out:
            for offsets in _offsets(stream):
                out.write(offsets)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    if not path.exists():  # deleted meanwhile: nobody will ask for its index
        target.unlink(missing_ok=True)
        raise FileNotFoundError(path)
    return target


def _offsets(stream: IO[bytes]) -> Iterator[bytes]:
    size = os.fstat(stream.fileno()).st_size
    at, left = 0, MOST_LINES - 1
    if size:
        yield OFFSET.pack(0)
    while left and (chunk := stream.read(CHUNK)):
        starts = array("Q", [at + found.end() for found in BREAK.finditer(chunk)][:left])
        at, left = at + len(chunk), left - len(starts)
        if starts and starts[-1] == size:
            starts.pop()  # the last line break begins no line
        yield _packed(starts)
    yield OFFSET.pack(size)


def _packed(numbers: "array[int]") -> bytes:
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        numbers.byteswap()
    return numbers.tobytes()


def _fits(target: Path, size: int) -> bool:
    """Whether there is an index, and it is of a file of this size."""
    try:
        with target.open("rb") as offsets:
            length = offsets.seek(0, os.SEEK_END)
            offsets.seek(max(0, length - OFFSET.size))
            return length % OFFSET.size == 0 and offsets.read() == OFFSET.pack(size)
    except FileNotFoundError:
        return False


class Index:
    """The lines of the file at `path`, by number from 1. Makes the sidecar where there is none. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.bytes = path.open("rb")
        try:
            if not _fits(index_path(path), os.fstat(self.bytes.fileno()).st_size):
                build(path)
            self.offsets = index_path(path).open("rb")
        except BaseException:
            self.bytes.close()
            raise
        self.lines = os.fstat(self.offsets.fileno()).st_size // OFFSET.size - 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.bytes.close()
        self.offsets.close()

    def spans(self, first: int, last: int) -> list[Span]:
        """Lines first..last, both from 1 and both in it; what the file does not have is left out."""
        first, last = max(1, first), min(last, self.lines)
        if last < first:
            return []
        self.offsets.seek((first - 1) * OFFSET.size)
        starts = [number for (number,) in OFFSET.iter_unpack(self.offsets.read((last - first + 2) * OFFSET.size))]
        return [Span(*both) for both in pairwise(starts)]

    def read(self, number: int, limit: int = LIMITS.line_bytes) -> Line | None:
        """One line as `reading.lines` gives it; None where there is no such line."""
        spans = self.spans(number, number)
        return self._line(number, spans[0], limit) if spans else None

    def _line(self, number: int, span: Span, limit: int) -> Line:
        self.bytes.seek(span.start)
        raw = self.bytes.readline(min(limit + 1, span.end - span.start))
        too_long = not raw.endswith(b"\n") and len(raw) > limit
        self.bytes.seek(span.end - 1)
        whole = self.bytes.read(1) == b"\n"
        return Line(number, raw if too_long else raw.rstrip(b"\r\n"), whole, too_long, span.end, span.start)

"""Examples of a file as raw lines: read in order, or found again by where they begin."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from jobs.training_data.reading import BOM, lines
from jobs.training_data.report import LIMITS, Fault

type Keep = Callable[[], object]  # called for every line: whoever holds a lease keeps it

BUFFER_BYTES = 1024 * 1024


class RefusedError(Exception):
    """The operation cannot be done on this file. Carries the fault that says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class Row(NamedTuple):
    line: int  # from 1
    raw: bytes  # without its line break


def idle() -> None:
    """The Keep of somebody without a lease."""


def rows(path: Path, keep: Keep = idle) -> Iterator[Row]:
    """Every line that holds something. A checked file has no line that is too long; a cut one is not passed on."""
    with path.open("rb", buffering=BUFFER_BYTES) as stream:
        for line in lines(stream, LIMITS.line_bytes):
            keep()
            raw = line.raw.removeprefix(BOM) if line.number == 1 else line.raw
            if not line.too_long and raw and not raw.isspace():
                yield Row(line.number, raw)


def loaded(raw: bytes) -> dict[str, Any]:
    """The object on a line; an empty one where there is none."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def write(target: Path, lines_: Iterable[bytes]) -> int:
    """Write lines, each with its break. Returns how many."""
    written = 0
    with target.open("wb", buffering=BUFFER_BYTES) as stream:
        for raw in lines_:
            stream.write(raw)
            stream.write(b"\n")
            written += 1
    return written


class Index:
    """Where each row of a file lies: 12 bytes a row, so that a million of them can be taken in any order."""

    def __init__(self, path: Path, keep: Keep = idle) -> None:
        self.path = path
        self.starts, self.lengths = array("Q"), array("I")
        with path.open("rb", buffering=BUFFER_BYTES) as stream:
            before = 0
            for line in lines(stream, LIMITS.line_bytes):
                keep()
                mark = len(BOM) if line.number == 1 and line.raw.startswith(BOM) else 0
                if not line.too_long and line.raw[mark:].strip():
                    self.starts.append(before + mark)
                    self.lengths.append(len(line.raw) - mark)
                before = line.end

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, order: Iterable[int], keep: Keep = idle) -> Iterator[bytes]:
        """The rows with these numbers (from 0), in this order."""
        with self.path.open("rb") as stream:
            for number in order:
                keep()
                stream.seek(self.starts[number])
                yield stream.read(self.lengths[number])

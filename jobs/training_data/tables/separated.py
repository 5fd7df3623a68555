"""CSV and TSV, in any Korean encoding: quotes, separators and line breaks inside cells included."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from jobs.training_data.codes import Code
from jobs.training_data.encodings import ENCODINGS, Evidence, evidence
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import Fault, fault
from jobs.training_data.tables.shapes import Bounds, Way

DELIMITERS = (",", "\t", ";", "|")
HEAD_CHARACTERS = 64 * 1024
HEAD_ROWS = 50


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    return path.open(encoding=codec, newline="")  # csv wants line breaks as they are


def settled(path: Path, way: Way) -> tuple[Way, Evidence]:
    """`way` with its encoding and delimiter found out. Raises RefusedError where the lines speak for no encoding."""
    found = evidence(path)
    encoding = way.encoding or found.encoding
    if encoding not in ENCODINGS:
        raise RefusedError(fault(1, Code.TABLE_ENCODING, encoding="UTF-8, CP949"))
    delimiter = way.delimiter or ("\t" if way.kind == "tsv" else _delimiter(path, encoding))
    return Way(way.kind, encoding, delimiter, "", way.header), found


def _delimiter(path: Path, encoding: str) -> str:
    """The one that cuts the first rows into the same number of cells, more than one, most often."""
    with suppress(UnicodeError), open_text(path, encoding) as stream:
        head = stream.read(HEAD_CHARACTERS)
        return max(DELIMITERS, key=lambda delimiter: _agreement(head, delimiter))
    return ","


def _agreement(head: str, delimiter: str) -> tuple[int, int]:
    widths: Counter[int] = Counter()
    with suppress(csv.Error):
        for number, row in enumerate(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)):
            widths[len(row)] += 1
            if number == HEAD_ROWS:
                break
    width, times = max(((w, n) for w, n in widths.items() if w > 1), key=lambda pair: pair[1], default=(0, 0))
    return times, width


def rows(path: Path, way: Way, bounds: Bounds) -> Iterator[list[str]]:
    """Every row that is not empty. Raises RefusedError for what cannot be read as it is said."""
    csv.field_size_limit(bounds.cell)
    with open_text(path, way.encoding) as stream:
        reader = csv.reader(_lines(stream, bounds), delimiter=way.delimiter, strict=True)
        try:
            yield from filter(any, reader)
        except UnicodeError:
            raise RefusedError(fault(reader.line_num + 1, Code.TABLE_ENCODING, encoding=way.encoding)) from None
        except csv.Error as problem:
            raise RefusedError(_said(reader.line_num, problem, bounds)) from None


def _said(line: int, problem: csv.Error, bounds: Bounds) -> Fault:
    if "field limit" in str(problem):
        return fault(line, Code.CELL_TOO_LARGE, limit=bounds.cell // 1024 // 1024)
    return fault(line, Code.TABLE_QUOTES)


def _lines(stream: io.TextIOWrapper, bounds: Bounds) -> Iterator[str]:
    """Never a line without an end: it would be read whole into memory."""
    number = 0
    while line := stream.readline(bounds.cell + 1):
        number += 1
        if len(line) > bounds.cell:
            raise RefusedError(fault(number, Code.CELL_TOO_LARGE, limit=bounds.cell // 1024 // 1024))
        yield line

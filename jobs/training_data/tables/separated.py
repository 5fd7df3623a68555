"""CSV and TSV, in any Korean encoding: quotes, separators and line breaks inside cells included."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from jobs.training_data.codes import Code
from jobs.training_data.encodings import ENCODINGS, Evidence, evidence
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import Fault, fault
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.shapes import Bounds, Grid, Way

DELIMITERS = (",", "\t", ";", "|")
HEAD_CHARACTERS = 64 * 1024
HEAD_ROWS = 50
SEPARATOR = re.compile(r'"?sep=([^\w"\r\n ])"?\s*', re.IGNORECASE)  # Excel's first line, which it does not show
DOUBLED = re.compile(r'"(?:[^"]|"")*"')


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    return path.open(encoding=codec, newline="")  # csv wants line breaks as they are


def settled(path: Path, way: Way, bounds: Bounds) -> tuple[Way, Evidence]:
    """`way` with what it leaves open found out. Raises RefusedError where the lines speak for no encoding."""
    found = evidence(path)
    encoding = way.encoding or found.encoding
    if encoding not in ENCODINGS:
        raise RefusedError(fault(1, Code.TABLE_ENCODING, encoding="UTF-8, CP949"))
    delimiter = way.delimiter or ("\t" if way.kind == "tsv" else _delimiter(path, encoding))
    quotes = way.quotes
    if quotes is None:
        quotes = delimiter != "\t" or _is_quoted(path, encoding, bounds)
    return Way(way.kind, encoding, delimiter, "", way.header, quotes), found


def delimiter_of(head: str) -> tuple[str, int]:
    """The one that cuts the first rows into the same number of cells, more than one, most often; and how many rows."""
    if named := SEPARATOR.fullmatch(head.partition("\n")[0].partition("\r")[0]):
        return named[1], HEAD_ROWS
    best = max(DELIMITERS, key=lambda delimiter: _agreement(head, delimiter))
    return best, _agreement(head, best)[0]


def _delimiter(path: Path, encoding: str) -> str:
    with suppress(UnicodeError), open_text(path, encoding) as stream:
        return delimiter_of(stream.read(HEAD_CHARACTERS))[0]
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


def _is_quoted(path: Path, encoding: str, bounds: Bounds) -> bool:
    """Whether a table of tabs puts quotes around cells. Most programs do not: there a quote is a letter.

    It does, where each cell that begins with a quote is closed; also over several lines, unless every line by itself
    is a row as wide as the first.
    """
    lines = cells = closed = 0
    width, even = 0, True
    try:
        with open_text(path, encoding) as stream:
            for line in _lines(stream, bounds):
                lines += 1
                row = line.rstrip("\r\n").split("\t")
                width = width or len(row)
                even = even and (len(row) == width or row == [""])
                begun = [cell for cell in row if cell.startswith('"')] if '"' in line else []
                cells += len(begun)
                closed += sum(DOUBLED.fullmatch(cell) is not None for cell in begun)
    except UnicodeError:
        return True  # reading it says where
    return closed == cells if even and lines > 1 else True


def rows(path: Path, way: Way, bounds: Bounds, notes: Notes) -> Grid:
    """Every row that is not empty, numbered as a spreadsheet does. Raises RefusedError for what cannot be read."""
    csv.field_size_limit(bounds.cell)
    with open_text(path, way.encoding) as stream:
        lines = _lines(stream, bounds)
        reader = csv.reader(
            lines if way.quotes else _noting(lines, way.delimiter, notes),
            delimiter=way.delimiter,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if way.quotes else csv.QUOTE_NONE,
        )
        try:
            for number, row in enumerate(reader, 1):
                if any(row):
                    yield number, row
        except UnicodeError:
            raise RefusedError(fault(reader.line_num + 1, Code.TABLE_ENCODING, encoding=way.encoding)) from None
        except csv.Error as problem:
            raise RefusedError(_said(reader.line_num, problem, bounds)) from None


def _said(line: int, problem: csv.Error, bounds: Bounds) -> Fault:
    if "field limit" in str(problem):
        return fault(line, Code.CELL_TOO_LARGE, limit=bounds.cell // 1024 // 1024)
    return fault(line, Code.TABLE_QUOTES)


def _noting(lines: Iterator[str], delimiter: str, notes: Notes) -> Iterator[str]:
    """Say where a quote that begins a cell is read as a letter of it."""
    for number, line in enumerate(lines, 1):
        if '"' in line and (line.startswith('"') or f'{delimiter}"' in line):
            notes.add(Code.QUOTES_AS_TEXT, row=number)
        yield line


def _lines(stream: io.TextIOWrapper, bounds: Bounds) -> Iterator[str]:
    """Never a line without an end: it would be read whole into memory. Without the line that names the separator."""
    number = 0
    while line := stream.readline(bounds.cell + 1):
        number += 1
        if len(line) > bounds.cell:
            raise RefusedError(fault(number, Code.CELL_TOO_LARGE, limit=bounds.cell // 1024 // 1024))
        if number > 1 or not SEPARATOR.fullmatch(line):
            yield line

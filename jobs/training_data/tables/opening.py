"""Any table as columns and rows, whatever it was saved as."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import Keep, RefusedError, idle
from jobs.training_data.report import fault
from jobs.training_data.tables import objects, separated
from jobs.training_data.tables.guessing import is_header
from jobs.training_data.tables.kinds import is_locked, kind_of
from jobs.training_data.tables.shapes import Bounds, Cells, Table, Way, column_names
from jobs.training_data.tables.sheets import Sheet
from jobs.training_data.tables.workbook import BROKEN, Workbook, broken

WIDTH_FROM = 200  # rows


@contextmanager
def opened(path: Path, name: str, way: Way, bounds: Bounds, keep: Keep = idle) -> Iterator[Table]:
    """The table at `path`, which came under `name`. Raises RefusedError, also while its rows are read."""
    if is_locked(path):
        raise RefusedError(fault(0, Code.TABLE_ENCRYPTED))
    match way.kind or kind_of(path, name):
        case "xlsx":
            with _workbook(path, way, bounds, keep) as table:
                yield table
        case "json":
            yield objects.open_array(path, way, bounds)
        case "jsonl":
            yield objects.open_lines(path)
        case kind:
            yield _separated(path, Way(kind, way.encoding, way.delimiter, "", way.header), bounds)


@contextmanager
def _workbook(path: Path, way: Way, bounds: Bounds, keep: Keep) -> Iterator[Table]:
    try:
        with Workbook(path, bounds, keep) as book:
            name = way.sheet or next(iter(book.sheets), "")
            if name not in book.sheets:
                raise RefusedError(fault(0, Code.SHEET_MISSING, sheet=name))
            head = Sheet(book, book.sheets[name])
            first = head.first(bounds.looked_at)
            whole = Sheet(book, book.sheets[name])
            settled = Way("xlsx", sheet=name, header=_header(way, first))
            yield _table(settled, first, whole.rows(), bounds)._replace(notes=head.notes, sheets=tuple(book.sheets))
    except BROKEN:
        raise RefusedError(broken()) from None


def _separated(path: Path, way: Way, bounds: Bounds) -> Table:
    settled, found = separated.settled(path, way)
    first = list(islice(separated.rows(path, settled, bounds), WIDTH_FROM))
    settled = Way(settled.kind, settled.encoding, settled.delimiter, "", _header(way, first))
    return _table(settled, first, separated.rows(path, settled, bounds), bounds)._replace(evidence=found)


def _header(way: Way, first: list[list[str]]) -> bool:
    return is_header(first) if way.header is None else way.header


def _table(way: Way, first: list[list[str]], rows: Iterator[list[str]], bounds: Bounds) -> Table:
    width = max(map(len, first), default=0)
    padded = first[0] + [""] * (width - len(first[0])) if first else []
    if width > bounds.columns:
        raise RefusedError(fault(1, Code.TABLE_TOO_WIDE, limit=bounds.columns))
    columns = column_names(padded, bool(way.header))
    body = islice(rows, 1, None) if way.header else rows
    return Table(way, columns, _named(columns, body, bounds))


def _named(columns: list[str], rows: Iterator[list[str]], bounds: Bounds) -> Iterator[Cells]:
    for number, row in enumerate(rows, 1):
        if number > bounds.rows:
            raise RefusedError(fault(0, Code.TABLE_TOO_LONG, limit=bounds.rows))
        if len(row) > bounds.columns:
            raise RefusedError(fault(0, Code.TABLE_TOO_WIDE, limit=bounds.columns))
        yield dict(zip(columns, chain(row, [""] * (len(columns) - len(row))), strict=False))

"""Any table as columns and rows, whatever it was saved as."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import Keep, RefusedError, idle
from jobs.training_data.report import fault
from jobs.training_data.tables import objects, separated
from jobs.training_data.tables.grids import WIDTH_FROM, table_of
from jobs.training_data.tables.kinds import kind_of, unreadable
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.package import BROKEN, broken
from jobs.training_data.tables.shapes import Bounds, Table, Way
from jobs.training_data.tables.sheets import Sheet, first_rows, look_for_merged
from jobs.training_data.tables.workbook import Workbook


@contextmanager
def opened(path: Path, name: str, way: Way, bounds: Bounds, keep: Keep = idle) -> Iterator[Table]:
    """The table at `path`, which came under `name`. Raises RefusedError, also while its rows are read."""
    kind = way.kind or kind_of(path, name)
    if why := unreadable(kind):
        raise RefusedError(why)
    if not path.stat().st_size:
        raise RefusedError(fault(0, Code.EMPTY_FILE))
    notes = Notes()
    match kind:
        case "xlsx":
            with _workbook(path, way, bounds, keep, notes) as table:
                yield table
        case "json" | "jsonl" if objects.is_lines(path):
            yield objects.open_lines(path, bounds, notes)
        case "json":
            yield objects.open_json(path, way, bounds, notes, bracket=True)
        case "jsonl":
            yield objects.open_json(path, way, bounds, notes, bracket=False)
        case kind:
            yield _separated(path, kind, way, bounds, notes)


@contextmanager
def _workbook(path: Path, way: Way, bounds: Bounds, keep: Keep, notes: Notes) -> Iterator[Table]:
    try:
        with Workbook(path, bounds, keep) as book:
            name = way.sheet or _first_sheet(book)
            if name not in book.sheets:
                raise RefusedError(fault(0, Code.SHEET_MISSING, sheet=name))
            for other in book.sheets:
                if other != name:
                    notes.name(Code.SHEETS_HIDDEN if other in book.hidden else Code.SHEETS_NOT_READ, other)
            look_for_merged(book, book.sheets[name], notes)
            head = Sheet(book, book.sheets[name], Notes(), hidden=way.hidden)
            first = list(islice(head.rows(), WIDTH_FROM))
            whole = Sheet(book, book.sheets[name], notes, hidden=way.hidden)
            settled = Way("xlsx", sheet=name, header=way.header, hidden=way.hidden)
            table = table_of(settled, first, whole.rows(), bounds, notes, frozenset(head.hidden_columns))
            yield table._replace(sheets=tuple(book.sheets), hidden_sheets=tuple(sorted(book.hidden)))
    except BROKEN:
        raise RefusedError(broken()) from None


def _first_sheet(book: Workbook) -> str:
    """The first that a person sees and that holds something."""
    visible = [name for name in book.sheets if name not in book.hidden] or list(book.sheets)
    filled = (name for name in visible if next(first_rows(book, book.sheets[name]), None))
    return next(filled, visible[0] if visible else "")


def _separated(path: Path, kind: str, way: Way, bounds: Bounds, notes: Notes) -> Table:
    read = Way(kind, way.encoding, way.delimiter, "", way.header, way.quotes)
    settled, found = separated.settled(path, read, bounds)
    first = list(islice(separated.rows(path, settled, bounds, Notes()), WIDTH_FROM))
    rows = separated.rows(path, settled, bounds, notes)
    return table_of(settled, first, rows, bounds, notes)._replace(evidence=found)

"""JSON of any shape as columns and rows: arrays, JSON Lines, one object around a list; objects or lists in it."""

from collections.abc import Iterator
from itertools import islice
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.encodings import ENCODINGS, Evidence, evidence
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.reading import BOM, Line, lines
from jobs.training_data.report import fault, printable
from jobs.training_data.tables.documents import lists_of, peeled
from jobs.training_data.tables.grids import table_of
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.shapes import BOUNDS, Bounds, Rows, Table, Way, sendable
from jobs.training_data.tables.values import DECODER, MEGABYTE, DuplicateKeyError, numbered, text

KEYS_FROM = 1_000  # objects
GUESSED_FROM = 50

type Values = Iterator[tuple[int, Any]]


def open_json(path: Path, way: Way, bounds: Bounds, notes: Notes, *, bracket: bool) -> Table:
    """An array, objects one after the other over several lines, or one around them all. Raises RefusedError."""
    found = evidence(path)
    encoding = way.encoding or found.encoding
    if encoding not in ENCODINGS:
        raise RefusedError(fault(1, Code.TABLE_ENCODING, encoding="UTF-8, CP949"))
    read = Way("json", encoding, header=way.header)
    if bracket:
        return _table(read, lambda: numbered(path, encoding, bounds, bracket=True), bounds, notes, found)
    values = numbered(path, encoding, _whole(bounds), bracket=False)
    two = list(islice(values, 2))
    if len(two) == 1 and isinstance(two[0][1], dict):
        if path.stat().st_size > bounds.document:
            raise RefusedError(fault(0, Code.DOCUMENT_TOO_LARGE, limit=bounds.document // MEGABYTE))
        return _document(two[0][1], Way("json", encoding, sheet=way.sheet, header=way.header), bounds, notes, found)
    return _table(read, lambda: numbered(path, encoding, _whole(bounds), bracket=False), bounds, notes, found)


def _whole(bounds: Bounds) -> Bounds:
    """One object may be a whole document."""
    return Bounds(rows=bounds.rows, cell=bounds.document)


def _document(document: dict[str, Any], way: Way, bounds: Bounds, notes: Notes, found: Evidence) -> Table:
    lists, beside = lists_of(document)
    _refuse_halves([*lists, *beside])
    name = way.sheet or next(iter(lists))
    if name not in lists:
        raise RefusedError(fault(0, Code.SHEET_MISSING, sheet=printable(name)))
    for each in lists.keys() - {name}:
        notes.name(Code.SHEETS_NOT_READ, each)
    for each in beside:
        notes.name(Code.KEYS_LEFT_OUT, each)
    settled = Way("json", way.encoding, sheet=name, header=way.header)
    table = _table(settled, lambda: iter(enumerate(lists[name], 1)), bounds, notes, found)
    return table._replace(sheets=tuple(lists) if name else ())


def open_lines(path: Path, bounds: Bounds, notes: Notes) -> Table:
    return _table(Way("jsonl"), lambda: _lines(path, bounds), bounds, notes, None)


def is_lines(path: Path) -> bool:
    """Whether the first line is a whole value. One object around everything may lie on one line, too."""
    first = list(islice(_filled(path, BOUNDS), 2))
    if not first or first[0].too_long:
        return False
    try:
        value = DECODER.decode(first[0].raw.removeprefix(BOM).decode())
    except DuplicateKeyError:
        return len(first) > 1
    except (ValueError, RecursionError):
        return False
    alone = isinstance(value, dict) and lists_of(value)[0] == {"": [value]}
    return len(first) > 1 or alone


def _filled(path: Path, bounds: Bounds) -> Iterator[Line]:
    with path.open("rb", buffering=MEGABYTE) as stream:
        for line in lines(stream, bounds.cell):
            if line.raw.removeprefix(BOM).strip():
                yield line


def _lines(path: Path, bounds: Bounds) -> Values:
    for line in _filled(path, bounds):
        try:
            if line.too_long:
                raise JSONDecodeError("too long", "", 0)
            yield line.number, DECODER.decode(line.raw.removeprefix(BOM).decode())
        except DuplicateKeyError as twice:
            raise RefusedError(fault(line.number, Code.KEY_TWICE, number=line.number, key=printable(twice))) from None
        except UnicodeDecodeError:
            raise RefusedError(fault(line.number, Code.TABLE_ENCODING, encoding="UTF-8")) from None
        except (ValueError, RecursionError):
            limit = bounds.cell // MEGABYTE
            raise RefusedError(fault(line.number, Code.ELEMENT_BROKEN, number=line.number, limit=limit)) from None


def _table(way: Way, read: Any, bounds: Bounds, notes: Notes, found: Evidence | None) -> Table:
    """`read` begins to read from the first value, each time that it is called."""
    first = [(number, peeled(value)) for number, value in islice(read(), KEYS_FROM)]
    if first and all(isinstance(value, list) and not any(map(_is_nested, value)) for _number, value in first):
        grid = ((number, _line(value)) for number, value in read())
        heads = [(number, _line(value)) for number, value in first]
        return table_of(way, heads, grid, bounds, notes)._replace(evidence=found)
    columns = list(dict.fromkeys(key for _number, value in first for key in _cells(value)))
    _refuse_halves(columns)
    if len(columns) > bounds.columns:
        raise RefusedError(fault(0, Code.TABLE_TOO_WIDE, limit=bounds.columns))
    some = [_cells(value) for _number, value in first[:GUESSED_FROM]]
    return Table(Way(way.kind, way.encoding, sheet=way.sheet), columns, _rows(read()), notes, some, evidence=found)


def _refuse_halves(names: list[str]) -> None:
    """A key with half a character cannot be shown, nor chosen."""
    if broken := [name for name in names if name != sendable(name)]:
        raise RefusedError(fault(0, Code.LONE_SURROGATE, near=printable(broken[0])))


def _rows(values: Values) -> Rows:
    return ((number, _cells(peeled(value))) for number, value in values)


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _line(value: Any) -> list[str]:
    return [text(cell) for cell in (value if isinstance(value, list) else [value])]


def _cells(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    values = value if isinstance(value, list) else [value]
    return {str(number): each for number, each in enumerate(values, 1)}

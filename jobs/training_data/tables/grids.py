"""Rows of cells as columns and rows with names, whatever program wrote them."""

import ast
from contextlib import suppress
from itertools import islice

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import fault
from jobs.training_data.tables.forms import STRUCTURED
from jobs.training_data.tables.headers import LOOKED_AT, header_of, is_second, repeats
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.shapes import (
    Bounds,
    Cells,
    Grid,
    Line,
    Rows,
    Table,
    Way,
    column_names,
    letters,
    sendable,
)
from jobs.training_data.tables.values import DECODER

WIDTH_FROM = 200  # rows
LITERAL = 100_000  # characters; Python's own notation is read in memory
CUT = 200  # characters of a cell in a list of first rows
# What spreadsheets show for a formula that failed, and pandas for a cell without a value: no text to learn.
VALUELESS = frozenset(
    {"#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
     "#CONNECT!", "#BUSY!", "#GETTING_DATA", "#UNKNOWN!", "NaN", "nan"}
)  # fmt: skip


def table_of(
    way: Way, first: list[Line], grid: Grid, bounds: Bounds, notes: Notes, hidden: frozenset[int] = frozenset()
) -> Table:
    """`first`: some rows of `grid`, which gives them once more. `hidden`: columns to leave out."""
    header = _header(way, first)
    at = next((place for place, (number, _cells) in enumerate(first) if number == header), -1)
    width = max((_width(cells) for _number, cells in first[max(at, 0) :]), default=0)
    if width > bounds.columns:
        raise RefusedError(fault(1, Code.TABLE_TOO_WIDE, limit=bounds.columns))
    head = first[at][1] if at >= 0 else []
    names = column_names([*head, *[""] * (width - len(head))][:width], at >= 0)
    empty = {place for place in range(width) if not any(place < len(cells) and cells[place] for _n, cells in first)}
    _note_hidden(names, hidden - empty, notes)
    kept = {place: name for place, name in enumerate(names) if place not in hidden | empty}
    reader = _Reader(kept, hidden, head, header, bounds, notes)
    some = list(islice(_Reader(kept, hidden, head, header, bounds, Notes()).rows(iter(first)), WIDTH_FROM))
    settled = Way(way.kind, way.encoding, way.delimiter, way.sheet, header, way.quotes, way.hidden)
    heads = [(number, [sendable(cell[:CUT]) for cell in cells]) for number, cells in first[:LOOKED_AT]]
    return Table(settled, list(kept.values()), reader.rows(grid), notes, [cells for _number, cells in some], heads)


def _header(way: Way, first: list[Line]) -> int:
    """Its number as it was chosen; a row that is empty, or hidden, gives way to the next one."""
    if way.header is None:
        return header_of(first)
    return next((number for number, _cells in first if number >= way.header), 0) if way.header else 0


def _width(cells: list[str]) -> int:
    return max((place + 1 for place, cell in enumerate(cells) if cell), default=0)


def _note_hidden(names: list[str], hidden: frozenset[int] | set[int], notes: Notes) -> None:
    for place in sorted(hidden):
        if place < len(names):
            notes.name(Code.COLUMNS_HIDDEN, names[place])


class _Reader:
    """Gives each row its names, and notes what is no data."""

    def __init__(
        self, kept: dict[int, str], hidden: frozenset[int], head: list[str], header: int, bounds: Bounds, notes: Notes
    ) -> None:
        self.kept, self.hidden, self.head, self.header = kept, hidden, head, header
        self.bounds, self.notes = bounds, notes
        self.width = _width(head) or max(kept, default=-1) + 1  # what lies beyond has no name
        self.least = max(kept, default=-1) + 1
        self.gaps = self.least > len(kept.keys() | {place for place in hidden if place < self.least})
        self.structured = {name for name in kept.values() if name.lower() in STRUCTURED}

    def rows(self, grid: Grid) -> Rows:
        """Raises RefusedError."""
        second = bool(self.header)
        for read, (number, cells) in enumerate(grid, 1):
            if read > self.bounds.rows:
                raise RefusedError(fault(0, Code.TABLE_TOO_LONG, limit=self.bounds.rows))
            if len(cells) > self.bounds.columns:
                raise RefusedError(fault(0, Code.TABLE_TOO_WIDE, limit=self.bounds.columns))
            if self._is_data(number, cells, second=second):
                yield number, self._named(number, cells)
            second = second and number <= self.header

    def _is_data(self, number: int, cells: list[str], *, second: bool) -> bool:
        if number < self.header:
            self.notes.add(Code.ROWS_ABOVE_HEADER, row=number, text=" ".join(filter(None, cells)))
            return False
        if number == self.header:
            return False
        if self.head and (repeats(cells, self.head) or (second and is_second(cells, self.head))):
            self.notes.add(Code.HEADER_AGAIN, row=number)
            return False
        return True

    def _named(self, number: int, cells: list[str]) -> Cells:
        cells = cells + [""] * (self.least - len(cells))
        row: Cells = {name: self._value(number, place, cells[place]) for place, name in self.kept.items()}
        if len(cells) > self.width or self.gaps:
            self._widen(number, cells, row)
        for name in self.structured:
            row[name] = _structured(row[name])
        return row

    def _value(self, number: int, place: int, cell: str) -> str:
        if cell in VALUELESS:
            self.notes.add(Code.CELLS_VALUELESS, cell=f"{letters(place)}{number}", text=cell)
            return ""
        return cell

    def _widen(self, number: int, cells: list[str], row: Cells) -> None:
        """Cells beyond the header, or in a column that the first rows left empty, keep their letters."""
        beyond = [
            place
            for place, cell in enumerate(cells)
            if cell and place not in self.hidden and not (place in self.kept and place < self.width)
        ]
        if beyond:
            self.notes.add(Code.ROWS_TOO_WIDE, row=number, text=cells[beyond[0]])
        for place in beyond:
            if place not in self.kept:
                row[letters(place)] = self._value(number, place, cells[place])


def _structured(cell: str) -> object:
    """A list or an object that was saved as the text of one cell, in JSON or in Python's own notation."""
    if not cell.lstrip().startswith(("[", "{")):
        return cell
    with suppress(ValueError, RecursionError):
        return DECODER.decode(cell)
    if len(cell) < LITERAL:
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return ast.literal_eval(cell.strip())
    return cell

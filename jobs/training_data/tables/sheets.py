"""The rows of one sheet of an XLSX as it shows them, and what a person should know about its cells."""

import re
from collections.abc import Iterator

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import fault
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.number_formats import is_general, shown
from jobs.training_data.tables.package import MEGABYTE, Attributes, local, parser
from jobs.training_data.tables.shapes import Grid, Line
from jobs.training_data.tables.workbook import Workbook

MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^<>]*?\bref="([A-Z0-9:]{2,30})"')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LETTERS = re.compile(r"[A-Z]{1,3}")
OVERLAP = 100  # bytes; a mergeCell may lie across two chunks
SHORT = 15  # digits that every reader of numbers keeps


class Sheet:
    """`rows` gives every row that holds something; `notes` grows with them.

    Rows that the sheet hides are left out, unless `hidden`; the numbers of hidden columns are in `hidden_columns` from
    the first row on.
    """

    def __init__(self, workbook: Workbook, part: str, notes: Notes, *, hidden: bool = False) -> None:
        self.workbook, self.part, self.notes, self.hidden = workbook, part, notes, hidden
        self.bounds = workbook.bounds
        self.hidden_columns: set[int] = set()
        self.done: list[Line] = []
        self.row: dict[int, str] = {}
        self.cell: Attributes = {}
        self.texts: list[str] = []
        self.number = self.size = self.seen = 0
        self.column = -1
        self.inside = self.formula = self.skipping = self.row_hidden = False

    def rows(self) -> Grid:
        """Raises RefusedError for a sheet larger than allowed."""
        parse = parser(self._start)
        parse.EndElementHandler = lambda name: self._end(local(name))
        parse.CharacterDataHandler = self._text
        for chunk in self.workbook.chunks(self.part):
            parse.Parse(chunk, False)
            yield from self.done
            self.done.clear()
        parse.Parse(b"", True)
        yield from self.done

    def _start(self, name: str, told: Attributes) -> None:
        match name:
            case "col" if _is_hidden(told) and not self.hidden:
                last = min(int(told["max"]), self.bounds.columns)
                self.hidden_columns.update(range(int(told["min"]) - 1, last))
            case "row":
                self.row, self.column = {}, -1
                self.number = int(told.get("r", self.number + 1))
                self.row_hidden = _is_hidden(told) and not self.hidden
            case "c":
                self._start_cell(told)
            case "f":
                self.formula = True
            case "rPh":
                self.skipping = True
            case "v" | "t":
                self.inside = not self.skipping

    def _start_cell(self, told: Attributes) -> None:
        self.cell, self.formula = told, False
        self.column = _number(told["r"]) if "r" in told else self.column + 1
        self.texts.clear()
        self.size = 0

    def _text(self, text: str) -> None:
        if self.inside:
            self.size += len(text)
            if self.size > self.bounds.cell:
                raise RefusedError(fault(0, Code.CELL_TOO_LARGE, limit=self.bounds.cell // MEGABYTE))
            self.texts.append(text)

    def _end(self, name: str) -> None:
        self.inside = False
        if name == "rPh":
            self.skipping = False
        elif name == "c":
            self._finish_cell()
        elif name == "row" and any(self.row.values()):
            self._finish_row()

    def _finish_row(self) -> None:
        if self.row_hidden:
            self.notes.add(Code.ROWS_HIDDEN, row=self.number)
            return
        self.seen += 1
        if self.seen > self.bounds.rows:
            raise RefusedError(fault(0, Code.TABLE_TOO_LONG, limit=self.bounds.rows))
        self.done.append((self.number, [self.row.get(at, "") for at in range(max(self.row) + 1)]))

    def _finish_cell(self) -> None:
        text = "".join(self.texts)
        if self.formula and not text and not self.row_hidden and self.column not in self.hidden_columns:
            self.notes.add(Code.FORMULA_WITHOUT_VALUE, cell=self.cell.get("r", ""))
        if not text:
            return
        if self.column >= self.bounds.columns:  # beyond, some sheets have cells of a colour alone
            raise RefusedError(fault(0, Code.TABLE_TOO_WIDE, limit=self.bounds.columns))
        self.row[self.column] = self._value(text)

    def _value(self, text: str) -> str:
        match self.cell.get("t", "n"):
            case "s":
                return _unescaped(self.workbook.strings[int(text)])
            case "b":
                return "TRUE" if text == "1" else "FALSE"
            case "n":
                return self._shown(text)
            case "d":
                return text.replace("T", " ").removesuffix(" 00:00:00")
        return _unescaped(text)

    def _shown(self, text: str) -> str:
        style, formats = int(self.cell.get("s") or 0), self.workbook.formats
        code = formats[style] if 0 <= style < len(formats) else ""
        if text.isdecimal() and len(text) <= SHORT and is_general(code):
            return text
        return shown(text, code, since_1904=self.workbook.since_1904)


def look_for_merged(workbook: Workbook, part: str, notes: Notes) -> None:
    """They are listed behind the rows; so the part is read once for them alone, which takes a tenth of parsing it."""
    tail = b""
    for chunk in workbook.chunks(part):
        text = tail + chunk
        if b"mergeCell" in text:
            for found in MERGED.finditer(text):
                if found.end() > len(tail):  # else it was counted before
                    notes.add(Code.MERGED_CELLS, cell=found[1].decode())
        tail = chunk[-OVERLAP:]


def first_rows(workbook: Workbook, part: str) -> Iterator[Line]:
    """Without any note."""
    return Sheet(workbook, part, Notes()).rows()


def _is_hidden(told: Attributes) -> bool:
    """By the menu, or by drawing the border to nothing."""
    size = told.get("ht") or told.get("width") or ""
    return told.get("hidden") in ("1", "true") or (bool(size) and float(size) == 0)


def _number(reference: str) -> int:
    """B7 → 1"""
    found = LETTERS.match(reference)
    number = 0
    for letter in found[0] if found else "A":
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _unescaped(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text

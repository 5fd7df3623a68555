"""The rows of one sheet of an XLSX, and what a person should know about its cells."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, time
from itertools import islice

from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import Fault, fault
from jobs.training_data.tables.workbook import MEGABYTE, Attributes, Workbook, local, parser

MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^<>]*?\bref="([A-Z0-9:]{2,30})"')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LETTERS = re.compile(r"[A-Z]{1,3}")
OVERLAP = 100  # bytes; a mergeCell may lie across two chunks


class Sheet:
    """`rows` gives lists of texts; `notes` is whole when they came to their end, or after `first`."""

    def __init__(self, workbook: Workbook, part: str) -> None:
        self.workbook, self.part = workbook, part
        self.bounds = workbook.bounds
        self.done: list[list[str]] = []
        self.row: dict[int, str] = {}
        self.cell: Attributes = {}
        self.texts: list[str] = []
        self.size = self.column = self.seen = 0
        self.inside = self.formula = self.skipping = False
        self.unvalued, self.first_unvalued = 0, ""
        self.merged, self.first_merged = 0, ""

    def notes(self) -> list[Fault]:
        found = []
        if self.unvalued:
            found.append(fault(0, Code.FORMULA_WITHOUT_VALUE, count=self.unvalued, cell=self.first_unvalued))
        if self.merged:
            found.append(fault(0, Code.MERGED_CELLS, count=self.merged, cell=self.first_merged))
        return found

    def rows(self) -> Iterator[list[str]]:
        """Every row that holds something. Raises RefusedError for a sheet larger than allowed."""
        parse = parser(self._start)
        parse.EndElementHandler = lambda name: self._end(local(name))
        parse.CharacterDataHandler = self._text
        tail = b""
        for chunk in self.workbook.chunks(self.part):
            tail = self._look_for_merged(tail, chunk)
            parse.Parse(chunk, False)
            yield from self.done
            self.done.clear()
        parse.Parse(b"", True)
        yield from self.done

    def first(self, most: int) -> list[list[str]]:
        """The first rows; the rest is only looked through for merged cells, which are told of at the end."""
        found = list(islice(self.rows(), most))
        if len(found) == most:
            self.merged, tail = 0, b""
            for chunk in self.workbook.chunks(self.part):
                tail = self._look_for_merged(tail, chunk)
        return found

    def _look_for_merged(self, tail: bytes, chunk: bytes) -> bytes:
        text = tail + chunk
        if b"mergeCell" in text:
            for found in MERGED.finditer(text):
                self.first_merged = self.first_merged or found[1].decode()
                self.merged += found.end() > len(tail)  # else it was counted before
        return chunk[-OVERLAP:]

    def _start(self, name: str, told: Attributes) -> None:
        match name:
            case "row":
                self.row, self.column = {}, -1
            case "c":
                self.cell, self.formula = told, False
                self.column = _number(told["r"]) if "r" in told else self.column + 1
                if self.column >= self.bounds.columns:
                    raise RefusedError(fault(0, Code.TABLE_TOO_WIDE, limit=self.bounds.columns))
                self.texts.clear()
                self.size = 0
            case "f":
                self.formula = True
            case "rPh":
                self.skipping = True
            case "v" | "t":
                self.inside = not self.skipping

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
            self.seen += 1
            if self.seen > self.bounds.rows:
                raise RefusedError(fault(0, Code.TABLE_TOO_LONG, limit=self.bounds.rows))
            self.done.append([self.row.get(at, "") for at in range(max(self.row) + 1)])

    def _finish_cell(self) -> None:
        text = "".join(self.texts)
        if self.formula and not text:
            self.unvalued += 1
            self.first_unvalued = self.first_unvalued or self.cell.get("r", "")
        if text:
            self.row[self.column] = self._value(text)

    def _value(self, text: str) -> str:
        match self.cell.get("t", "n"):
            case "s":
                return _unescaped(self.workbook.strings[int(text)])
            case "b":
                return "TRUE" if text == "1" else "FALSE"
            case "n":
                return self._number_or_date(text)
        return _unescaped(text)

    def _number_or_date(self, text: str) -> str:
        value = float(text)
        if int(self.cell.get("s", 0)) in self.workbook.dates:
            with suppress(OverflowError):
                return self._date(value)
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

    def _date(self, value: float) -> str:
        moment = from_excel(value, CALENDAR_MAC_1904 if self.workbook.since_1904 else CALENDAR_WINDOWS_1900)
        if isinstance(moment, datetime) and moment.time() == time.min:
            return str(moment.date())
        return str(moment)


def _number(reference: str) -> int:
    """B7 → 1"""
    found = LETTERS.match(reference)
    number = 0
    for letter in found[0] if found else "A":
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _unescaped(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text

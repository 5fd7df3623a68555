"""The one door for CSV that leaves the portal: no cell of it runs as a formula where a spreadsheet opens it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

BOM = b"\xef\xbb\xbf"  # without it a Korean Excel reads no UTF-8
# What spreadsheets skip before a cell's first sign: white space, invisible characters, quotes that they take away.
SKIPPED = "\\s\x00-\x20\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
FORMULA = re.compile(rf"\A(?:[{SKIPPED}]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]|[\t\r\n])")
NUMBER = re.compile(r"[+-]?\d+(,\d{3})*(\.\d*)?([eE][+-]?\d+)?%?")

type Row = Sequence[Any]


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would run gets a quote before it; a number with its sign stays a number."""
    if not isinstance(cell, str) or not FORMULA.match(cell) or NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def csv_lines(rows: Iterable[Row]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([harmless(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode(errors="backslashreplace")


def harmless_csv(text: str) -> bytes:
    """The CSV of somebody else: as it came where no cell would run, else written again."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:  # a cell beyond what the reader takes
        rows = [line.split(",") for line in text.splitlines()]
    if all(harmless(cell) == cell for row in rows for cell in row):
        return text.encode(errors="backslashreplace")
    return csv_lines(rows)

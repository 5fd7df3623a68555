"""Plain values that go between whoever shows a table and whoever reads it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from jobs.training_data.encodings import Evidence
from jobs.training_data.report import Fault
from jobs.training_data.structs import for_threads
from jobs.training_data.tables.notes import Notes

type Cells = dict[str, Any]  # a row by the names of its columns; texts, in JSON anything
type Rows = Iterator[tuple[int, Cells]]  # each with its number in the table, from 1
type Line = tuple[int, list[str]]
type Grid = Iterator[Line]  # rows before their columns have names
type Keep = Callable[[], object]

NAMES = {"xlsx": "XLSX", "csv": "CSV", "tsv": "TSV", "json": "JSON", "jsonl": "JSON Lines"}


class Bounds(msgspec.Struct, frozen=True):
    """What is refused before it can hurt; sizes in bytes."""

    rows: int = 1_048_576  # as many as a sheet of Excel has
    columns: int = 500
    cell: int = 8 * 1024 * 1024
    unpacked: int = 1024 * 1024 * 1024
    document: int = 64 * 1024 * 1024  # of JSON that must be read whole before its rows are known
    looked_at: int = 20_000  # rows, for a first look
    shown: int = 10


BOUNDS = Bounds()


@for_threads
class Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a table is to be read. What is empty is found out."""

    kind: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header: int | bool | None = None  # the number of its row, 0 without; True (in older orders): the first row
    quotes: bool | None = None  # whether quotes stand around cells, or are a part of them
    hidden: bool = False  # hidden rows and columns are read, too


@for_threads
class Mapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which column is what. `shape`: columns, or the name of one of `forms.FORMS`.

    The other fields are for columns alone, but for `label`: rows where it says false are left out.
    """

    shape: str = "columns"
    user: str = ""
    context: str = ""  # stands below the question
    assistant: str = ""
    system: str = ""
    rejected: str = ""  # the worse answer: the examples are preferences
    label: str = ""

    def columns(self) -> set[str]:
        names = (self.user, self.context, self.assistant, self.system, self.rejected) if self.shape == "columns" else ()
        return {*names, self.label} - {""}


class Look(msgspec.Struct):
    """A first look at a table: how it was read, and what would become of it. `problem` says why it cannot be read.

    `heads` are the first rows as they are, to choose the header from. `examples` are those of the first rows, by
    `mapping`: what was asked for where its columns are there, else the `guess`.
    """

    way: Way
    evidence: Evidence | None = None
    sheets: list[str] = []
    hidden_sheets: list[str] = []
    heads: list[tuple[int, list[str]]] = []
    columns: list[str] = []
    guess: Mapping = Mapping()
    mapping: Mapping = Mapping()
    examples: list[dict[str, Any]] = []
    notes: list[Fault] = []
    problem: Fault | None = None


class Table(NamedTuple):
    """`notes` grow while `rows` are read."""

    way: Way
    columns: list[str]
    rows: Rows
    notes: Notes
    first: list[Cells]  # some rows, to guess by; they come in `rows`, too
    heads: list[Line] = []
    sheets: tuple[str, ...] = ()
    hidden_sheets: tuple[str, ...] = ()
    evidence: Evidence | None = None


def sendable(text: str) -> str:
    """Without halves of characters, which no other process can be sent."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def column_names(cells: list[str], header: bool) -> list[str]:
    """The header's words, each once; what has none is called by its letter, as spreadsheets do."""
    names: list[str] = []
    for number, cell in enumerate(cells):
        name = " ".join(sendable(cell).split())[:100] if header else ""
        name = name or letters(number)
        twins = sum(each == name or each.startswith(f"{name} (") for each in names)
        names.append(f"{name} ({twins + 1})" if twins else name)
    return names


def letters(number: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    word = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        word = chr(ord("A") + rest) + word
    return word

"""Plain values that go between whoever shows a table and whoever reads it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from jobs.training_data.encodings import Evidence
from jobs.training_data.report import Fault

type Cells = dict[str, Any]  # a row by the names of its columns; texts, in JSON anything
type Keep = Callable[[], object]

NAMES = {"xlsx": "XLSX", "csv": "CSV", "tsv": "TSV", "json": "JSON", "jsonl": "JSON Lines"}


class Bounds(msgspec.Struct, frozen=True):
    """What is refused before it can hurt; sizes in bytes."""

    rows: int = 1_048_576  # as many as a sheet of Excel has
    columns: int = 500
    cell: int = 8 * 1024 * 1024
    unpacked: int = 1024 * 1024 * 1024
    looked_at: int = 20_000  # rows, for a first look
    shown: int = 10


BOUNDS = Bounds()


class Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a table is to be read. What is empty is found out."""

    kind: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header: bool | None = None


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which column is what. `shape`: columns, alpaca or sharegpt; the other fields are for columns alone."""

    shape: str = "columns"
    user: str = ""
    context: str = ""  # stands below the question
    assistant: str = ""
    system: str = ""


class Look(msgspec.Struct):
    """A first look at a table: how it was read, and its first rows. `problem` says why it cannot be read."""

    way: Way
    evidence: Evidence | None = None
    sheets: list[str] = []
    columns: list[str] = []
    rows: list[Cells] = []
    guess: Mapping = Mapping()
    notes: list[Fault] = []
    problem: Fault | None = None


class Table(NamedTuple):
    """`notes` is whole once `rows` came to its end, or to the end of a first look."""

    way: Way
    columns: list[str]
    rows: Iterator[Cells]
    notes: Callable[[], list[Fault]] = list
    sheets: tuple[str, ...] = ()
    evidence: Evidence | None = None


def column_names(cells: list[str], header: bool) -> list[str]:
    """The header's words, each once; what has none is called by its letter, as spreadsheets do."""
    names: list[str] = []
    for number, cell in enumerate(cells):
        name = " ".join(cell.split())[:100] if header else ""
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

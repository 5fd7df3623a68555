"""Reads a table in a process of its own, as an `asking.Order` says; answers in lines of `asking.Answer`."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from jobs.training_data.apart import tell
from jobs.training_data.codes import Code
from jobs.training_data.formats import kind_of
from jobs.training_data.heartbeat import Heartbeat
from jobs.training_data.operations.rows import RefusedError, write
from jobs.training_data.report import fault, printable
from jobs.training_data.tables.asking import Answer, Made, Order
from jobs.training_data.tables.guessing import guess
from jobs.training_data.tables.mapping import Maker
from jobs.training_data.tables.opening import opened
from jobs.training_data.tables.shapes import BOUNDS, Bounds, Look, Mapping, Table, sendable
from jobs.training_data.tables.values import dumped

CUT = 2_001  # characters; a page shows 2,000 and says that there is more
DEEP = 8
ITEMS = 50
ALIVE = Heartbeat(lambda: tell(Answer()))


def look(order: Order, bounds: Bounds = BOUNDS) -> Look:
    try:
        with opened(Path(order.path), order.name, order.way, bounds) as table:
            return _looked(order, table, bounds)
    except RefusedError as refused:
        return Look(order.way, problem=refused.fault)


def _looked(order: Order, table: Table, bounds: Bounds) -> Look:
    guessed = guess(table.columns, table.first, grid=bool(table.heads))
    mapping = order.mapping if order.mapping and order.mapping.columns() <= set(table.columns) else guessed
    look = Look(table.way, table.evidence, list(table.sheets), list(table.hidden_sheets), table.heads, table.columns)
    look.guess, look.mapping = guessed, mapping
    maker = Maker(mapping, table.columns, table.notes)
    for number, row in islice(table.rows, bounds.looked_at):
        made = maker.example(row, number)
        if made and len(look.examples) < bounds.shown:
            look.examples.append(_cut(made))
    look.notes = table.notes.faults()
    if next(table.rows, None):
        look.notes.append(fault(0, Code.LOOKED_AT_FIRST, limit=bounds.looked_at))
    return look


def _cut(value: Any, depth: int = 0) -> Any:
    match value:
        case str():
            return sendable(value[:CUT])
        case dict() if depth < DEEP:
            return {printable(key, CUT): _cut(each, depth + 1) for key, each in value.items()}
        case list() if depth < DEEP:
            return [_cut(each, depth + 1) for each in value[:ITEMS]]
        case bool() | float() | None:
            return value
        case int():
            return value if abs(value) < 2**63 else str(value)[:CUT]
    return "…"


def convert(order: Order, bounds: Bounds = BOUNDS) -> Made:
    """Raises RefusedError."""
    with opened(Path(order.path), order.name, order.way, bounds, ALIVE) as table:
        mapping = order.mapping or guess(table.columns, table.first, grid=bool(table.heads))
        _refuse_missing(order, mapping, table)
        formats: dict[str, int] = {}
        written = write(Path(order.target), _examples(mapping, table, formats))
        if not written:
            raise RefusedError(fault(0, Code.NO_EXAMPLES))
        found = max(formats, key=lambda name: formats[name])
        return Made(written, found, table.columns, mapping, table.notes.faults())


def _refuse_missing(order: Order, mapping: Mapping, table: Table) -> None:
    if missing := [name for name in mapping.columns() if name not in table.columns]:
        raise RefusedError(fault(0, Code.COLUMN_MISSING, name=missing[0]))
    if order.mapping is None and mapping.shape == "columns" and not (mapping.user and mapping.assistant):
        raise RefusedError(fault(0, Code.COLUMNS_UNCLEAR, names=printable(", ".join(table.columns))))


def _examples(mapping: Mapping, table: Table, formats: dict[str, int]) -> Iterator[bytes]:
    maker = Maker(mapping, table.columns, table.notes)
    for number, row in table.rows:
        ALIVE()
        if made := maker.example(row, number):
            kind = kind_of(made, "unknown")
            formats[kind] = formats.get(kind, 0) + 1
            yield dumped(made)


def main(order: Order) -> Answer:
    if not order.target:
        return Answer(look=look(order))
    try:
        return Answer(made=convert(order))
    except RefusedError as refused:
        return Answer(refused=refused.fault)


if __name__ == "__main__":
    tell(main(msgspec.json.decode(sys.argv[1], type=Order)))

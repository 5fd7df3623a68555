"""Reads a table in a process of its own, as an `asking.Order` says; answers in lines of `asking.Answer`."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import orjson

from jobs.training_data.apart import tell
from jobs.training_data.codes import Code
from jobs.training_data.heartbeat import Heartbeat
from jobs.training_data.operations.rows import RefusedError, write
from jobs.training_data.report import fault
from jobs.training_data.tables.asking import Answer, Order
from jobs.training_data.tables.guessing import guess
from jobs.training_data.tables.mapping import example
from jobs.training_data.tables.opening import opened
from jobs.training_data.tables.shapes import BOUNDS, Bounds, Look, Table

CUT = 2_001  # characters; a page shows 2,000 and says that there is more
DEEP = 6
ITEMS = 50
ALIVE = Heartbeat(lambda: tell(Answer()))


def look(order: Order, bounds: Bounds = BOUNDS) -> Look:
    try:
        with opened(Path(order.path), order.name, order.way, bounds) as table:
            rows = [_cut(row) for row in islice(table.rows, bounds.shown)]
            guessed = guess(table.columns, rows)
            return Look(table.way, table.evidence, list(table.sheets), table.columns, rows, guessed, table.notes())
    except RefusedError as refused:
        return Look(order.way, problem=refused.fault)


def _cut(value: Any, depth: int = 0) -> Any:
    match value:
        case str():
            return value[:CUT]
        case dict() if depth < DEEP:
            return {key[:CUT]: _cut(each, depth + 1) for key, each in value.items()}
        case list() if depth < DEEP:
            return [_cut(each, depth + 1) for each in value[:ITEMS]]
        case int() | float() | None:
            return value
    return "…"


def convert(order: Order, bounds: Bounds = BOUNDS) -> None:
    """Raises RefusedError."""
    with opened(Path(order.path), order.name, order.way, bounds, ALIVE) as table:
        _refuse_missing(order, table)
        write(Path(order.target), _examples(order, table))


def _refuse_missing(order: Order, table: Table) -> None:
    mapping = order.mapping
    for column in (mapping.user, mapping.context, mapping.assistant, mapping.system):
        if mapping.shape == "columns" and column and column not in table.columns:
            raise RefusedError(fault(0, Code.COLUMN_MISSING, name=column))


def _examples(order: Order, table: Table) -> Iterator[bytes]:
    for row in table.rows:
        ALIVE()
        if messages := example(row, order.mapping):
            yield orjson.dumps({"messages": messages})


def main(order: Order) -> Answer:
    if not order.target:
        return Answer(look=look(order))
    try:
        convert(order)
    except RefusedError as refused:
        return Answer(refused=refused.fault)
    return Answer()


if __name__ == "__main__":
    tell(main(msgspec.json.decode(sys.argv[1], type=Order)))

"""JSON arrays and JSON Lines of objects: Alpaca, ShareGPT, exports of any program."""

import io
import re
from collections.abc import Iterator
from itertools import islice
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.encodings import ENCODINGS, evidence
from jobs.training_data.operations.rows import RefusedError, loaded
from jobs.training_data.operations.rows import rows as raw_rows
from jobs.training_data.report import fault
from jobs.training_data.tables.shapes import Bounds, Cells, Table, Way

MEGABYTE = 1024 * 1024
CHUNK = MEGABYTE  # characters
KEYS_FROM = 1_000  # objects
DECODER = JSONDecoder()
GAP = re.compile(r"[\s,]*")


def open_array(path: Path, way: Way, bounds: Bounds) -> Table:
    found = evidence(path)
    encoding = way.encoding or found.encoding
    if encoding not in ENCODINGS:
        raise RefusedError(fault(1, Code.TABLE_ENCODING, encoding="UTF-8, CP949"))
    columns = _keys(_elements(path, encoding, bounds))
    return Table(Way("json", encoding), columns, _elements(path, encoding, bounds), evidence=found)


def open_lines(path: Path) -> Table:
    return Table(Way("jsonl"), _keys(_objects(path)), _objects(path))


def _objects(path: Path) -> Iterator[Cells]:
    return (loaded(row.raw) for row in raw_rows(path))


def _keys(objects: Iterator[Cells]) -> list[str]:
    return list(dict.fromkeys(key for each in islice(objects, KEYS_FROM) for key in each))


def _elements(path: Path, encoding: str, bounds: Bounds) -> Iterator[Cells]:
    """The elements one by one: the array may be larger than memory. Raises RefusedError."""
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    number = 0
    try:
        with path.open(encoding=codec) as stream:
            for element in _decoded(stream, bounds):
                number += 1
                yield _cells(element)
    except UnicodeError:
        raise RefusedError(fault(0, Code.TABLE_ENCODING, encoding=encoding)) from None
    except (JSONDecodeError, RecursionError):
        raise RefusedError(fault(0, Code.ELEMENT_BROKEN, number=number + 1, limit=bounds.cell // MEGABYTE)) from None


def _decoded(stream: io.TextIOWrapper, bounds: Bounds) -> Iterator[Any]:
    text, at = stream.read(CHUNK).lstrip(), 1  # after the opening bracket
    whole = not text
    while True:
        at = GAP.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if text[at : at + 1] == "]":
            return
        try:
            value, end = DECODER.raw_decode(text, at)
        except JSONDecodeError:
            if whole or len(text) - at > bounds.cell:
                raise
            end = len(text)
        if end < len(text) or whole:  # else it may go on in what was not read yet
            yield value
            at = end
            continue
        more = stream.read(CHUNK)
        text, at, whole = text[at:] + more, 0, not more


def _cells(element: Any) -> Cells:
    if isinstance(element, dict):
        return element
    values = element if isinstance(element, list) else [element]
    return {str(number): value for number, value in enumerate(values, 1)}

"""JSON values one after the other, from a text of any length in bounded memory; and back to a line."""

import io
import json
import math
import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

import orjson

from jobs.training_data.codes import Code
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.report import fault, printable
from jobs.training_data.tables.shapes import Bounds

MEGABYTE = 1024 * 1024
CHUNK = MEGABYTE  # characters
GAP = re.compile(r"[\s,\ufeff]*")


class DuplicateKeyError(ValueError):
    """One of two values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _value in pairs]
        raise DuplicateKeyError(next(key for key in keys if keys.count(key) > 1))
    return made


# What is no number (NaN, Infinity), as pandas writes for an empty cell, is nothing.
DECODER = JSONDecoder(object_pairs_hook=_object, parse_constant=lambda _name: None)


def numbered(path: Path, encoding: str, bounds: Bounds, *, bracket: bool) -> Iterator[tuple[int, Any]]:
    """The elements of an array (`bracket`), or objects that follow each other. Raises RefusedError."""
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    number = 0
    try:
        with path.open(encoding=codec) as stream:
            for value in _decoded(stream, bounds, 1 if bracket else 0):
                number += 1
                yield number, value
    except UnicodeError:
        raise RefusedError(fault(0, Code.TABLE_ENCODING, encoding=encoding)) from None
    except DuplicateKeyError as found:
        raise RefusedError(fault(0, Code.KEY_TWICE, number=number + 1, key=printable(found))) from None
    except (ValueError, RecursionError):  # also a number of more digits than are read
        raise RefusedError(fault(0, Code.ELEMENT_BROKEN, number=number + 1, limit=bounds.cell // MEGABYTE)) from None


def _decoded(stream: io.TextIOWrapper, bounds: Bounds, at: int) -> Iterator[Any]:
    """`at`: 1 after an opening bracket, else 0, and the end of the text is no fault."""
    inside, text = bool(at), stream.read(CHUNK).lstrip()
    whole = not text
    while True:
        at = GAP.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if inside and text[at : at + 1] == "]":
            _refuse_rest(text, at + 1)
            return
        if not inside and whole and at >= len(text):
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


def _refuse_rest(text: str, at: int) -> None:
    """An array that is followed by another one: its elements would be lost."""
    if GAP.fullmatch(text, at) is None:
        raise JSONDecodeError("more than one array", text[at : at + 20], 0)


def dumped(value: object) -> bytes:
    """One line. What orjson refuses (long integers, halves of characters) is written as it came."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def text(value: object) -> str:
    """White space around a cell is dropped, as the conversion of prompts and completions does. NaN is empty."""
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case float() if not math.isfinite(value):
            return ""
    return dumped(value).decode()

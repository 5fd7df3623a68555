"""One line of bytes to one JSON object, or the fault that says why not."""

import json
import re
from collections import Counter
from typing import Any

import orjson

from jobs.training_data import python
from jobs.training_data.codes import Code
from jobs.training_data.plain import KEY
from jobs.training_data.reading import Line
from jobs.training_data.report import Fault, Limits, fault, printable

KEY_IN_TEXT = re.compile(rb'\\"[ \t\r]*:')
HANGUL = re.compile("[가-힣]")
STRICT_JSON = (  # what orjson says, what it means
    ("unexpected end of data", Code.BROKEN_LINE),
    ("depth limit", Code.TOO_DEEP),
    ("trailing comma", Code.TRAILING_COMMA),
    ("control character", Code.CONTROL_CHARACTER),
    ("content after document", Code.EXTRA_DATA),
    ("surrogate", Code.LONE_SURROGATE),
    ("is infinity", Code.NUMBER_TOO_LARGE),
)


class UnreadableError(Exception):
    """Carries the fault of a line that is no JSON object."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def decode(line: Line, limits: Limits) -> dict[str, Any]:
    """The object on the line; raises UnreadableError."""
    if line.too_long:
        raise UnreadableError(_too_long(line, limits))
    try:
        value = orjson.loads(line.raw)
    except orjson.JSONDecodeError:
        raise UnreadableError(_why(line, limits.depth)) from None
    if b"\\u0000" in line.raw and (column := _escaped_nul(line.raw)):
        raise UnreadableError(fault(line.number, Code.NUL, column))
    if type(value) is not dict:
        code = Code.ENCODED_TWICE if isinstance(value, str) and _is_object(value) else Code.NOT_OBJECT
        raise UnreadableError(fault(line.number, code, kind=_kind(value)))
    _refuse_depth_and_twins(line, value, limits)
    return value


def _too_long(line: Line, limits: Limits) -> Fault:
    if b"\r" in line.raw and ends_in_cr(line.raw):
        return fault(line.number, Code.CR_LINE_ENDS)
    return fault(line.number, Code.LINE_TOO_LONG, limit=limits.line_bytes // 1024 // 1024)


def ends_in_cr(raw: bytes) -> bool:
    """Whether an object stands before the first CR that is no part of a line end."""
    try:
        return isinstance(orjson.loads(raw[: raw.index(b"\r")]), dict)
    except (ValueError, orjson.JSONDecodeError):
        return False


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _refuse_depth_and_twins(line: Line, value: dict[str, Any], limits: Limits) -> None:
    """No JSON library tells of a key that stands twice, and walking pairs is slow: so count first.

    Every key ends in `":`; more of those than keys means a twin, or a text with `":` in it.
    """
    keys, depth = _size(value, limits.depth)
    if depth > limits.depth:
        raise UnreadableError(fault(line.number, Code.TOO_DEEP, limit=limits.depth))
    if _may_hold_twins(line.raw, keys) and (twin := _twin(line.raw)) is not None:
        raise UnreadableError(fault(line.number, Code.DUPLICATE_KEY, key=printable(twin)))


def _may_hold_twins(raw: bytes, keys: int) -> bool:
    """Keys within texts, as in arguments, have escaped quotes and do not count, unless a backslash is escaped there."""
    found = len(KEY.findall(raw))
    return found != keys and (b'\\\\"' in raw or found - len(KEY_IN_TEXT.findall(raw)) != keys)


def _size(value: dict[str, Any], enough: int) -> tuple[int, int]:
    """Keys in it and how deep it goes, level by level; stops once it is deeper than enough."""
    level: list[Any] = [value]
    keys = depth = 0
    while level and depth <= enough:
        depth += 1
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                node = node.values()
            below += [each for each in node if type(each) is dict or type(each) is list]
        level = below
    return keys, depth


def _twin(raw: bytes) -> str | None:
    twins: list[str] = []

    def watch(pairs: list[tuple[str, Any]]) -> None:
        counted = Counter(name for name, _ in pairs)
        if len(counted) < len(pairs):
            twins.append(counted.most_common(1)[0][0])

    json.loads(raw, object_pairs_hook=watch, parse_int=float)
    return twins[0] if twins else None


def _escaped_nul(raw: bytes) -> int | None:
    found = re.search(rb"(?<!\\)(?:\\\\)*(\\u0000)", raw)
    return len(raw[: found.start(1)].decode()) + 1 if found else None


def _why(line: Line, limit: int) -> Fault:
    """The slow road, taken by bad lines only."""
    if b"\0" in line.raw:
        return fault(line.number, Code.NUL, len(line.raw[: line.raw.index(b"\0")].decode("utf-8", "replace")) + 1)
    try:
        text = line.raw.decode()
    except UnicodeDecodeError as problem:
        return _encoding(line, problem)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        return _syntax(line, text, problem, limit)
    return fault(line.number, Code.INVALID_JSON, 1, near=printable(text, 20))


def _encoding(line: Line, problem: UnicodeDecodeError) -> Fault:
    column = len(line.raw[: problem.start].decode()) + 1
    if not line.whole and problem.reason == "unexpected end of data":
        return fault(line.number, Code.INCOMPLETE_FILE, column)
    return fault(line.number, Code.CP949 if _is_cp949(line.raw) else Code.NOT_UTF8, column)


def _is_cp949(raw: bytes) -> bool:
    try:
        return bool(HANGUL.search(raw.decode("cp949")))
    except UnicodeDecodeError:
        return False


def _syntax(line: Line, text: str, problem: orjson.JSONDecodeError, limit: int) -> Fault:
    column = min(problem.pos, len(text)) + 1
    code = next((code for words, code in STRICT_JSON if words in problem.msg), None) or _by_sight(text, problem.pos)
    if code is Code.EXTRA_DATA and _follows_cr(text, problem.pos):
        return fault(line.number, Code.CR_LINE_ENDS, column)
    if code is not Code.TOO_DEEP and not text.lstrip().startswith("{"):
        return fault(line.number, Code.NOT_JSON, 1, near=printable(text, 20))
    if code is Code.TOO_DEEP:
        return fault(line.number, code, column, limit=limit)
    if code is Code.BROKEN_LINE and not line.whole:
        code = Code.INCOMPLETE_FILE
    return fault(line.number, code, column, near=printable(text[problem.pos :], 20))


def _follows_cr(text: str, position: int) -> bool:
    before = text[:position]
    return "\r" in before[len(before.rstrip()) :]


def _by_sight(text: str, position: int) -> Code:
    rest = text[position : position + 20]
    if re.match(r"-?(NaN|Infinity)|\binf", rest):
        return Code.NOT_A_NUMBER
    if python.WORD.match(rest) or (rest.startswith("'") and python.value(text) is not None):
        return Code.PYTHON
    if rest.startswith(("'", "‘", "’", "“", "”")):
        return Code.SINGLE_QUOTES
    return Code.INVALID_JSON


def _kind(value: object) -> str:
    return {list: "array", str: "string", bool: "true/false", type(None): "null"}.get(type(value), "number")

"""Lines of a file in bounded memory, and examples of it for display."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from jobs.training_data.report import LIMITS, Limits

SHOWN_CHARACTERS = 2_000
SHOWN_MESSAGES = 50
SKIP_BYTES = 1024 * 1024
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    number: int  # from 1
    raw: bytes  # without its line break
    whole: bool  # ended by a line break; only the last line may not be
    too_long: bool  # raw is then only its beginning
    end: int  # bytes of the file up to here


class Example(NamedTuple):
    line: int
    messages: list[dict[str, Any]]


def lines(stream: IO[bytes], limit: int) -> Iterator[Line]:
    """Never `for line in stream`: that reads a file without line breaks whole into memory."""
    end = number = 0
    while raw := stream.readline(limit + 1):
        number += 1
        end += len(raw)
        whole = raw.endswith(b"\n")
        too_long = not whole and len(raw) > limit
        if too_long:
            skipped, whole = _skip_line(stream)
            end += skipped
        yield Line(number, raw.rstrip(b"\r\n"), whole, too_long, end)


def _skip_line(stream: IO[bytes]) -> tuple[int, bool]:
    skipped = 0
    while rest := stream.readline(SKIP_BYTES):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            return skipped, True
    return skipped, False


def examples(path: Path, start: int, stop: int, limits: Limits = LIMITS) -> list[Example]:
    """Examples start..stop (from 0, stop left out) as {role, content, …} for a page; what is no example is skipped."""
    with path.open("rb") as stream:
        shown = (
            Example(line.number, messages) for line in lines(stream, limits.line_bytes) if (messages := _shown(line))
        )
        return list(islice(shown, start, stop))


def _shown(line: Line) -> list[dict[str, Any]]:
    try:
        return [] if line.too_long else for_display(orjson.loads(line.raw.removeprefix(BOM)))
    except orjson.JSONDecodeError:
        return []


def for_display(example: object) -> list[dict[str, Any]]:
    """Its messages, cut to what a page can show; a legacy pair reads as user and assistant."""
    return [_message(each) for each in _messages(example)[:SHOWN_MESSAGES] if isinstance(each, dict)]


def _messages(example: object) -> list[Any]:
    match example:
        case {"messages": list(messages)}:
            return messages
        case {"prompt": str(prompt), "completion": str(completion)}:
            return [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
    return []


def _message(message: dict[str, Any]) -> dict[str, Any]:
    text = _text(message.get("content"))
    shown = {"role": _cut(_text(message.get("role"))), "content": _cut(text), "long": len(text) > SHOWN_CHARACTERS}
    for key in ("name", "tool_call_id", "tool_calls", "function_call"):
        if message.get(key):
            shown[key] = _cut(_text(message[key]) if key in ("name", "tool_call_id") else _json(message[key]))
    if message.get("weight") in (0, 1):
        shown["weight"] = int(message["weight"])
    return shown


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case list():
            return "\n".join(map(_part, value[:SHOWN_MESSAGES]))
    return _json(value)


def _part(part: object) -> str:
    match part:
        case {"text": str(text)} | {"refusal": str(text)}:
            return text
        case {"type": str(kind)}:
            return f"[{kind}]"
    return "[?]"


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested deeper than it writes
        return "[?]"


def _cut(text: str) -> str:
    """Line breaks and tabs stay; a NUL would make Postgres refuse the report."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text[:SHOWN_CHARACTERS])

"""Lines of a file in bounded memory, and examples of it for display."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from jobs.training_data.report import LIMITS, Limits

SHOWN_CHARACTERS = 2_000
BEYOND = 400  # characters read on: an address or a number that the cut goes through is recognised by its end
SHOWN_MESSAGES = 50
BLOCK_BYTES = 256 * 1024
SKIP_BYTES = 1024 * 1024
BOM = b"\xef\xbb\xbf"
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Line(NamedTuple):
    number: int  # from 1
    raw: bytes  # without its line break
    whole: bool  # ended by a line break; only the last line may not be
    too_long: bool  # raw is then only its beginning
    end: int  # bytes of the file up to here
    start: int = 0  # bytes of the file before it


class Block(NamedTuple):
    """Some whole lines, or the beginning of one that is too long."""

    raw: bytes
    start: int
    end: int
    whole: bool = True
    too_long: bool = False

    def lines(self, number: int) -> Iterator[Line]:
        """Each line; `number` is the first one's."""
        if self.too_long:
            yield Line(number, self.raw, self.whole, True, self.end, self.start)
            return
        *whole, rest = self.raw.split(b"\n")
        start = self.start
        for raw in whole:
            end = start + len(raw) + 1
            yield Line(number, raw.rstrip(b"\r"), True, False, end, start)
            number, start = number + 1, end
        if rest:
            yield Line(number, rest.rstrip(b"\r"), False, False, self.end, start)


class Example(NamedTuple):
    line: int
    messages: list[dict[str, Any]]


def lines(stream: IO[bytes], limit: int) -> Iterator[Line]:
    """Never `for line in stream`: that reads a file without line breaks whole into memory."""
    number = 0
    for block in blocks(stream, limit):
        for line in block.lines(number + 1):
            yield line
            number = line.number


def blocks(stream: IO[bytes], limit: int) -> Iterator[Block]:
    """The file in pieces of BLOCK_BYTES that end with a line; no line in them is longer than `limit`."""
    start = 0
    while raw := stream.read(min(BLOCK_BYTES, limit)):
        begun = len(raw) - raw.rfind(b"\n") - 1
        rest = stream.readline(limit + 1 - begun) if begun else b""
        whole = not begun or rest.endswith(b"\n")
        if not whole and begun + len(rest) > limit:
            if done := len(raw) - begun:
                yield Block(raw[:done], start, start + done)
                start += done
            skipped, whole = _skip_line(stream)
            block = Block(raw[done:] + rest, start, start + begun + len(rest) + skipped, whole, too_long=True)
        else:
            block = Block(raw + rest, start, start + len(raw) + len(rest))
        yield block
        start = block.end


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
    """Its messages, cut to what a page can show and a bit behind it, which `privacy.shown_messages` takes away.

    A legacy pair reads as user and assistant. The two answers of a preference come last, each with a `side`:
    "preferred" or "rejected".
    """
    if isinstance(example, dict) and ("preferred_output" in example or "non_preferred_output" in example):
        return _pair(example)
    return _shown_messages(_messages(example))


def _shown_messages(messages: list[Any]) -> list[dict[str, Any]]:
    return [_message(each) for each in messages[:SHOWN_MESSAGES] if isinstance(each, dict)]


def _pair(example: dict[str, Any]) -> list[dict[str, Any]]:
    """What was asked may be long, but both answers are shown."""
    sides = {"preferred": example.get("preferred_output"), "rejected": example.get("non_preferred_output")}
    answers = [
        {**_message(each), "side": side}
        for side, output in sides.items()
        for each in (output[:1] if isinstance(output, list) else [])
        if isinstance(each, dict)
    ]
    return _shown_messages(_messages(example.get("input"))) + answers


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
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[: SHOWN_CHARACTERS + BEYOND])

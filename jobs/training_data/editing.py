"""One example taken apart for a form, put together again, and checked; and changes of lines made into a new file."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import orjson

from jobs.training_data.chat import plain_message
from jobs.training_data.codes import Code
from jobs.training_data.decoding import UnreadableError, decode
from jobs.training_data.formats import example_faults, kind_of
from jobs.training_data.reading import BOM, Line
from jobs.training_data.report import LIMITS, Fault, Format, fault

type Part = Literal["messages", "input", "preferred_output", "non_preferred_output", "prompt", "completion"]
type Change = tuple[int | None, str | None]  # a line's number (None: behind the last), its new content (None: deleted)

PAIR: tuple[Part, ...] = ("prompt", "completion")
OUTPUTS: tuple[Part, ...] = ("preferred_output", "non_preferred_output")
LISTS: tuple[Part, ...] = ("messages", "input")  # parts that may have any number of messages
PIECE = 1024 * 1024


class Slot(NamedTuple):
    """One text of an example, as a form shows it."""

    part: Part
    role: str
    content: str


def slots(example: dict[str, Any]) -> list[Slot] | None:
    """The texts of a plain example; None where a form would lose something (tools, weights, images, own keys)."""
    if example.keys() == {"messages"}:
        return _listed("messages", example["messages"])
    if example.keys() == set(PAIR) and all(type(example[key]) is str for key in PAIR):
        return [Slot("prompt", "user", example["prompt"]), Slot("completion", "assistant", example["completion"])]
    if example.keys() == {"input", *OUTPUTS} and type(example["input"]) is dict and [*example["input"]] == ["messages"]:
        parts = [_listed("input", example["input"]["messages"]), *(_listed(part, example[part]) for part in OUTPUTS)]
        return [slot for part in parts for slot in part or ()] if all(parts) else None
    return None


def _listed(part: Part, messages: object) -> list[Slot] | None:
    if type(messages) is not list or not messages or not all(map(plain_message, messages)):
        return None
    return [Slot(part, message["role"], message["content"]) for message in messages]


def assembled(given: list[Slot]) -> dict[str, Any]:
    """The example that these texts make: the inverse of `slots`."""

    def messages(part: Part) -> list[dict[str, str]]:
        return [{"role": slot.role, "content": slot.content} for slot in given if slot.part == part]

    parts = {slot.part for slot in given}
    if parts & set(PAIR):
        return {slot.part: slot.content for slot in given if slot.part in PAIR}
    if parts & {"input", *OUTPUTS}:
        return {"input": {"messages": messages("input")}, **{part: messages(part) for part in OUTPUTS}}
    return {"messages": messages("messages")}


def unbroken(given: list[Slot], before: list[Slot]) -> list[Slot]:
    """The texts a form sent, with the line breaks that were there: a browser sends every one as CR LF."""
    kept = {(slot.part, _lf(slot.content)): slot.content for slot in before}
    return [slot._replace(content=kept.get((slot.part, _lf(slot.content)), _lf(slot.content))) for slot in given]


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def typed(number: int, text: str) -> Line:
    """What a person wrote, as if it were a line of a file."""
    raw = text.strip().encode("utf-8", "replace").removeprefix(BOM)
    return Line(number, raw, True, len(raw) > LIMITS.line_bytes, 0)


def checked(line: Line, expected: Format = "unknown") -> tuple[dict[str, Any] | None, list[Fault]]:
    """The example on a line, and its faults: the same ones that the check of a whole file names.

    `expected` is the format of the file that it is part of.
    """
    if line.too_long:
        return None, [fault(line.number, Code.LINE_TOO_LONG, limit=LIMITS.line_bytes // 1024 // 1024)]
    mark = [fault(line.number, Code.BOM, 1)] if line.raw.startswith(BOM) else []
    line = line._replace(raw=line.raw.removeprefix(BOM))
    if not line.raw or line.raw.isspace():
        return None, [*mark, fault(line.number, Code.EMPTY_LINE)]
    try:
        example = decode(line, LIMITS)
    except UnreadableError as unreadable:
        return None, [*mark, unreadable.fault]
    return example, [*mark, *_faults_of(line.number, example, expected)]


def _faults_of(number: int, example: dict[str, Any], expected: Format) -> Iterator[Fault]:
    kind = kind_of(example, expected)
    if "unknown" not in (kind, expected) and kind != expected:
        yield fault(number, Code.MIXED_FORMATS, found=kind, expected=expected, first=1)
    yield from islice(example_faults(number, kind, example), LIMITS.faults_per_line)


def one_line(example: dict[str, Any]) -> str:
    return orjson.dumps(example).decode()


def apply_changes(source: Path, target: Path, changes: Iterable[Change], keep: Callable[[], None]) -> None:
    """Write `source` with its changes to `target`; every other line stays as it is, byte by byte."""
    told = list(changes)
    at = {number: content for number, content in told if number is not None}
    added = [content for number, content in told if number is None and content is not None]
    with source.open("rb") as before, target.open("wb") as after:
        last = b"\n"
        for number, pieces in enumerate(_lines(before), 1):
            keep()
            for piece in _replaced(pieces, at[number]) if number in at else pieces:
                last = piece[-1:]
                after.write(piece)
        for content in added:
            after.write((b"" if last == b"\n" else b"\n") + content.encode() + b"\n")
            last = b"\n"


def _lines(stream: IO[bytes]) -> Iterator[Iterator[bytes]]:
    """Each line in pieces: one without an end must not fill the memory. Take all of a line before the next."""
    while first := stream.readline(PIECE):
        pieces = _pieces(first, stream)
        yield pieces
        for _rest in pieces:
            pass


def _pieces(piece: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    while piece:
        yield piece
        piece = b"" if piece.endswith(b"\n") else stream.readline(PIECE)


def _replaced(pieces: Iterator[bytes], content: str | None) -> Iterator[bytes]:
    """The new content with the line break that was there; nothing where the line is deleted."""
    end = b""
    for piece in pieces:
        end = (end + piece)[-2:]
    if content is not None:
        yield content.encode() + (b"\r\n" if end == b"\r\n" else b"\n" if end.endswith(b"\n") else b"")

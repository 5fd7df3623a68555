"""JSON objects in a text, wherever its lines end."""

import json
import re
from collections.abc import Generator, Iterable, Iterator

DECODER = json.JSONDecoder(parse_int=float)  # int() refuses numbers of more than 4,300 digits
BETWEEN = re.compile(r"[\s,\ufeff]*")
LINE_ENDS = re.compile(r"[\r\n]+")
CHUNK = 64 * 1024  # characters
MOST = 8 * 1024 * 1024


class NotObjectsError(Exception):
    """The text is anything but JSON objects and what stands between them."""


def end_of_object(text: str, start: int = 0) -> int | None:
    """Where the object that begins at `start` ends; None where none does, or not before the end of the text."""
    if not text.startswith("{", start):
        return None
    try:
        return DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def objects(pieces: Iterable[str]) -> Iterator[str]:
    """Each object as it is written, on one line. White space and commas between them are left out.

    Raises NotObjectsError at the first thing that is neither.
    """
    rest, goal = "", CHUNK
    waiting: list[str] = []
    for piece in pieces:
        waiting.append(piece)
        goal -= len(piece)
        if goal <= 0:
            rest = yield from _taken("".join([rest, *waiting]))
            waiting, goal = [], max(CHUNK, len(rest))  # twice as much before the next try
            if len(rest) > MOST:
                raise NotObjectsError
    if (yield from _taken("".join([rest, *waiting]))):
        raise NotObjectsError


def _taken(text: str) -> Generator[str, None, str]:
    """The whole objects at the beginning; returns what follows them."""
    at = 0
    while (at := _behind_separators(text, at)) < len(text) and (end := end_of_object(text, at)) is not None:
        yield on_one_line(text[at:end])
        at = end
    if at < len(text) and text[at] != "{":
        raise NotObjectsError
    return text[at:]


def _behind_separators(text: str, at: int) -> int:
    found = BETWEEN.match(text, at)
    return found.end() if found else at


def on_one_line(text: str) -> str:
    """Line ends in JSON stand between its tokens, never in a string."""
    return " ".join(part.strip(" \t") for part in LINE_ENDS.split(text))

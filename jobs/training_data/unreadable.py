"""Characters that a reader cannot read, or not as they were meant: found in any text, put right where that is certain.

    unreadable(text)      {Sign: how often}; nothing where all is well
    readable(text)        the text with what is certain put right; the same text where nothing is
    readable_line(line)   the same of a line, which may be JSON: then string by string

`unreadable` asks a few fast calls of C first, so that most texts cost next to nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice

from jobs.training_data.mojibake import mojibake

# Printable ASCII, the rest of every longer character, and how Hangul, kana and punctuation begin.
FINE = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F), *range(0x80, 0xC0), 0xE2, 0xE3, *range(0xEA, 0xEE)))
REPLACED = re.compile("[\ufffd\ud800-\udfff]")
PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufff9-\ufffc\ufffe\uffff]")
STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')  # of JSON
MARKED = re.compile(r"\?+[.,!]?")  # a word of which every letter became a question mark
MARKS, MARKED_WORDS, MARKED_SHARE = 6, 3, 0.5  # of a text that such words make up


class Sign(StrEnum):
    """What is wrong with a character. Findings and notes have these values as their codes."""

    MOJIBAKE = "mojibake"  # lines that were read in a wrong encoding
    REPLACED = "replaced_characters"  # U+FFFD and lone surrogates: what stood there is lost
    QUESTION_MARKS = "question_marks"  # words of which an encoding without Korean left question marks only
    PRIVATE_USE = "private_use"  # a meaning in one font only: symbols of HWP and Word, old Hangul, icons
    CONTROL = "control_characters"


class UnreadableLines:
    """Ask `add` once for each line of a file of JSON, with the texts in it."""

    def __init__(self) -> None:
        self._lines: dict[Sign, list[int]] = {sign: [] for sign in Sign}
        self._places = Counter[Sign]()

    def add(self, line: int, raw: bytes, texts: Iterable[str]) -> None:
        if _is_fine(raw) and b"\\u" not in raw and b"\\b" not in raw:
            return
        here = Counter[Sign]()
        for text in texts:
            here.update(unreadable(text))
        for sign in here:
            self._lines[sign].append(line)
        self._places += here

    def found(self) -> Iterator[tuple[Sign, list[int], int]]:
        """What is wrong, on which lines, and in how many places."""
        yield from ((sign, lines, self._places[sign]) for sign, lines in self._lines.items() if lines)


def unreadable(text: str) -> dict[Sign, int]:
    """What is wrong, and how often. Characters of a line that is mojibake are not counted on their own."""
    if _is_fine_text(text):
        return {}
    lines = text.split("\n")
    wrong = [bool(mojibake(line)) for line in lines]
    rest = "\n".join(line for line, is_wrong in zip(lines, wrong, strict=True) if not is_wrong) if any(wrong) else text
    counts = {
        Sign.MOJIBAKE: sum(wrong),
        Sign.REPLACED: len(REPLACED.findall(rest)),
        Sign.QUESTION_MARKS: _question_marks(rest),
        Sign.PRIVATE_USE: len(PRIVATE.findall(rest)),
        Sign.CONTROL: len(CONTROL.findall(rest)),
    }
    return {sign: count for sign, count in counts.items() if count}


def readable(text: str) -> str:
    """Only lines whose mojibake can be taken back to the last byte change."""
    if text.isascii() or _is_fine_text(text):
        return text
    return "\n".join(_put_right(text.split("\n")))


def readable_line(line: str) -> str:
    """What is right stays as it is written, escapes too."""
    if line.lstrip()[:1] not in ("{", "[", '"'):
        return readable(line)
    if "\\u" not in line and (line.isascii() or _is_fine_text(line)):
        return line
    strings = STRING.findall(line)
    try:
        texts: list[str] = [json.loads(each, strict=False) for each in strings]
    except ValueError:
        return line
    right = iter(zip(strings, texts, _readable_together(texts), strict=True))
    return STRING.sub(lambda _found: _written(*next(right)), line)


def _written(before: str, text: str, right: str) -> str:
    return before if text == right else json.dumps(right, ensure_ascii=False)


def _readable_together(texts: list[str]) -> list[str]:
    """One line of an example may be too short to prove anything, all of them together are not."""
    whole = "\n".join(texts)
    if (right := readable(whole)) == whole:
        return texts
    lines = iter(right.split("\n"))
    return ["\n".join(islice(lines, text.count("\n") + 1)) for text in texts]


def _put_right(lines: list[str]) -> list[str]:
    """All together, where they have one wrong encoding; else each on its own."""
    whole = _certain("\n".join(lines))
    return (
        whole.split("\n")
        if whole is not None
        else [line if (right := _certain(line)) is None else right for line in lines]
    )


def _certain(text: str) -> str | None:
    found = mojibake(text)
    return found.repaired if found else None


def _is_fine_text(text: str) -> bool:
    try:
        return _is_fine(text.encode())
    except UnicodeEncodeError:
        return False


def _is_fine(raw: bytes) -> bool:
    return not raw.translate(None, FINE) and raw.count(b"?") < MARKS


def _question_marks(text: str) -> int:
    """Words of question marks where they make up most of the text; a puzzled “???” is none."""
    if text.count("?") < MARKS:
        return 0
    words = text.split()
    marked = [word for word in words if MARKED.fullmatch(word)]
    is_text = len(marked) >= max(MARKED_WORDS, MARKED_SHARE * len(words)) and len({len(word) for word in marked}) > 1
    return len(marked) if is_text else 0

"""Lines that a program broke at a width: how wide they are, and which of their breaks the writer made."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from jobs.training_data.recipes.endings import ENDED, HEAD, line_ends_sentences

LINE = re.compile(r"[^\n]+")
WIDE = re.compile(r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]")
NEARLY = 0.92  # of the width is full: letters of a book face are not equally wide
SPARE = 4  # columns; where words are torn, a line with so much room was ended by its writer
MANY = 10  # lines; of fewer all must be equally long
NARROW = 40  # columns; narrower lines are verse


class Line(NamedTuple):
    """Without the white space around it."""

    start: int
    end: int
    after_gap: bool  # an empty line is before it, or nothing
    indented: bool


def lines_of(text: str) -> Iterator[Line]:
    """Those that are not empty."""
    end = -1
    for found in LINE.finditer(text):
        line = found[0]
        if line.isspace():
            continue
        start = found.start() + len(line) - len(line.lstrip())
        gap = end < 0 or text.count("\n", end, found.start()) > 1
        end = found.start() + len(line.rstrip())
        yield Line(start, end, gap, start > found.start())


def columns(text: str) -> int:
    """As wide as it is set in a type of equal letters, where Hangul and Hanja take two."""
    return len(text) + len(WIDE.findall(text))


def width_of(text: str) -> int:
    """Columns of a full line: nine of ten are no wider."""
    widths = sorted(columns(text[line.start : line.end]) for line in lines_of(text[:HEAD]))
    return widths[len(widths) * 9 // 10] if widths else 0


def is_wrapped(text: str) -> bool:
    """Whether single line breaks are those of a page's width, not the writer's."""
    if not line_ends_sentences(text):
        return True
    lines = list(lines_of(text[:HEAD]))
    inner = [text[one.start : one.end] for one, after in pairwise(lines) if not after.after_gap]
    widths = sorted(columns(line) for line in inner)
    if len(widths) < 2 or sum(line[-1] in ENDED for line in inner) * 2 >= len(inner):
        return False
    usual, long = widths[len(widths) // 2], widths[len(widths) * 9 // 10]
    spread = long - usual if len(lines) >= MANY else widths[-1] - widths[0]
    return usual >= NARROW and spread <= (usual // 5 if len(lines) >= MANY else SPARE)


def is_deliberate(before: str, after: str, width: int, torn: bool) -> bool:
    """Whether the line `before` had room for what `after` begins with, and so was ended by the writer."""
    used = columns(before)
    if torn:
        return used + SPARE <= width * NEARLY
    return used + 1 + columns(after.split(maxsplit=1)[0]) <= width * NEARLY

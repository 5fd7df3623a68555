"""What is drawn on the pages of a PDF, put together as it is read: rows, columns, paragraphs, running heads."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

SAME_HEIGHT = 0.5  # of the lower of two pieces: by so much they overlap in one row
COLUMN_ROWS, COLUMN_LETTERS = 3, 10  # two columns have at least so many rows, of so many letters on average
FULL_ROWS = 0.5  # of the rows of a column of prose end at its edge
EDGE = 4  # heights of a letter
PARAGRAPH_GAP = 1.45  # times the usual distance of two rows
INDENT, INDENTS = " ", (0.5, 4)  # heights of a letter, by which the first line of a paragraph is moved
USUAL_ROWS = 0.3  # of a page begin at the edge of their column
FEW = 4  # rows, whose distances tell nothing
ENDS = (".", "?", "!", "。", "”", '"')
WORD_START = re.compile(r"[a-z]")
LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


@dataclass
class Piece:
    """What stands in a row without a wide gap, and where: in points from the upper left of the page as it is shown."""

    text: str
    left: float = 0
    right: float = 0
    top: float = 0
    bottom: float = 0
    is_level: bool = True
    is_hyphenated: bool = False  # its last word goes on in the next row

    @property
    def height(self) -> float:
        return max(self.bottom - self.top, 0.1)


type Row = list[Piece]


@dataclass
class Page:
    height: float = 0
    rows: list[Row] = field(default_factory=list)
    letters: int = 0
    unreadable: int = 0  # of the letters
    outside: int = 0  # pieces beyond the edge of the paper
    heads: int = 0  # rows left out


def text_of_row(row: Row) -> str:
    return "\t".join([*(piece.text.rstrip() for piece in row[:-1]), row[-1].text])


def rows_of(pieces: list[Piece]) -> list[Row]:
    """Pieces that are drawn one after the other at one height are a row: cells, words, or columns."""
    rows: list[Row] = []
    for piece in pieces:
        if rows and _goes_on(rows[-1][-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _goes_on(before: Piece, after: Piece) -> bool:
    overlap = min(before.bottom, after.bottom) - max(before.top, after.top)
    return (
        before.is_level
        and after.is_level
        and overlap >= SAME_HEIGHT * min(before.height, after.height)
        and after.left >= before.right
    )


def in_reading_order(rows: list[Row]) -> list[Row]:
    """Two columns that were drawn across, row by row: first the left one, then the right one."""
    ordered: list[Row] = []
    start = 0
    while start < len(rows):
        end = _end_of_columns(rows, start)
        if end - start >= COLUMN_ROWS and _is_prose(rows[start:end]):
            ordered += [[row[0]] for row in rows[start:end]] + [[row[1]] for row in rows[start:end]]
        else:
            end = max(end, start + 1)
            ordered += rows[start:end]
        start = end
    return ordered


def _end_of_columns(rows: list[Row], start: int) -> int:
    """Where the rows end that have two pieces, with a gap that runs down between all of them."""
    left_edge, right_edge = 0.0, float("inf")
    for number in range(start, len(rows)):
        row = rows[number]
        if len(row) != 2:
            return number
        left_edge, right_edge = max(left_edge, row[0].right), min(right_edge, row[1].left)
        if left_edge >= right_edge:
            return number
    return len(rows)


def _is_prose(rows: list[Row]) -> bool:
    """Long pieces, most of which end at the edge of their column, and not with a sentence, as those of a table do."""
    if sum(piece.text.rstrip().endswith(ENDS) for row in rows for piece in row) > len(rows):
        return False
    for column in (0, 1):
        pieces = [row[column] for row in rows]
        edge = max(piece.right for piece in pieces) - EDGE * median(piece.height for piece in pieces)
        if sum(len(piece.text) for piece in pieces) < COLUMN_LETTERS * len(pieces):
            return False
        if sum(piece.right >= edge for piece in pieces) < FULL_ROWS * len(pieces):
            return False
    return True


def lines_of(rows: list[Row]) -> Iterator[str]:
    """The texts of the rows, with an empty line where the distance is that of two paragraphs, and with indents."""
    usual, edges = _usual_distance(rows), _edges(rows)
    before: Row = []
    for row in rows:
        if before and usual and _distance(before, row) > usual * PARAGRAPH_GAP:
            yield ""
        yield INDENT * _is_indented(row[0], edges) + text_of_row(row)
        before = row


def _edges(rows: list[Row]) -> list[float]:
    """Where the rows of a page, or of its columns, usually begin."""
    lefts = Counter(round(row[0].left) for row in rows if row[0].is_level)
    return sorted(left for left, count in lefts.items() if count >= max(COLUMN_ROWS, USUAL_ROWS * len(rows)))


def _is_indented(piece: Piece, edges: list[float]) -> bool:
    """Whether a paragraph begins here, a little to the right of the other lines."""
    edge = max((edge for edge in edges if edge <= piece.left + 1), default=piece.left)
    low, high = INDENTS
    return piece.is_level and low * piece.height <= piece.left - edge <= high * piece.height


def _usual_distance(rows: list[Row]) -> float:
    distances = [distance for before, row in pairwise(rows) if (distance := _distance(before, row)) > 0]
    return median(distances) if len(distances) >= FEW else 0


def _distance(before: Row, after: Row) -> float:
    return after[0].bottom - before[0].bottom if before[0].is_level and after[0].is_level else 0


def joined_words(rows: list[Row]) -> int:
    """Put words together that a hyphen parts at the end of a row. How many there are."""
    joined = 0
    for before, after in pairwise(rows):
        if before[-1].is_hyphenated and WORD_START.match(after[0].text):
            rest, _, left = after[0].text.partition(" ")
            before[-1].text = before[-1].text.removesuffix("-") + rest
            after[0].text = left
            joined += 1
    rows[:] = [row for row in rows if any(piece.text for piece in row)]
    return joined

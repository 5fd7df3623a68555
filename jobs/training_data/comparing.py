"""What differs between two versions of a file: examples that were added, changed or removed.

A line that both have, wherever it stands, is the same. What is left is paired within the gaps between the same ones:
the first with the first there, or the most alike where one side has more.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from enum import StrEnum
from itertools import accumulate, groupby
from typing import NamedTuple

from jobs.training_data.aligning import common_order
from jobs.training_data.indexing import Index
from jobs.training_data.reading import lines
from jobs.training_data.report import LIMITS

MOST_LINES = 500_000  # of each; some 100 bytes of memory for a line
ALIKE_CELLS = 900  # of a gap's table of likeness; a larger gap is paired by position
ALIKE_BYTES = 4_000
WORDS = re.compile(rb"[^\s\"{}:,]+")
PIECES = re.compile(r"\s+|\w+|[^\w\s]")
MOST_PIECES = 1_500  # of a text, for its words to be compared

type Gap = tuple[list[int], list[int]]  # old and new lines that match nothing


class Kind(StrEnum):
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


class Entry(NamedTuple):
    """One difference: line numbers from 1; 0 where that version has no such example."""

    old: int
    new: int

    @property
    def kind(self) -> Kind:
        return Kind.ADDED if not self.old else Kind.REMOVED if not self.new else Kind.CHANGED


class Difference(NamedTuple):
    entries: list[Entry]  # in the order of the new version
    same: int
    moved: bool  # the same examples stand in another order

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(entry.kind for entry in self.entries)
        return {kind.value: found[kind] for kind in Kind}


class TooLongError(Exception):
    """A version has more lines than are compared here."""


def compare(old: Index, new: Index) -> Difference:
    """Raises TooLongError."""
    if max(old.lines, new.lines) > MOST_LINES:
        raise TooLongError
    marks = _marks(old), _marks(new)
    match = _matched(*marks)
    gaps = _gaps(match, new.lines)
    entries = [entry for at, gap in gaps.items() for entry in _placed(old, new, gap, match[at - 1] if at else 0)]
    return Difference([entry for _place, entry in sorted(entries)], len(match) - match.count(0), _moved(match, *marks))


def _placed(old: Index, new: Index, gap: Gap, anchor: int) -> Iterator[tuple[tuple[int, int], Entry]]:
    """The differences of a gap with their place in the new version; what was removed follows what stood before it."""
    entries = sorted(_paired(old, new, *gap))
    yield from (((entry.new, 0), entry) for entry in entries if entry.new)
    for entry in entries:
        if entry.old and entry.new:
            anchor = entry.new
        elif entry.old:
            yield (anchor, entry.old), entry


def _marks(index: Index) -> "array[int]":
    """A number for each line that stands for its content; the same for the same, as long as this process lives."""
    index.bytes.seek(0)
    every = lines(index.bytes, LIMITS.line_bytes)
    return array("q", (hash((line.raw, line.end - line.start) if line.too_long else line.raw) for line in every))


def _matched(old: "array[int]", new: "array[int]") -> "array[int]":
    """For each old line the number of the new one that is the same, or 0. Equal beginnings and ends first."""
    match = array("L", [0]) * len(old)
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    tail = next((n for n in range(shorter - head) if old[-1 - n] != new[-1 - n]), shorter - head)
    for n in range(head):
        match[n] = n + 1
    for n in range(tail):
        match[len(old) - 1 - n] = len(new) - n
    where: defaultdict[int, list[int]] = defaultdict(list)
    for n in range(len(new) - tail - 1, head - 1, -1):
        where[new[n]].append(n + 1)
    for n in range(head, len(old) - tail):
        if found := where.get(old[n]):
            match[n] = found.pop()
    return match


def _gaps(match: "array[int]", new_lines: int) -> dict[int, Gap]:
    """Old and new lines that match nothing, by the old line that matched last before them (0: none did)."""
    back = array("L", [0]) * (new_lines + 1)
    gaps: dict[int, Gap] = defaultdict(lambda: ([], []))
    last = 0
    for n, found in enumerate(match, 1):
        back[found] = n
        if found:
            last = n
        else:
            gaps[last][0].append(n)
    last = 0
    for n in range(1, new_lines + 1):
        if back[n]:
            last = back[n]
        else:
            gaps[last][1].append(n)
    return gaps


def _moved(match: "array[int]", old: "array[int]", new: "array[int]") -> bool:
    """Told by lines that stand once in each: which of several twins is which nobody can say."""
    once = {mark for mark, n in Counter(old).items() if n == 1} & {mark for mark, n in Counter(new).items() if n == 1}
    order = [found for found, mark in zip(match, old, strict=True) if found and mark in once]
    return any(before != most for before, most in zip(order, accumulate(order, max), strict=True))


def _paired(old: Index, new: Index, olds: list[int], news: list[int]) -> Iterator[Entry]:
    if len(olds) == len(news) or not (olds and news) or len(olds) * len(news) > ALIKE_CELLS:
        both = min(len(olds), len(news))
        yield from map(Entry, olds[:both], news[:both])
    else:
        chosen = list(_most_alike([_words(old, n) for n in olds], [_words(new, n) for n in news]))
        yield from (Entry(olds[a], news[b]) for a, b in chosen)
        olds = _others(olds, [a for a, _b in chosen])
        news = _others(news, [b for _a, b in chosen])
        both = 0
    yield from (Entry(n, 0) for n in olds[both:])
    yield from (Entry(0, n) for n in news[both:])


def _others(numbers: list[int], taken: list[int]) -> list[int]:
    return [number for at, number in enumerate(numbers) if at not in taken]


def _words(index: Index, number: int) -> frozenset[bytes]:
    line = index.read(number)
    return frozenset(WORDS.findall(line.raw[:ALIKE_BYTES])) if line else frozenset()


def _most_alike(olds: list[frozenset[bytes]], news: list[frozenset[bytes]]) -> Iterator[tuple[int, int]]:
    """Pairs in order, as many as the shorter side has, whose words agree most."""
    best = [[0.0] * (len(news) + 1) for _row in range(len(olds) + 1)]
    for a, before in enumerate(olds, 1):
        for b, after in enumerate(news, 1):
            likeness = 1 + len(before & after) / max(1, len(before | after))  # 1: a pair is better than none
            best[a][b] = max(best[a - 1][b], best[a][b - 1], best[a - 1][b - 1] + likeness)
    a, b = len(olds), len(news)
    while a and b:
        if best[a][b] == best[a - 1][b]:
            a -= 1
        elif best[a][b] == best[a][b - 1]:
            b -= 1
        else:
            a, b = a - 1, b - 1
            yield a, b


class Piece(NamedTuple):
    """A part of a text: in both (""), only in the old one ("del") or only in the new one ("ins")."""

    mark: str
    text: str


def words_changed(old: str, new: str) -> list[Piece]:
    """The old text turning into the new one, word by word; as a whole where they are too long for that."""
    before, after = PIECES.findall(old), PIECES.findall(new)
    if max(len(before), len(after)) > MOST_PIECES:
        return [Piece("del", old), Piece("ins", new)] if old != new else [Piece("", old)]
    steps = list(_steps(before, after))
    return [Piece(mark, "".join(text for _mark, text in run)) for mark, run in groupby(steps, lambda step: step[0])]


def _steps(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    a = b = 0
    for old, new in [*common_order(before, after), (len(before), len(after))]:
        yield from (("del", text) for text in before[a:old])
        yield from (("ins", text) for text in after[b:new])
        yield from (("", text) for text in before[old : old + 1])
        a, b = old + 1, new + 1

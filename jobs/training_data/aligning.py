"""What two texts have in common, word by word, in a time that no text can stretch.

`difflib` takes ten seconds for two answers of 1,500 words that go round in circles. Here a row of the table is one
whole number with a bit for each word (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

MOST_WORDS = 2_000  # of a text; what follows is left as it is
WORDS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")

type Pairs = list[tuple[int, int]]


class Piece(NamedTuple):
    """A part of a text. `is_own`: the other text has it not, or elsewhere."""

    text: str
    is_own: bool


class Sides(NamedTuple):
    """Two texts beside each other, each as its pieces; joined, they are the text."""

    left: list[Piece]
    right: list[Piece]
    common: int  # words that both have, in the same order
    only_left: int
    only_right: int
    is_cut: bool  # they are longer than what was compared


def sides(left: str, right: str) -> Sides:
    mine, theirs = WORDS.findall(left), WORDS.findall(right)
    pairs = common_order([word.rstrip() for word in mine[:MOST_WORDS]], [word.rstrip() for word in theirs[:MOST_WORDS]])
    mine_shared, theirs_shared = {a for a, _b in pairs}, {b for _a, b in pairs}
    shared = _count(mine[a] for a in mine_shared)
    return Sides(
        left=list(_pieces(mine, mine_shared)),
        right=list(_pieces(theirs, theirs_shared)),
        common=shared,
        only_left=_count(mine[:MOST_WORDS]) - shared,
        only_right=_count(theirs[:MOST_WORDS]) - shared,
        is_cut=max(len(mine), len(theirs)) > MOST_WORDS,
    )


def _count(words: Iterable[str]) -> int:
    """Punctuation is no word."""
    return sum(word[0].isalnum() for word in words)


def _pieces(words: list[str], common: set[int]) -> Iterator[Piece]:
    """Runs of one kind. The space after words of its own belongs to what follows."""
    places = range(len(words))
    parts: list[Piece] = []
    for is_own, run in groupby(places, lambda place: place < MOST_WORDS and place not in common):
        text = "".join(words[place] for place in run)
        end = len(text.rstrip()) if is_own else 0
        parts += [Piece(text[:end], is_own=True), Piece(text[end:], is_own=False)]
    for is_own, alike in groupby(filter(lambda part: part.text, parts), lambda part: part.is_own):
        yield Piece("".join(part.text for part in alike), is_own)


def common_order(left: Sequence[Hashable], right: Sequence[Hashable]) -> Pairs:
    """Places of a longest common subsequence."""
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < min(len(left), len(right)) - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    middle = _aligned(left[head : len(left) - tail], right[head : len(right) - tail])
    first = [(place, place) for place in range(head)]
    last = [(len(left) - place, len(right) - place) for place in range(tail, 0, -1)]
    return [*first, *((a + head, b + head) for a, b in middle), *last]


def _aligned(left: Sequence[Hashable], right: Sequence[Hashable]) -> Pairs:
    rows = list(_rows(left, right))
    found, a, b = [], len(left), len(right)
    while a and b:
        above = rows[b - 2] if b > 1 else -1
        if rows[b - 1] >> (a - 1) & 1:  # as long without the last word of the left
            a -= 1
        elif not above >> (a - 1) & 1:  # as long without the last word of the right
            b -= 1
        else:
            a, b = a - 1, b - 1
            found.append((a, b))
    return found[::-1]


def _rows(left: Sequence[Hashable], right: Sequence[Hashable]) -> Iterator[int]:
    """For each word of the right: a 0 where a word of the left makes the common part longer."""
    places: dict[Hashable, int] = {}
    for place, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << place
    every = (1 << len(left)) - 1
    row = every
    for word in right:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & every
        yield row

"""Cuts a text into sentences, groups of a few sentences, and chunks of about so many characters.

Every piece is a slice of the text: `text[piece.start:piece.end] == piece.text`, without white space at its ends, and no
piece overlaps the next. What lies between two pieces is white space. Whatever the text is, the cutting ends.
"""

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

from jobs.training_data.recipes.clusters import safe_cut
from jobs.training_data.recipes.endings import line_ends_sentences, sentence_ends

LONGEST_SENTENCE = 2_000  # characters; what goes on for longer is cut at a space
SHORT_REST = 3  # a rest below a third of a chunk is none
HARD_CUT = 2  # a chunk is at most so many times as long as it should be
INK = re.compile(r"\S")


class Piece(NamedTuple):
    """A part of a text; the offsets count characters."""

    start: int
    end: int
    text: str


def sentences(text: str) -> Iterator[Piece]:
    """Its sentences. Where lines have no full stops, as in a poem, each line is one."""
    return sentences_between(text, 0, len(text), lines=line_ends_sentences(text))


def sentences_between(
    text: str, start: int, end: int, *, lines: bool, longest: int = LONGEST_SENTENCE
) -> Iterator[Piece]:
    """Those of a part of it, none longer than `longest`. `lines`: each line is one, or more."""
    at = start
    for place in sentence_ends(text[start:end], lines=lines):
        yield from _cut(text, at, start + place, longest)
        at = start + place
    yield from _cut(text, at, end, longest)


def sentence_groups(text: str, low: int = 3, high: int = 5, seed: int = 0) -> Iterator[Piece]:
    """Groups of `low` to `high` sentences. The same text, bounds and seed give the same groups.

    The rest of the text joins the last group where it would be shorter than `low` and both fit into `high`.
    """
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    group: list[Piece] = []
    size = dice.randint(low, high)
    waiting: list[Piece] = []
    for sentence in sentences(text):
        group.append(sentence)
        if len(group) == size:
            if waiting:
                yield _joined(text, waiting)
            waiting, group, size = group, [], dice.randint(low, high)
    if waiting and group and len(group) < low and len(waiting) + len(group) <= high:
        waiting, group = waiting + group, []
    yield from (_joined(text, one) for one in (waiting, group) if one)


def chunks(text: str, size: int = 600) -> Iterator[Piece]:
    """Parts of about `size` characters that end where a sentence does; none is longer than twice that.

    What is shorter than a third joins the one before it, where both fit.
    """
    waiting: Piece | None = None
    for chunk in _full_chunks(text, size):
        short = waiting and len(chunk.text) < size // SHORT_REST and chunk.end - waiting.start <= size * HARD_CUT
        if waiting and short:
            waiting = _joined(text, [waiting, chunk])
            continue
        if waiting:
            yield waiting
        waiting = chunk
    if waiting:
        yield waiting


def _full_chunks(text: str, size: int) -> Iterator[Piece]:
    start = end = -1
    for sentence in _short_enough(text, size):
        if start < 0:
            start = sentence.start
        elif sentence.end - start > size and _is_better_without(start, end, sentence.end, size):
            yield Piece(start, end, text[start:end])
            start = sentence.start
        end = sentence.end
    if start >= 0:
        yield Piece(start, end, text[start:end])


def _is_better_without(start: int, end: int, longer: int, size: int) -> bool:
    """Which end is nearer to the size that was asked for."""
    return longer - start > HARD_CUT * size or abs(end - start - size) <= abs(longer - start - size)


def _short_enough(text: str, size: int) -> Iterator[Piece]:
    for sentence in sentences(text):
        yield from _cut(text, sentence.start, sentence.end, HARD_CUT * size)


def _cut(text: str, start: int, end: int, longest: int) -> Iterator[Piece]:
    """The part without white space around it, in as many pieces as it takes; none where nothing is left."""
    while first := INK.search(text, start, end):
        start = first.start()
        stop = end if end - start <= longest else safe_cut(text, start, start + longest)
        yield _stripped(text, start, stop)
        start = stop


def _stripped(text: str, start: int, end: int) -> Piece:
    words = text[start:end].rstrip()
    return Piece(start, start + len(words), words)


def _joined(text: str, group: list[Piece]) -> Piece:
    start, end = group[0].start, group[-1].end
    return Piece(start, end, text[start:end])

"""Pieces that keep to the writer's paragraphs: short ones joined under their heading, long ones split at a sentence."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from jobs.training_data.recipes.layout import Layout
from jobs.training_data.recipes.pieces import HARD_CUT, LONGEST_SENTENCE, Piece, sentences_between


class Group(NamedTuple):
    """Characters of the text, without white space at their ends."""

    start: int
    end: int
    heading: str


class Part(NamedTuple):
    """A paragraph, or a share of one that is too long; `size` in sentences or characters."""

    start: int
    end: int
    size: int


type Split = Callable[[list[Piece]], Iterator[Part]]


def by_sentences(layout: Layout, low: int, high: int) -> Iterator[Group]:
    """One of fewer than `low` sentences joins a neighbour where both have at most `high`; one of more is split."""
    return _groups(layout, lambda found: _even(found, high), LONGEST_SENTENCE, low, high)


def by_characters(layout: Layout, size: int) -> Iterator[Group]:
    """Of about `size` characters: three quarters of it to half as much again, where paragraphs and sentences allow."""
    least, most = size * 3 // 4, size * 3 // 2
    return _groups(layout, lambda found: _shares(found, most), HARD_CUT * size, least, most)


def _groups(layout: Layout, split: Split, longest: int, least: int, most: int) -> Iterator[Group]:
    section, heading, group = -1, "", Part(0, 0, 0)
    for paragraph in layout.paragraphs():
        found = sentences_between(
            layout.text, paragraph.start, paragraph.end, lines=not layout.wrapped, longest=longest
        )
        for part in split(list(found)):
            small = group.size < least or part.size < least
            if paragraph.section == section and small and group.size + part.size <= most:
                group = Part(group.start, part.end, group.size + part.size)
                continue
            if group.size:
                yield Group(group.start, group.end, heading)
            section, heading, group = paragraph.section, paragraph.heading, part
    if group.size:
        yield Group(group.start, group.end, heading)


def _even(found: list[Piece], most: int) -> Iterator[Part]:
    """As few parts as it takes, of as many sentences each, or one more."""
    count = math.ceil(len(found) / most)
    first = 0
    for part in range(count):
        after = first + len(found) // count + (part < len(found) % count)
        yield Part(found[first].start, found[after - 1].end, after - first)
        first = after


def _shares(found: list[Piece], most: int) -> Iterator[Part]:
    """As few parts as it takes, each cut at the sentence where it has its share of the characters."""
    length = found[-1].end - found[0].start if found else 0
    share = length / max(1, math.ceil(length / most))
    first = 0
    for place, sentence in enumerate(found):
        last = place + 1 == len(found)
        so_far = sentence.end - found[first].start
        if last or so_far >= share or found[place + 1].end - found[first].start > most:
            yield Part(found[first].start, sentence.end, so_far)
            first = place + 1

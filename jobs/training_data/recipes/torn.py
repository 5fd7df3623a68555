"""Words that a line break tore, as HWP and PDF break lines at any letter: found where that is certain.

Whether two halves are one word shows in what MeCab's dictionary makes them cost, read as one and as two. That alone
is wrong at a break in a hundred; so none is joined unless so many seem torn that the lines were broken within words.
It loads MeCab: for a process of its own.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import mecab_ko

from jobs.training_data.recipes.wrapping import columns, lines_of, width_of

CHEAPER = 2_000  # of MeCab's costs: about a morpheme that the halves need and the whole does not
FULL = 0.85  # of the width: a shorter line was ended by its writer
CONTEXT = 24  # characters on either side that are read
FEWEST, TORN_SHARE = 2, 0.15  # of the breaks; where lines are broken at any letter about half are
SAMPLE = 1_000  # breaks that show it
MANY, NEARLY_ALL = 10, 0.75  # breaks without a space: then spaces at line ends were kept, and what has none is torn
WORDS = 2_000_000  # characters that show which Latin words the text has
HANGUL = re.compile("[가-힣]")
WORD = re.compile(r"[A-Za-z][A-Za-z-]*")
STOPS = ".,!?;:…。、"


class Break(NamedTuple):
    place: int  # where the second line begins
    before: str  # the end of the first
    after: str
    spaced: bool  # the text has a space there


type Cost = Callable[[str], str]


def torn_words(text: str) -> frozenset[int]:
    """Characters at which lines begin within a word; of a text whose lines were wrapped."""
    breaks = list(_breaks(text))
    hyphens = [one for one in breaks if one.before.endswith("-")]
    return frozenset(_torn(breaks)) | frozenset(_hyphenated(text, hyphens) if hyphens else ())


def _breaks(text: str) -> Iterator[Break]:
    """Those of full lines."""
    full = width_of(text) * FULL
    for line, after in pairwise(lines_of(text)):
        if not (after.after_gap or after.indented > line.indented) and columns(text[line.start : line.end]) >= full:
            before = text[max(line.start, line.end - CONTEXT) : line.end]
            behind = text[after.start : min(after.end, after.start + CONTEXT)]
            yield Break(after.start, before, behind, text[line.end] != "\n")


def _torn(breaks: list[Break]) -> Iterator[int]:
    cost: Cost = mecab_ko.Tagger('-F "" -E "%pc"').parse
    first, rest = breaks[:SAMPLE], breaks[SAMPLE:]
    gains = _gains(first, cost)
    torn = sum(gain >= CHEAPER for gain in gains.values())
    if torn < max(FEWEST, TORN_SHARE * len(first)):
        return
    kept_spaces = len(gains) >= MANY and torn >= NEARLY_ALL * len(gains)
    gains |= _gains(rest, cost)
    yield from (place for place, gain in gains.items() if gain >= (0 if kept_spaces else CHEAPER))


def _gains(breaks: list[Break], cost: Cost) -> dict[int, int]:
    """How much less the halves cost as one word, by where the second begins."""
    return {
        one.place: int(cost(f"{one.before} {one.after}")) - int(cost(one.before + one.after))
        for one in breaks
        if _may_tear(one)
    }


def _may_tear(one: Break) -> bool:
    """Letters on both sides, Hangul on one of them."""
    last, first = one.before[-1], one.after[0]
    return not one.spaced and last not in STOPS and first.isalnum() and bool(HANGUL.match(first) or HANGUL.match(last))


def _hyphenated(text: str, breaks: list[Break]) -> Iterator[int]:
    """Where a hyphen is the break's, not the word's: the text has the whole word elsewhere, and never with a hyphen."""
    known = {word.strip("-").lower() for word in WORD.findall(text[:WORDS])}
    for one in breaks:
        first, second = WORD.findall(one.before)[-1:], WORD.match(one.after)
        if first and second:
            halves = first[0].rstrip("-").lower(), second[0].rstrip("-").lower()
            if "".join(halves) in known and "-".join(halves) not in known:
                yield one.place

"""Finds the examples of a training file whose question is nearest to another, by BM25 over runs of three letters.

In memory that does not grow with the texts: of each example, the rarest of its grams are linked in three arrays. What
nearly every question has (the words of a template) is not rare, and weighs next to nothing.
"""

import math
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from jobs.training_data.likeness import plain
from jobs.training_data.operations.rows import Index, idle, rows
from jobs.training_data.scoring.records import Message, Place
from jobs.training_data.spoken import Spoken, loaded, spoken, text_of

BUCKETS = 1 << 20  # of grams; two that share one count as one gram
RAREST = 64  # grams by which an example is found
LONGEST = 4_000  # characters of a question that are compared
SPACE = ord(" ")
ALIKE = 0.8  # weight that two questions share, of all that they have, from which on they are the same
MOST_LINKS = 20_000  # that one question follows; what is left are grams that nearly every question has
MOST_FOUND = 200
SATURATION, LENGTH = 1.2, 0.75  # k1 and b of BM25


class Near(NamedTuple):
    line: int
    score: float
    example: Spoken
    is_same: bool  # nearly the same question: who has seen it knows the answer
    place: Place


class Nearest:
    """The examples of a file, but those on lines `without`. Raises OSError."""

    def __init__(self, path: Path, without: Collection[int] = (), keep: Callable[[], object] = idle) -> None:
        self._index = Index(path, keep)
        self._frequencies = array("I", bytes(4 * BUCKETS))  # in how many questions a gram is
        self._lengths, self._lines = array("I"), array("I")  # grams of each row, 0: it is left out; and its line
        for row in rows(path, keep):
            grams = set() if row.line in without else grams_of(question_of(spoken(loaded(row.raw) or {})))
            self._lengths.append(len(grams))
            self._lines.append(row.line)
            for gram in grams:
                self._frequencies[gram] += 1
        self._count = sum(map(bool, self._lengths))
        self._average = sum(self._lengths) / max(1, self._count)
        self._heads = array("I", bytes(4 * BUCKETS))  # newest link of a gram, from 1; 0: none
        self._rows, self._before = array("I", [0]), array("I", [0])  # of a link: its row, and the link before it
        for number, row in enumerate(rows(path, keep)):
            if self._lengths[number]:
                self._link(number, grams_of(question_of(spoken(loaded(row.raw) or {}))))

    def _link(self, number: int, grams: set[int]) -> None:
        for gram in sorted(grams, key=lambda gram: (self._frequencies[gram], gram))[:RAREST]:
            self._rows.append(number)
            self._before.append(self._heads[gram])
            self._heads[gram] = len(self._rows) - 1

    def find(self, question: str) -> Iterator[Near]:
        """From the nearest on; of equals, the first of the file. What shares nothing comes last, with score 0."""
        grams = grams_of(question)
        scores = self._scores(grams)
        nearest = nsmallest(MOST_FOUND, scores, key=lambda row: (-scores[row], row))
        others = (row for row, length in enumerate(self._lengths) if length and row not in scores)
        for row in islice(chain(nearest, others), MOST_FOUND):
            example = self._example(row)
            is_same = self._is_same(question, grams, question_of(example))
            place = (self._index.starts[row], self._index.lengths[row])
            yield Near(self._lines[row], scores.get(row, 0.0), example, is_same, place)

    def _scores(self, grams: set[int]) -> dict[int, float]:
        """Of each row that shares a gram; a gram counts once, so this is BM25 of sets. The rarest come first."""
        scores = defaultdict[int, float](float)
        links = 0
        for gram in sorted(grams, key=lambda gram: (self._frequencies[gram], gram)):
            links += self._frequencies[gram]
            if scores and links > MOST_LINKS:
                break
            weight, link = self._weight(gram), self._heads[gram]
            while link:
                row = self._rows[link]
                spread = SATURATION * (1 - LENGTH + LENGTH * self._lengths[row] / self._average)
                scores[row] += weight * (SATURATION + 1) / (1 + spread)
                link = self._before[link]
        return scores

    def _example(self, row: int) -> Spoken:
        return spoken(loaded(next(self._index.take([row]))) or {})

    def _weight(self, gram: int) -> float:
        """Inverse frequency, as BM25 has it."""
        frequency = self._frequencies[gram]
        return math.log1p((self._count - frequency + 0.5) / (frequency + 0.5))

    def _is_same(self, question: str, grams: set[int], other: str) -> bool:
        if question == other:
            return True
        others = grams_of(other)
        shared, every = (sum(map(self._weight, some)) for some in (grams & others, grams | others))
        return shared >= ALIKE * every


def question_of(example: Spoken) -> str:
    """What the user says, as questions are compared."""
    return comparable(text for role, text in example.asked if role == "user")


def question_in(messages: Sequence[Message]) -> str:
    return comparable(text_of(each) for each in messages if each.get("role") == "user")


def comparable(texts: Iterable[str]) -> str:
    return plain("\n".join(texts)[-LONGEST:])


def grams_of(question: str) -> set[int]:
    """Numbers of the runs of three letters in its words, a space before and behind each; the same in every process."""
    codes = [*map(ord, f" {question} ")] if question.strip() else []
    return {
        (one * 0x9E3779B1 + two * 0x85EBCA77 + three * 0xC2B2AE3D) % 0xFFFFFFFB % BUCKETS
        for one, two, three in zip(codes, codes[1:], codes[2:], strict=False)
        if two != SPACE
    }

"""Finds the examples that share a stretch of wording with a whole text, in memory that its length bounds.

An example holds the text where RUN letters in a row stand in both, squeezed as passages are. Every such run covers a
gram that begins at a multiple of STRIDE in the text. So those alone are kept, in a table of a few bytes each; every
gram of the example is looked up there, and what is found is compared letter by letter.
"""

import unicodedata
from array import array
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from jobs.training_data.privacy import mask_for_display
from jobs.training_data.searching import SHORTEST, SHOWN, Excerpt, Sought, around, lines_with, squeeze, texts_of
from jobs.training_data.texts.squeezing import blocks, place_of

RUN = 30  # letters in a row: no chance, yet less than a paragraph has
GRAM = 16
STRIDE = RUN - GRAM + 1  # the farthest apart at which a gram lies within every run
TELLING = 5  # different letters of a run: thirty dots or dashes are no one's wording
MOST = 1_000  # places of one gram that are compared each for itself
SLOTS = 4  # of the table for each gram, at least: most others find none


class Place(NamedTuple):
    """Where an example holds it: which of its texts, and letters of that one, squeezed."""

    text: int
    start: int
    length: int


class Wording(Sought):
    """The whole of a text, squeezed. Of less than RUN letters an example must hold all, of less than SHORTEST none."""

    def __init__(self, squeezed: str) -> None:
        self.squeezed = squeezed
        grams = len(squeezed) // STRIDE + 1
        self._mask = (1 << (grams * SLOTS).bit_length()) - 1
        self._heads = array("I", bytes(4 * (self._mask + 1)))  # place of the last gram with this hash; 0: none
        self._before = array("I", bytes(4 * (grams + 1)))  # place of the one before it
        for place, start in enumerate(range(0, len(squeezed) - GRAM + 1, STRIDE), 1):
            around_it = squeezed[max(0, start - STRIDE + 1) : start + RUN]
            if len(set(around_it)) >= TELLING:
                slot = hash(squeezed[start : start + GRAM]) & self._mask
                self._before[place], self._heads[slot] = self._heads[slot], place

    def is_in(self, raw: bytes) -> bool:
        return self.place(raw) is not None

    def place(self, raw: bytes) -> Place | None:
        """Where the example on this line holds it first."""
        for number, text in enumerate(texts_of(raw)):
            if run := self._shared(squeeze(text)):
                return Place(number, run[0], run[1] - run[0])
        return None

    def is_near(self, text: str) -> bool:
        squeezed = squeeze(text)
        return self._shared(squeezed) is not None or (len(squeezed) >= GRAM and squeezed in self.squeezed)

    def candidates(self, block: bytes) -> Iterator[tuple[int, int]]:
        """All lines: any words of them may be the text's."""
        return lines_with(block, b"")

    def _shared(self, text: str) -> tuple[int, int] | None:
        """The first run of `text` that stands in both: its start, and its end as far as it is shown."""
        if len(self.squeezed) < RUN:
            return self._whole(text)
        heads, mask = self._heads, self._mask
        if len(text) >= RUN:
            for at in range(len(text) - GRAM + 1):
                place = heads[hash(text[at : at + GRAM]) & mask]
                if place and (run := self._run(text, at, place)):
                    return run
        return None

    def _whole(self, text: str) -> tuple[int, int] | None:
        start = text.find(self.squeezed) if len(self.squeezed) >= SHORTEST else -1
        return None if start < 0 else (start, start + len(self.squeezed))

    def _run(self, text: str, at: int, place: int) -> tuple[int, int] | None:
        """The run that the gram at `at` is of, if it stands at `place` or at one before it."""
        gram = text[at : at + GRAM]
        for _ in range(MOST):
            if self.squeezed.startswith(gram, (place - 1) * STRIDE):
                run = self._extended(text, at, (place - 1) * STRIDE)
                if run[1] - run[0] >= RUN and len(set(text[slice(*run)])) >= TELLING:
                    return run
            place = self._before[place]
            if not place:
                return None
        return self._searched(text, at)

    def _extended(self, text: str, at: int, start: int) -> tuple[int, int]:
        """As far as both go on alike; to the left less than a stride: there the gram before would have told it."""
        ours, theirs = text[max(0, at - STRIDE + 1) : at], self.squeezed[max(0, start - STRIDE + 1) : start]
        left = _alike(reversed(ours), reversed(theirs))
        end, theirs = at + GRAM, self.squeezed[start + GRAM : start + GRAM + SHOWN]
        return at - left, end + _alike(text[end : end + SHOWN], theirs)

    def _searched(self, text: str, at: int) -> tuple[int, int] | None:
        """A phrase that stands in the text a thousand times: the runs around it are sought in the whole of it."""
        for start in range(max(0, at - STRIDE + 1), min(at, len(text) - RUN) + 1):
            window = text[start : start + RUN]
            if len(set(window)) >= TELLING and window in self.squeezed:
                return start, start + RUN
        return None


def _alike(ours: Iterator[str] | str, theirs: Iterator[str] | str) -> int:
    """How many letters they begin with in common."""
    return sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))


def wording_of(path: Path, keep: Callable[[], object]) -> Wording:
    """The wording of an extracted text. Raises OSError; `keep` is called now and then."""
    squeezed = []
    for block in blocks(path):
        squeezed.append(block.squeezed)
        keep()
    return Wording("".join(squeezed))


def excerpt_at(raw: bytes, place: Place) -> Excerpt | None:
    """The words of the example at `place`, with some around. None where the line has no such place any more.

    Nobody typed these words, so personal data in them is hidden as well.
    """
    found = next((text for number, text in enumerate(texts_of(raw)) if number == place.text), "")
    text = unicodedata.normalize("NFC", found)
    start = place_of(text, place.start)
    if start is None:
        return None
    excerpt = around(text, start, place.length)
    return excerpt._replace(found=mask_for_display(excerpt.found))

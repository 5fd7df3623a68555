"""Whether an answer is copied from the answers that a model was trained on.

Both sides are squeezed as passages are (`searching.squeeze`). Of the training file, grams that begin at a multiple of
STRIDE are kept in a table: every passage of SHORTEST letters has one, wherever it begins. What the table proposes is
compared letter by letter, so the passage found is the longest.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from jobs.training_data.operations.rows import idle, rows
from jobs.training_data.scoring.messages import LOOKED_AT, composed
from jobs.training_data.scoring.records import Copying
from jobs.training_data.searching import GAPS, squeeze
from jobs.training_data.spoken import loaded, spoken
from jobs.training_data.wording import RUN, TELLING

GRAM, STRIDE = 10, 7
SHORTEST = GRAM + STRIDE - 1  # letters of a passage that the table never misses
MOST_LETTERS = 60_000_000  # of a file: about 100 MB of Korean
MOST_PLACES = 64  # of one gram that are compared: what is more frequent is a formula
MOST_HOLDERS = 2_000  # likewise, when formulas are looked for
MOST_STEPS = 100_000  # comparisons for one answer, which loops and formulas could multiply without end
FORMULA, FORMULA_SHARE = 5, 100  # answers that share a formula: five, and one of a hundred
CANDIDATES = 20  # passages of one answer, the longest first, of which one may be no formula


class Run(NamedTuple):
    """Letters of the answer that stand at `offset` of the training file's text of this number."""

    start: int
    end: int
    text: int
    offset: int

    @property
    def length(self) -> int:
        return self.end - self.start


class Passages:
    """The answers of a training file. `texts`: each with its line; equal ones are kept once."""

    def __init__(self, texts: Iterable[tuple[int, str]]) -> None:
        self.lines, self._starts, self._texts = array("I"), array("I"), list[str]()
        self.complete = True  # False: the file has more letters than are kept
        grams = self._take(texts)
        self._mask = (1 << grams.bit_length()) - 1
        self._heads = array("I", bytes(4 * (self._mask + 1)))  # place of the last gram with this hash, from 1; 0: none
        self._before = array("I", bytes(4 * (grams + 1)))  # place of the one before it
        for first, text in zip(self._starts, self._texts, strict=True):
            self._enter(first, text)

    def _take(self, texts: Iterable[tuple[int, str]]) -> int:
        """Returns how many grams there are."""
        grams = letters = 0
        seen: set[bytes] = set()
        for line, text in texts:
            squeezed = squeeze(text)
            digest = blake2b(squeezed.encode(errors="replace"), digest_size=8).digest()
            if len(squeezed) < SHORTEST or digest in seen:
                continue
            letters += len(squeezed)
            if letters > MOST_LETTERS:
                self.complete = False
                break
            seen.add(digest)
            self._starts.append(grams + 1)
            self.lines.append(line)
            self._texts.append(squeezed)
            grams += (len(squeezed) - GRAM) // STRIDE + 1
        return grams

    def _enter(self, place: int, text: str) -> None:
        heads, before, mask = self._heads, self._before, self._mask
        for start in range(0, len(text) - GRAM + 1, STRIDE):
            slot = hash(text[start : start + GRAM]) & mask
            before[place], heads[slot] = heads[slot], place
            place += 1

    def compare(self, answer: str, question: str = "") -> Copying:
        """The longest passage of `answer`; what `question` holds as well is none."""
        text = composed(answer[:LOOKED_AT])
        squeezed, given = squeeze(text), squeeze(question[:LOOKED_AT])
        runs = sorted(self._runs(squeezed), key=lambda run: (-run.length, run.start))
        found = next((run for run in runs[:CANDIDATES] if self._is_own(squeezed[run.start : run.end], given)), None)
        if not found:
            return Copying(letters=0, total=len(squeezed), line=None, start=0, end=0, copied=False)
        start, end = _span(text, found)
        lines = (self.lines[run.text] for run in runs if (run.start, run.end) == (found.start, found.end))
        return Copying(
            letters=found.length,
            total=len(squeezed),
            line=min(lines),
            start=start,
            end=end,
            copied=found.length >= RUN or 2 * found.length >= len(squeezed),
        )

    def _is_own(self, passage: str, given: str) -> bool:
        """Whether it tells of one text: neither a formula, nor in the question, nor a row of dots."""
        if len(set(passage)) < TELLING or passage in given:
            return False
        formula = max(FORMULA, len(self._texts) // FORMULA_SHARE)
        return len(set(islice(self._holders(passage), MOST_PLACES * formula))) < formula

    def _runs(self, text: str) -> Iterator[Run]:
        """Every passage that is shared, once for each place where it stands."""
        done: dict[tuple[int, int], int] = {}  # where a text lies along the answer: how far it was compared
        steps = 0
        for at in range(len(text) - GRAM + 1):
            for number, offset in islice(self._places(text, at), MOST_PLACES):
                steps += 1
                if done.get((number, offset - at), 0) <= at:
                    run = self._extended(text, at, number, offset)
                    done[number, offset - at] = run.end
                    if run.length >= SHORTEST:
                        yield run
            if steps > MOST_STEPS:
                return

    def _places(self, text: str, at: int) -> Iterator[tuple[int, int]]:
        """Texts and offsets at which the gram at `at` stands, of those that the table has."""
        gram = text[at : at + GRAM]
        place = self._heads[hash(gram) & self._mask]
        while place:
            number = bisect_right(self._starts, place) - 1
            offset = (place - self._starts[number]) * STRIDE
            if self._texts[number].startswith(gram, offset):
                yield number, offset
            place = self._before[place]

    def _extended(self, text: str, at: int, number: int, offset: int) -> Run:
        """As far as both go on alike, on either side."""
        other = self._texts[number]
        left, right = _alike_before(text, at, other, offset), _alike(text, at, other, offset)
        return Run(at - left, at + right, number, offset - left)

    def _holders(self, passage: str) -> Iterator[int]:
        """Texts that hold the passage: the table has one of its first grams, wherever it begins there."""
        for at in range(min(STRIDE, len(passage) - GRAM + 1)):
            for number, offset in islice(self._places(passage, at), MOST_HOLDERS):
                if offset >= at and self._texts[number].startswith(passage, offset - at):
                    yield number


def _alike(mine: str, at: int, theirs: str, offset: int) -> int:
    """How many letters both have from there on. Steps double while they agree, and halve where they do not."""
    done, step, most = 0, GRAM, min(len(mine) - at, len(theirs) - offset)
    while step:
        if done + step <= most and theirs.startswith(mine[at + done : at + done + step], offset + done):
            done, step = done + step, step * 2
        else:
            step //= 2
    return done


def _alike_before(mine: str, at: int, theirs: str, offset: int) -> int:
    """The same, going back."""
    done, step, most = 0, 1, min(at, offset)
    while step:
        if done + step <= most and theirs.startswith(mine[at - done - step : at - done], offset - done - step):
            done, step = done + step, step * 2
        else:
            step //= 2
    return done


def _span(text: str, run: Run) -> tuple[int, int]:
    """From where to where the run's letters stand in `text`, which has gaps."""
    kept = (at for at, char in enumerate(text) if not GAPS.match(char))
    start = next(islice(kept, run.start, None))
    return start, next(islice(kept, run.length - 2, None)) + 1


def passages_of(path: Path, without: Collection[int] = (), keep: Callable[[], object] = idle) -> Passages:
    """Of a training file's answers, but those on lines `without`, which were set aside. Raises OSError."""
    return Passages(
        (row.line, text)
        for row in rows(path, keep)
        if row.line not in without
        for role, text in spoken(loaded(row.raw) or {}).texts
        if role == "assistant"
    )

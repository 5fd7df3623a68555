"""Answers that cannot teach: none, hardly any, or another one to the same question."""

from array import array
from hashlib import blake2b
from statistics import median
from unicodedata import normalize

from jobs.training_data.compact import Firsts
from jobs.training_data.spoken import Spoken

SHORT = 5  # characters, white space left out
INSTRUCTING = ("system", "developer")
USUAL = 50  # where answers are labels (“긍정”), short ones are as they should be


class Answers:
    """Tell it every example, with its line, in order."""

    def __init__(self) -> None:
        self.empty: list[int] = []
        self._lines = array("I")
        self._lengths = array("I")
        self._answered, self._answers = array("I"), array("Q")  # lines that ask something, and what they answer
        self._asked = Firsts()  # of a prompt: which came first, from 1
        self._contrary: dict[int, list[int]] = {}  # by the first's place

    def add(self, line: int, example: Spoken) -> None:
        if example.is_silent:
            self.empty.append(line)
        if example.answer is None:
            return
        self._lines.append(line)
        self._lengths.append(len("".join(example.answer.split())))
        if asked := _asked(example):
            self._answers.append(_digest(example.answer))
            self._answered.append(line)
            self._compare(self._asked.setdefault(_digest(asked), len(self._answers)) - 1)

    def _compare(self, first: int) -> None:
        """The newest with the first that has its prompt."""
        if first in self._contrary:
            self._contrary[first].append(self._answered[-1])
        elif self._answers[first] != self._answers[-1]:
            self._contrary[first] = [self._answered[first], self._answered[-1]]

    def contradictions(self) -> list[list[int]]:
        """Groups of lines with one prompt and several answers."""
        return list(self._contrary.values())

    def short(self) -> list[int]:
        """Lines whose answer is next to nothing in a file where answers are long."""
        if not self._lengths or median(self._lengths) < USUAL:
            return []
        return [line for line, length in zip(self._lines, self._lengths, strict=True) if 0 < length < SHORT]


def _asked(example: Spoken) -> str:
    """What two examples must have in common to contradict each other; empty where nothing is asked.

    Of preferences the two answers, too: one question may have several pairs, but none the other way round.
    """
    asks = any(char.isalnum() for role, text in example.asked if role not in INSTRUCTING for char in text)
    if not asks and not example.beside:
        return ""
    asked = [part for role, text in example.asked for part in (role, _plain(text))]
    pair = sorted((_plain(example.answer or ""), _plain(example.rejected))) if example.rejected else ()
    return "\x1d".join((*asked, example.beside, *pair))


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(_plain(text).encode(errors="replace"), digest_size=8).digest())


def _plain(text: str) -> str:
    return " ".join((text if text.isascii() else normalize("NFC", text)).split())

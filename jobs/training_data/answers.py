"""Answers that cannot teach: none, hardly any, or another one to the same question."""

from array import array
from hashlib import blake2b
from statistics import median

from jobs.training_data.compact import Firsts
from jobs.training_data.spoken import Spoken

SHORT = 5  # characters, white space left out
USUAL = 50  # where answers are labels (“긍정”), short ones are as they should be


class Answers:
    """Tell it every example, with its line, in order."""

    def __init__(self) -> None:
        self.empty: list[int] = []
        self._lines = array("I")
        self._lengths = array("I")
        self._answers = array("Q")
        self._asked = Firsts()  # of a prompt: which came first, from 1
        self._contrary: dict[int, list[int]] = {}  # by the first's place

    def add(self, line: int, example: Spoken) -> None:
        if any(role == "assistant" and not text.strip() for role, text in example.texts):
            self.empty.append(line)
        if example.answer is None:
            return
        self._lines.append(line)
        self._lengths.append(len("".join(example.answer.split())))
        self._answers.append(_digest(example.answer))
        self._compare(self._asked.setdefault(_digest(example.prompt), len(self._answers)) - 1)

    def _compare(self, first: int) -> None:
        """The newest with the first that has its prompt."""
        if first in self._contrary:
            self._contrary[first].append(self._lines[-1])
        elif self._answers[first] != self._answers[-1]:
            self._contrary[first] = [self._lines[first], self._lines[-1]]

    def contradictions(self) -> list[list[int]]:
        """Groups of lines with one prompt and several answers."""
        return list(self._contrary.values())

    def short(self) -> list[int]:
        """Lines whose answer is next to nothing in a file where answers are long."""
        if not self._lengths or median(self._lengths) < USUAL:
            return []
        return [line for line, length in zip(self._lines, self._lengths, strict=True) if 0 < length < SHORT]


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(" ".join(text.split()).encode(errors="replace"), digest_size=8).digest())

"""Answers that cannot teach: none, hardly any, or another one to the same question."""

from array import array
from hashlib import blake2b
from statistics import median

from jobs.training_data.spoken import Spoken

SHORT = 5  # characters, white space left out
USUAL = 50  # where answers are labels (“긍정”), short ones are as they should be


class Answers:
    """Tell it every example, with its line, in order."""

    def __init__(self) -> None:
        self.empty: list[int] = []
        self._lines = array("I")
        self._lengths = array("I")
        self._asked: dict[bytes, tuple[int, bytes]] = {}  # a prompt: the line and the answer that came first
        self._contrary: dict[bytes, list[int]] = {}

    def add(self, line: int, example: Spoken) -> None:
        if any(role == "assistant" and not text.strip() for role, text in example.texts):
            self.empty.append(line)
        if example.answer is None:
            return
        self._lines.append(line)
        self._lengths.append(len("".join(example.answer.split())))
        self._compare(line, _digest(example.prompt), _digest(example.answer))

    def _compare(self, line: int, prompt: bytes, answer: bytes) -> None:
        first, before = self._asked.setdefault(prompt, (line, answer))
        if prompt in self._contrary:
            self._contrary[prompt].append(line)
        elif before != answer:
            self._contrary[prompt] = [first, line]

    def contradictions(self) -> list[list[int]]:
        """Groups of lines with one prompt and several answers."""
        return list(self._contrary.values())

    def short(self) -> list[int]:
        """Lines whose answer is next to nothing in a file where answers are long."""
        if not self._lengths or median(self._lengths) < USUAL:
            return []
        return [line for line, length in zip(self._lines, self._lengths, strict=True) if 0 < length < SHORT]


def _digest(text: str) -> bytes:
    return blake2b(" ".join(text.split()).encode(errors="replace"), digest_size=8).digest()

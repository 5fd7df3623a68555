"""Which examples belong together, so that a split does not train on what it is later judged by.

Together are examples that say the same but for case, spacing and punctuation, and those that share a question or an
answer of some length. A number names the group of each row, in the order of the file.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from jobs.training_data.operations.rows import loaded

NOISE = re.compile(r"[\W_]+")
LONG_ENOUGH = 20  # letters; many examples may share “yes” or a label and still have nothing to do with each other


class Unions:
    """Numbers that become one group as soon as any two of their members are tied."""

    def __init__(self) -> None:
        self.parents = array("L")

    def add(self) -> int:
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def find(self, number: int) -> int:
        while (parent := self.parents[number]) != number:
            self.parents[number] = number = self.parents[parent]
        return number

    def tie(self, one: int, other: int) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self.parents[second] = first

    def groups(self) -> list[int]:
        return [self.find(number) for number in range(len(self.parents))]


def tied(raws: Iterable[bytes]) -> Unions:
    unions = Unions()
    seen: dict[bytes, int] = {}
    for raw in raws:
        number = unions.add()
        for key in _keys(raw):
            unions.tie(number, seen.setdefault(key, number))
    return unions


def _keys(raw: bytes) -> Iterator[bytes]:
    texts = list(_texts(loaded(raw)))
    plain = [NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold() for text in texts]
    yield _key("\0".join(plain) or raw.decode(errors="replace"))
    yield from (_key(text) for text in plain if len(text) >= LONG_ENOUGH)


def _key(text: str) -> bytes:
    return blake2b(text.encode(errors="replace"), digest_size=10).digest()


def _texts(example: dict[str, Any]) -> Iterator[str]:
    """What is asked and what is answered; what instructs every example alike is left out."""
    for found in _spoken(example):
        if isinstance(found, str):
            yield found
        elif isinstance(found, list):
            yield from (part["text"] for part in found if isinstance(part, dict) and isinstance(part.get("text"), str))


def _spoken(example: dict[str, Any]) -> Iterator[object]:
    match example:
        case {"prompt": prompt, "completion": completion}:
            yield from (prompt, completion)
        case {"messages": list(messages)} | {"input": {"messages": list(messages)}}:
            asked = [*messages, *_answers(example)]
            known = (each for each in asked if isinstance(each, dict))
            yield from (each.get("content") for each in known if each.get("role") in ("user", "assistant"))


def _answers(example: dict[str, Any]) -> list[Any]:
    both = (example.get("preferred_output"), example.get("non_preferred_output"))
    return [each for answers in both if isinstance(answers, list) for each in answers]

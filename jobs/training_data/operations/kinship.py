"""Which examples belong together, so that a split does not train on what it is later judged by.

Together are examples that say the same but for case, spacing and punctuation, and those that share a question or an
answer of some length; with other images it is another question. A number names the group of each row, in the order of
the file.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from jobs.training_data.operations.rows import loaded
from jobs.training_data.spoken import spoken

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
    example = spoken(loaded(raw))
    texts = [
        text for role, text in example.texts if role in ("user", "assistant")
    ]  # others instruct every example alike
    letters = [NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold() for text in texts]
    yield _key("\0".join(letters) + example.attached or raw.decode(errors="replace"))
    yield from (_key(text + example.attached) for text in letters if len(text) >= LONG_ENOUGH)


def _key(text: str) -> bytes:
    return blake2b(text.encode(errors="replace"), digest_size=10).digest()

"""Examples that are in the file twice, or nearly.

Exact: the same JSON, whatever the order of its keys and however its letters are composed. Near: see `likeness`.

Near ones are found in one pass by leaders: an example joins the first group whose leader it resembles, or leads a
new one. Leaders are proposed among those with the same key (what was asked) by MinHash signatures of the answer, cut
into bands; whether they are alike is then looked at exactly, on the texts read again. Of each value, a band remembers
the newest leader only: so 100,000 answers to one question cannot make 10^10 pairs. A leader takes 400 bytes, and there
are no more than MOST: what comes later and resembles none of them is not remembered. A file of 512 MB with examples of
a kilobyte has half as many.
"""

from array import array
from collections.abc import Callable
from functools import lru_cache
from operator import eq
from typing import NamedTuple

from rensa import RMinHash

from jobs.training_data.likeness import answers, are_alike, are_tied, cut, question, surroundings
from jobs.training_data.spoken import Spoken

SLOTS, BANDS, SEED = 128, 16, 42
ROWS = SLOTS // BANDS
SMALLEST = 1024  # places of a band; a power of two
PROPOSED = 0.7  # of the signature, which is off by some hundredths
VERIFIED = 3  # proposals that are read again
MOST = 1_000_000  # leaders

type Read = Callable[[int], Spoken]


class Measure(NamedTuple):
    """What makes two examples near: an equal key, and answers of which `alike` says so."""

    key: Callable[[Spoken, str], int]
    alike: Callable[[str, str], bool]


NEAR = Measure(question, are_alike)  # one of them can go
TIED = Measure(surroundings, are_tied)  # one must not be judged by what the other taught


class Groups:
    """Examples that belong together, under the first of each. Numbers are the caller's own (lines)."""

    def __init__(self) -> None:
        self.members: dict[int, list[int]] = {}

    def join(self, first: int, number: int) -> None:
        self.members.setdefault(first, [first]).append(number)

    def lines(self) -> list[int]:
        return sorted(number for group in self.members.values() for number in group)

    def repeats(self) -> set[int]:
        """All but the first of each."""
        return {number for group in self.members.values() for number in group[1:]}


class Band:
    """Some slots of the signatures: for each key and value that they have, the newest leader with it."""

    def __init__(self, keys: "array[int]", signatures: "array[int]", first: int) -> None:
        self._keys, self._signatures, self._first = keys, signatures, first
        self._count = 0
        self._places = array("I", bytes(4 * SMALLEST))  # leaders from 1; 0 is free

    def newest(self, key: int, signature: "array[int]") -> int | None:
        leader = self._places[self._place(key, self._value(signature))]
        return leader - 1 if leader else None

    def put(self, key: int, signature: "array[int]", leader: int) -> None:
        place = self._place(key, self._value(signature))
        self._count += not self._places[place]
        self._places[place] = leader + 1
        if self._count > len(self._places) // 2:
            self._grow()

    def _grow(self) -> None:
        old, self._places = self._places, array("I", bytes(4 * 4 * len(self._places)))
        for leader in filter(None, old):
            self._places[self._place(self._keys[leader - 1], self._value(self._signatures, leader - 1))] = leader

    def _value(self, signatures: "array[int]", leader: int = 0) -> "array[int]":
        start = leader * SLOTS + self._first
        return signatures[start : start + ROWS]

    def _place(self, key: int, value: "array[int]") -> int:
        """Where the newest leader with this key and value is, or would be."""
        places = self._places
        place = hash((key, value.tobytes())) % len(places)
        while (leader := places[place]) and not self._is(leader - 1, key, value):
            place = (place + 1) % len(places)
        return place

    def _is(self, leader: int, key: int, value: "array[int]") -> bool:
        return self._keys[leader] == key and self._value(self._signatures, leader) == value


class NearDuplicates:
    """Ask `join` once for each example, in order. `read` gives an earlier one again."""

    def __init__(self, read: Read, measure: Measure = NEAR) -> None:
        self.groups = Groups()
        self.forgotten = 0  # examples that came after the last that is remembered, and resemble none
        self._measure = measure
        self._leaders = array("Q")  # their numbers
        self._keys = array("Q")
        self._signatures = array("H")  # SLOTS for each leader
        self._bands = [Band(self._keys, self._signatures, first) for first in range(0, SLOTS, ROWS)]
        self._answer = lru_cache(maxsize=256)(lambda leader: answers(read(self._leaders[leader])))

    def join(self, number: int, example: Spoken) -> None:
        answer = answers(example)
        key = self._measure.key(example, answer)
        signature = _signature(answer)
        proposed = {leader for band in self._bands if (leader := band.newest(key, signature)) is not None}
        leader = self._alike(answer, signature, proposed) if proposed else None
        if leader is not None:
            self.groups.join(self._leaders[leader], number)
        elif len(self._leaders) < MOST:
            self._lead(number, key, signature)
        else:
            self.forgotten += 1

    def _lead(self, number: int, key: int, signature: "array[int]") -> None:
        self._keys.append(key)
        self._signatures.extend(signature)
        for band in self._bands:
            band.put(key, signature, len(self._leaders))
        self._leaders.append(number)

    def _alike(self, answer: str, signature: "array[int]", proposed: set[int]) -> int | None:
        likely = sorted((-self._estimate(leader, signature), leader) for leader in proposed)[:VERIFIED]
        for estimate, leader in likely:
            if -estimate < PROPOSED:
                break
            if self._measure.alike(answer, self._answer(leader)):
                return leader
        return None

    def _estimate(self, leader: int, signature: "array[int]") -> float:
        theirs = self._signatures[leader * SLOTS : (leader + 1) * SLOTS]
        same: int = sum(map(eq, theirs, signature))
        return same / SLOTS


def _signature(text: str) -> "array[int]":
    """Two bytes a slot: as good as four to tell one from another."""
    sketch = RMinHash(num_perm=SLOTS, seed=SEED)
    sketch.update(cut(text))
    return array("H", array("I", sketch.digest()).tobytes())[::2]

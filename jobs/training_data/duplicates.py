"""Examples that are in the file twice, or nearly.

Exact: the same JSON, whatever the order of its keys. Near: a Jaccard similarity of at least 0.8 over runs of four
characters, and answers that are alike too (one document with two questions is no duplicate).

Near ones are found in one pass by leaders: an example joins the first group whose leader it resembles, or leads a
new one. MinHash signatures cut into bands propose leaders; whether they are alike is then counted exactly, on the texts
read again. Of each value, a band remembers the newest leader only: so 100,000 lines from one template cannot make
10^10 pairs. A leader takes 400 bytes, and there are no more than MOST: what comes later and resembles none of them is
not remembered. A file of 512 MB with examples of a kilobyte has half as many.
"""

from array import array
from collections.abc import Callable
from functools import lru_cache
from operator import eq

from rensa import RMinHash

from jobs.training_data.spoken import Spoken

ALIKE = 0.8
ANSWERS_ALIKE = 0.5
SHINGLE = 4
SLOTS, BANDS, SEED = 128, 16, 42
ROWS = SLOTS // BANDS
SMALLEST = 1024  # places of a band; a power of two
PROPOSED = 0.7  # of the signature, which is off by some hundredths
VERIFIED = 3  # proposals that are read again
LONGEST = 20_000  # characters of an example that are compared
MOST = 1_000_000  # leaders

type Shingles = tuple[set[str], set[str]]  # of all, of the answer
type Read = Callable[[int], Spoken]


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
    """Some slots of the signatures: for each value that they have, the newest leader with it."""

    def __init__(self, signatures: "array[int]", first: int) -> None:
        self._signatures, self._first = signatures, first
        self._count = 0
        self._places = array("I", bytes(4 * SMALLEST))  # leaders from 1; 0 is free

    def newest(self, signature: "array[int]") -> int | None:
        leader = self._places[self._place(self._value(signature))]
        return leader - 1 if leader else None

    def put(self, signature: "array[int]", leader: int) -> None:
        place = self._place(self._value(signature))
        self._count += not self._places[place]
        self._places[place] = leader + 1
        if self._count > len(self._places) // 2:
            self._grow()

    def _grow(self) -> None:
        old, self._places = self._places, array("I", bytes(4 * 4 * len(self._places)))
        for leader in filter(None, old):
            self._places[self._place(self._value(self._signatures, leader - 1))] = leader

    def _value(self, signatures: "array[int]", leader: int = 0) -> "array[int]":
        start = leader * SLOTS + self._first
        return signatures[start : start + ROWS]

    def _place(self, value: "array[int]") -> int:
        """Where the newest leader with this value stands, or would."""
        places = self._places
        place = hash(value.tobytes()) % len(places)
        while (leader := places[place]) and self._value(self._signatures, leader - 1) != value:
            place = (place + 1) % len(places)
        return place


class NearDuplicates:
    """Ask `join` once for each example, in order. `read` gives an earlier one again."""

    def __init__(self, read: Read) -> None:
        self.groups = Groups()
        self.forgotten = 0  # examples that came after the last that is remembered, and resemble none
        self._leaders = array("Q")  # their numbers
        self._signatures = array("H")  # SLOTS for each leader
        self._bands = [Band(self._signatures, first) for first in range(0, SLOTS, ROWS)]
        self._shingles = lru_cache(maxsize=256)(lambda leader: _shingles(read(self._leaders[leader])))

    def join(self, number: int, example: Spoken) -> None:
        signature = _signature(_compared(example))
        proposed = {leader for band in self._bands if (leader := band.newest(signature)) is not None}
        leader = self._alike(example, signature, proposed) if proposed else None
        if leader is not None:
            self.groups.join(self._leaders[leader], number)
        elif len(self._leaders) < MOST:
            self._lead(number, signature)
        else:
            self.forgotten += 1

    def _lead(self, number: int, signature: "array[int]") -> None:
        self._signatures.extend(signature)
        for band in self._bands:
            band.put(signature, len(self._leaders))
        self._leaders.append(number)

    def _alike(self, example: Spoken, signature: "array[int]", proposed: set[int]) -> int | None:
        likely = sorted((-self._estimate(leader, signature), leader) for leader in proposed)[:VERIFIED]
        mine: Shingles | None = None
        for estimate, leader in likely:
            if -estimate < PROPOSED:
                break
            mine = mine or _shingles(example)
            if _are_alike(mine, self._shingles(leader)):
                return leader
        return None

    def _estimate(self, leader: int, signature: "array[int]") -> float:
        theirs = self._signatures[leader * SLOTS : (leader + 1) * SLOTS]
        same: int = sum(map(eq, theirs, signature))
        return same / SLOTS


def _compared(example: Spoken) -> str:
    """What is said but for system prompts, which all share."""
    said = "\n".join(text for role, text in example.texts if role not in ("system", "developer"))
    return " ".join(said[:LONGEST].casefold().split())


def _cut(text: str) -> list[str]:
    return [text[at : at + SHINGLE] for at in range(max(1, len(text) - SHINGLE + 1))]


def _signature(text: str) -> "array[int]":
    """Two bytes a slot: as good as four to tell one from another."""
    sketch = RMinHash(num_perm=SLOTS, seed=SEED)
    sketch.update(_cut(text))
    return array("H", array("I", sketch.digest()).tobytes())[::2]


def _shingles(example: Spoken) -> Shingles:
    answer = " ".join((example.answer or "")[:LONGEST].casefold().split())
    return set(_cut(_compared(example))), set(_cut(answer))


def _are_alike(mine: Shingles, theirs: Shingles) -> bool:
    return jaccard(mine[0], theirs[0]) >= ALIKE and jaccard(mine[1], theirs[1]) >= ANSWERS_ALIKE


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)

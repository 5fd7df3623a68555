"""Examples that are in the file twice, or nearly.

Exact: the same JSON, whatever the order of its keys. Near: a Jaccard similarity of at least 0.8 over runs of four
characters, and answers that are alike too (one document with two questions is no duplicate).

Near ones are found in one pass by leaders: an example joins the first group whose leader it resembles, or leads a
new one. MinHash signatures cut into bands propose leaders; whether they are alike is then counted exactly, on the texts
read again. A bucket remembers its newest leader only: so 100,000 lines from one template cannot make 10^10 pairs.
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
PROPOSED = 0.7  # of the signature, which is off by some hundredths
VERIFIED = 3  # proposals that are read again
LONGEST = 20_000  # characters of an example that are compared

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


class NearDuplicates:
    """Ask `join` once for each example, in order. `read` gives an earlier one again."""

    def __init__(self, read: Read) -> None:
        self.groups = Groups()
        self._leaders = array("Q")  # their numbers
        self._signatures = array("I")  # SLOTS for each leader
        self._buckets: list[dict[int, int]] = [{} for _ in range(BANDS)]  # hash of a band: the newest leader with it
        self._shingles = lru_cache(maxsize=256)(lambda leader: _shingles(read(self._leaders[leader])))

    def join(self, number: int, example: Spoken) -> None:
        text = _compared(example)
        signature = _signature(text)
        bands = [hash(tuple(signature[at : at + ROWS])) for at in range(0, SLOTS, ROWS)]
        proposed = {bucket[band] for bucket, band in zip(self._buckets, bands, strict=True) if band in bucket}
        leader = self._alike(example, signature, proposed) if proposed else None
        if leader is not None:
            self.groups.join(self._leaders[leader], number)
            return
        for bucket, band in zip(self._buckets, bands, strict=True):
            bucket[band] = len(self._leaders)
        self._leaders.append(number)
        self._signatures.extend(signature)

    def _alike(self, example: Spoken, signature: list[int], proposed: set[int]) -> int | None:
        likely = sorted((-self._estimate(leader, signature), leader) for leader in proposed)[:VERIFIED]
        mine: Shingles | None = None
        for estimate, leader in likely:
            if -estimate < PROPOSED:
                break
            mine = mine or _shingles(example)
            if _are_alike(mine, self._shingles(leader)):
                return leader
        return None

    def _estimate(self, leader: int, signature: list[int]) -> float:
        theirs = self._signatures[leader * SLOTS : (leader + 1) * SLOTS]
        same: int = sum(map(eq, theirs, signature))
        return same / SLOTS


def _compared(example: Spoken) -> str:
    """What is said but for system prompts, which all share."""
    said = "\n".join(text for role, text in example.texts if role not in ("system", "developer"))
    return " ".join(said[:LONGEST].casefold().split())


def _cut(text: str) -> list[str]:
    return [text[at : at + SHINGLE] for at in range(max(1, len(text) - SHINGLE + 1))]


def _signature(text: str) -> list[int]:
    sketch = RMinHash(num_perm=SLOTS, seed=SEED)
    sketch.update(_cut(text))
    signature: list[int] = sketch.digest()
    return signature


def _shingles(example: Spoken) -> Shingles:
    answer = " ".join((example.answer or "")[:LONGEST].casefold().split())
    return set(_cut(_compared(example))), set(_cut(answer))


def _are_alike(mine: Shingles, theirs: Shingles) -> bool:
    return jaccard(mine[0], theirs[0]) >= ALIKE and jaccard(mine[1], theirs[1]) >= ANSWERS_ALIKE


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)

"""Operations that choose rows and their order: by seed, so that the same seed gives the same file."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from jobs.training_data.operations.rows import Index, Keep, idle, rows, write


def shuffled(count: int, seed: int) -> list[int]:
    """0 … count-1 in an order of its own for each seed.

    Sorted by Random.random(), whose numbers Python promises for ever; those of Random.shuffle it does not.
    """
    lots = Random(seed)  # noqa: S311 - no secret: it is to be drawn again
    keys = [lots.random() for _ in range(count)]
    return sorted(range(count), key=keys.__getitem__)


def shuffle(source: Path, target: Path, seed: int, keep: Keep = idle) -> int:
    index = Index(source, keep)
    return write(target, index.take(shuffled(len(index), seed), keep))


def sample(source: Path, target: Path, count: int, seed: int, keep: Keep = idle) -> int:
    """`count` rows (all, where there are fewer), in the order of the file."""
    index = Index(source, keep)
    return write(target, index.take(sorted(shuffled(len(index), seed)[:count]), keep))


def merge(sources: Sequence[Path], target: Path, keep: Keep = idle) -> int:
    return write(target, (row.raw for source in sources for row in rows(source, keep)))

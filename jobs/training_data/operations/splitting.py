"""Training and validation part of a file: both come from the same plan, and near duplicates stay on one side.

    split_apart(source, target, ratio=0.9, seed=7, part="training", keep=…)

The plan needs to know the whole file, so it is drawn in a process of its own.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.training_data.apart import lines_of
from jobs.training_data.operations.choosing import shuffled
from jobs.training_data.operations.kinship import tied
from jobs.training_data.operations.rows import Index, Keep, idle, rows, write

TRAINING, VALIDATION = "training", "validation"
TOLD_EVERY = 2_000  # rows


def split_apart(source: Path, target: Path, *, ratio: float, seed: int, part: str, keep: Keep = idle) -> None:
    """`split` in a process that ends with it."""
    options = json.dumps({"ratio": ratio, "seed": seed, "part": part})
    for _line in lines_of(__name__, str(source), str(target), options):
        keep()


def split(source: Path, target: Path, *, ratio: float, seed: int, part: str, keep: Keep = idle) -> int:
    """Write one part. Returns its number of rows."""
    groups = tied(row.raw for row in rows(source, keep)).groups()
    held_out = validation(groups, ratio, seed)
    chosen = (number for number, group in enumerate(groups) if (group in held_out) is (part == VALIDATION))
    return write(target, Index(source, keep).take(chosen, keep))


def validation(groups: Sequence[int], ratio: float, seed: int) -> set[int]:
    """The groups that are held out of training: drawn one by one, as long as they fit into 1 - ratio of the rows.

    Where there are two groups or more, neither side is left empty.
    """
    sizes: dict[int, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    names = list(sizes)
    drawn = [names[number] for number in shuffled(len(names), seed)]
    room = round(len(groups) * (1 - ratio))
    chosen: set[int] = set()
    for group in drawn[:-1]:
        if sizes[group] <= room:
            room -= sizes[group]
            chosen.add(group)
    return chosen or set(sorted(drawn, key=sizes.__getitem__)[: len(drawn) > 1])


class Heartbeat:
    """A line now and then: the caller's lease lives on it."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self) -> None:
        self.rows += 1
        if not self.rows % TOLD_EVERY:
            print(self.rows, flush=True)


if __name__ == "__main__":
    split(Path(sys.argv[1]), Path(sys.argv[2]), **json.loads(sys.argv[3]), keep=Heartbeat())

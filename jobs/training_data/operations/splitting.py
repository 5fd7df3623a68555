"""Training and validation part of a file: both come from the same plan, and near duplicates stay on one side.

The plan needs to know the whole file, so it is drawn in a process of its own, see `parts`.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.training_data.apart import tell
from jobs.training_data.codes import Code
from jobs.training_data.duplicates import TIED, NearDuplicates
from jobs.training_data.heartbeat import Heartbeat
from jobs.training_data.operations.choosing import shuffled
from jobs.training_data.operations.kinship import tied
from jobs.training_data.operations.parts import VALIDATION, Answer
from jobs.training_data.operations.rows import Index, Keep, RefusedError, idle, loaded, rows, write
from jobs.training_data.report import fault
from jobs.training_data.spoken import Spoken, spoken


def split(source: Path, target: Path, *, ratio: float, seed: int, part: str, keep: Keep = idle) -> int:
    """Write one part. Returns its number of rows. Raises RefusedError where the other part would be empty."""
    index = Index(source, keep)
    groups = groups_of(source, index, keep)
    held_out = validation(groups, ratio, seed)
    if not held_out:
        raise RefusedError(fault(0, Code.ALL_ALIKE))
    chosen = (number for number, group in enumerate(groups) if (group in held_out) is (part == VALIDATION))
    return write(target, index.take(chosen, keep))


def groups_of(source: Path, index: Index, keep: Keep) -> list[int]:
    """Which rows belong together: by what they share, and by the report's own measure of near duplicates."""
    unions = tied(row.raw for row in rows(source, keep))
    near = NearDuplicates(lambda number: _spoken(next(index.take([number]))), TIED)
    for number, row in enumerate(rows(source, keep)):
        near.join(number, _spoken(row.raw))
    for first, *others in near.groups.members.values():
        for other in others:
            unions.tie(first, other)
    return unions.groups()


def _spoken(raw: bytes) -> Spoken:
    return spoken(loaded(raw))


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


if __name__ == "__main__":
    try:
        split(Path(sys.argv[1]), Path(sys.argv[2]), **json.loads(sys.argv[3]), keep=Heartbeat(lambda: tell(Answer())))
    except RefusedError as refused:
        tell(Answer(refused.fault))

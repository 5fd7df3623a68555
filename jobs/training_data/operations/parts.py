"""The two parts of a split, made in a process that ends with it: near duplicates are found by a heavy library."""

import json
from contextlib import closing
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.operations.rows import Keep, RefusedError, idle
from jobs.training_data.report import Fault
from jobs.training_data.structs import for_threads

TRAINING, VALIDATION = "training", "validation"
SPLITTER = "jobs.training_data.operations.splitting"


@for_threads
class Answer(msgspec.Struct, omit_defaults=True):
    """A line of the splitter: a sign of life, or why it cannot be done."""

    refused: Fault | None = None


def split_apart(source: Path, target: Path, *, ratio: float, seed: int, part: str, keep: Keep = idle) -> None:
    """`splitting.split` in a process of its own. Raises RefusedError."""
    options = json.dumps({"ratio": ratio, "seed": seed, "part": part})
    with closing(lines_of(SPLITTER, str(source), str(target), options)) as lines:
        for line in lines:
            keep()
            if refused := msgspec.json.decode(line, type=Answer).refused:
                raise RefusedError(refused)

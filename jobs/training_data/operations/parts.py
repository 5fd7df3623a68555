"""The two parts of a split, made in a process that ends with it: near duplicates are found by a heavy library."""

import json
from contextlib import closing
from pathlib import Path

from jobs.training_data.apart import lines_of
from jobs.training_data.operations.rows import Keep, idle

TRAINING, VALIDATION = "training", "validation"
SPLITTER = "jobs.training_data.operations.splitting"


def split_apart(source: Path, target: Path, *, ratio: float, seed: int, part: str, keep: Keep = idle) -> None:
    """`splitting.split` in a process of its own."""
    options = json.dumps({"ratio": ratio, "seed": seed, "part": part})
    with closing(lines_of(SPLITTER, str(source), str(target), options)) as lines:
        for _line in lines:
            keep()

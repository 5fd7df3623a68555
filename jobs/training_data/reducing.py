"""A file to the same file with the first of each group of duplicates only.

python -m jobs.training_data.reducing SOURCE TARGET exact_duplicates near_duplicates      lines of JSON: progress
"""

import sys
import time
from collections.abc import Collection
from pathlib import Path

from jobs.training_data.apart import tell
from jobs.training_data.checking import PROGRESS_SECONDS
from jobs.training_data.findings import FindingCode, Heard, OnProgress
from jobs.training_data.reading import lines
from jobs.training_data.report import LIMITS, Progress
from jobs.training_data.twins import Twins


def reduce_file(source: Path, target: Path, drop: Collection[str], progress: OnProgress) -> int:
    """Returns how many examples were left out. Lines that stay are copied byte by byte."""
    gone = _repeats(source, drop, progress)
    with source.open("rb") as stream, target.open("wb") as out:
        for line in lines(stream, LIMITS.line_bytes):
            if line.number not in gone:
                out.write(line.raw + b"\n")
    return len(gone)


def _repeats(source: Path, drop: Collection[str], progress: OnProgress) -> set[int]:
    told, size = time.monotonic(), source.stat().st_size
    with source.open("rb") as stream, source.open("rb") as again:
        twins = Twins(again)
        for line in lines(stream, LIMITS.line_bytes):
            twins.add(line)
            if (now := time.monotonic()) - told >= PROGRESS_SECONDS:
                told = now
                progress(Progress(line.end, size, line.number))
    groups = {FindingCode.EXACT_DUPLICATES.value: twins.exact, FindingCode.NEAR_DUPLICATES.value: twins.near}
    return {number for code in drop for number in groups[code].repeats()}


if __name__ == "__main__":
    reduce_file(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:], lambda done: tell(Heard(progress=done)))

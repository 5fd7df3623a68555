"""Checks a training file from its first byte to its last, in flat memory: every fault, every count.

    report = check(path)                    what a page shows
    for fault in iter_faults(path): …       every fault, for a CSV of any length

Any bytes whatsoever give a report. Only the file system can raise (OSError).
"""

import collections
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from jobs.training_data.ahead import Ahead
from jobs.training_data.codes import Code
from jobs.training_data.counting import Counter
from jobs.training_data.reading import blocks
from jobs.training_data.report import LIMITS, Fault, Limits, Progress, Report, fault
from jobs.training_data.sniffing import HEAD_BYTES, sniff
from jobs.training_data.tally import Tally

PROGRESS_SECONDS = 0.5
BUFFER_BYTES = 1024 * 1024

OnProgress = Callable[[Progress], None]
OnFault = Callable[[Fault], None]


def check(
    path: Path,
    progress: OnProgress | None = None,
    limits: Limits = LIMITS,
    on_fault: OnFault | None = None,
) -> Report:
    """The whole report. `progress` hears of it about twice a second, `on_fault` of every fault."""
    with path.open("rb", buffering=BUFFER_BYTES) as stream, Counter(stream.fileno(), _size(stream)) as counter:
        tally = Tally(limits, counter)
        report, told = tally.report, collections.Counter[str]()
        for found in _walk(stream, tally, progress):
            told[found.code] += 1
            if len(report.faults) < limits.faults_kept:
                report.faults.append(found)
            if on_fault:
                on_fault(found)
        tally.count_rest()
    report.fault_counts, report.fault_count = dict(told), told.total()
    report.ok, report.format = not told, tally.format
    report.warnings = list(tally.warnings())
    return report


def iter_faults(path: Path, limits: Limits = LIMITS) -> Iterator[Fault]:
    """Every fault that check() would count, without counting tokens: much faster."""
    with path.open("rb", buffering=BUFFER_BYTES) as stream:
        yield from _walk(stream, Tally(limits), None)


def _size(stream: IO[bytes]) -> int:
    return os.fstat(stream.fileno()).st_size


def _walk(stream: IO[bytes], tally: Tally, progress: OnProgress | None) -> Iterator[Fault]:
    tally.report.bytes = size = _size(stream)
    if unfit := sniff(stream.read(HEAD_BYTES), size):
        yield unfit
    else:
        stream.seek(0)
        tally.ahead = Ahead(stream, size)
        yield from _bounded(_block_faults(stream, tally, progress), tally.limits.faults_before_stop)
        if not tally.stopped:
            yield from tally.whole_file_faults()
    if progress:
        progress(Progress(size, size, tally.report.lines))


def _bounded(faults: Iterator[Fault], most: int) -> Iterator[Fault]:
    last = fault(0, Code.TOO_MANY_FAULTS, limit=most)
    for found in islice(faults, most):
        last = found
        yield found
    if next(faults, None):
        yield fault(last.line, Code.TOO_MANY_FAULTS, limit=most).at(last.offset)


def _block_faults(stream: IO[bytes], tally: Tally, progress: OnProgress | None) -> Iterator[Fault]:
    told = float("-inf")  # the first block is told of at once: somebody may be looking
    for block in blocks(stream, tally.limits.line_bytes):
        yield from tally.block_faults(block)
        if tally.stopped:
            return
        if progress and (now := time.monotonic()) - told >= PROGRESS_SECONDS:
            told = now
            progress(Progress(block.end, tally.report.bytes, tally.report.lines))

"""Checks a training file from its first byte to its last, in flat memory: every fault, every count.

    report = check(path)                    what a page shows
    for fault in iter_faults(path): …       every fault, for a CSV of any length

Any bytes whatsoever give a report. Only the file system can raise (OSError).
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from jobs.training_data.codes import Code
from jobs.training_data.decoding import UnreadableError, decode
from jobs.training_data.formats import example_faults
from jobs.training_data.reading import BOM, Line, for_display, lines
from jobs.training_data.report import LIMITS, Fault, Format, Limits, Longest, Progress, Report, fault
from jobs.training_data.sniffing import HEAD_BYTES, sniff
from jobs.training_data.tokens import count_example, count_text

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
    tally = Tally(limits, counting=True)
    report, counts = tally.report, Counter[str]()
    for found in _walk(path, tally, progress):
        counts[found.code] += 1
        if len(report.faults) < limits.faults_kept:
            report.faults.append(found)
        if on_fault:
            on_fault(found)
    report.fault_counts, report.fault_count = dict(counts), counts.total()
    report.ok, report.format = not counts, tally.format
    report.warnings = list(tally.warnings())
    return report


def iter_faults(path: Path, limits: Limits = LIMITS) -> Iterator[Fault]:
    """Every fault that check() would count, without counting tokens: much faster."""
    return _walk(path, Tally(limits, counting=False), None)


def _walk(path: Path, tally: "Tally", progress: OnProgress | None) -> Iterator[Fault]:
    with path.open("rb", buffering=BUFFER_BYTES) as stream:
        tally.report.bytes = size = os.fstat(stream.fileno()).st_size
        if unfit := sniff(stream.read(HEAD_BYTES), size):
            yield unfit
        else:
            stream.seek(0)
            yield from _bounded(_line_faults(stream, tally, progress), tally.limits.faults_before_stop)
            yield from tally.whole_file_faults()
    if progress:
        progress(Progress(size, size, tally.report.lines))


def _bounded(faults: Iterator[Fault], most: int) -> Iterator[Fault]:
    last = 0
    for found in islice(faults, most):
        last = found.line
        yield found
    if next(faults, None):
        yield fault(last, Code.TOO_MANY_FAULTS, limit=most)


def _line_faults(stream: IO[bytes], tally: "Tally", progress: OnProgress | None) -> Iterator[Fault]:
    told = time.monotonic()
    for line in lines(stream, tally.limits.line_bytes):
        tally.report.lines = line.number
        yield from tally.line_faults(line)
        if progress and (now := time.monotonic()) - told >= PROGRESS_SECONDS:
            told = now
            progress(Progress(line.end, tally.report.bytes, line.number))


class Tally:
    """What is known of the file so far."""

    def __init__(self, limits: Limits, counting: bool) -> None:
        self.limits = limits
        self.counting = counting
        self.report = Report(faults=[], fault_counts={}, warnings=[], sample=[])
        self.format: Format = "unknown"
        self.format_line = 0
        self.tried = 0  # lines meant as examples, faulty ones included
        self.warned: dict[Code, tuple[int, int]] = {}  # how often, first line

    def line_faults(self, line: Line) -> Iterator[Fault]:
        if line.number == 1 and line.raw.startswith(BOM):
            yield fault(1, Code.BOM, 1)
            line = line._replace(raw=line.raw.removeprefix(BOM))
        if line.too_long:
            self.tried += 1
            yield fault(line.number, Code.LINE_TOO_LONG, limit=self.limits.line_bytes // 1024 // 1024)
        elif not line.raw or line.raw.isspace():
            yield fault(line.number, Code.EMPTY_LINE)
        else:
            self.tried += 1
            yield from self._example(line)

    def _example(self, line: Line) -> Iterator[Fault]:
        try:
            example = decode(line, self.limits)
        except UnreadableError as unreadable:
            yield unreadable.fault
            return
        found = list(islice(self._example_faults(line.number, example), self.limits.faults_per_line))
        yield from found
        if not found:
            self._good(line.number, example)

    def _example_faults(self, line: int, example: dict[str, Any]) -> Iterator[Fault]:
        kind, faults = example_faults(line, example)
        if self.format == "unknown":
            self.format, self.format_line = kind, line
        elif kind not in (self.format, "unknown"):
            yield fault(line, Code.MIXED_FORMATS, found=kind, expected=self.format, first=self.format_line)
        yield from faults

    def _good(self, line: int, example: dict[str, Any]) -> None:
        report = self.report
        report.examples += 1
        if self.counting:
            tokens = _tokens(example)
            report.tokens += tokens
            if tokens > report.longest.tokens:
                report.longest = Longest(line, tokens)
            if tokens > self.limits.example_tokens:
                self._warn(Code.LONG_EXAMPLES, line)
        if len(report.sample) < self.limits.sample:
            report.sample.append(for_display(example))
        if "messages" in example:
            self._look_at_answers(line, example["messages"])

    def _look_at_answers(self, line: int, messages: list[dict[str, Any]]) -> None:
        if messages[-1]["role"] != "assistant":
            self._warn(Code.LAST_NOT_ASSISTANT, line)
        for message in messages:
            if message["role"] == "assistant" and message.get("content") == "":
                self._warn(Code.EMPTY_ANSWERS, line)
                break

    def _warn(self, code: Code, line: int) -> None:
        count, first = self.warned.get(code, (0, line))
        self.warned[code] = count + 1, first

    def whole_file_faults(self) -> Iterator[Fault]:
        if not self.tried:
            yield fault(0, Code.NO_EXAMPLES)
        elif self.tried < self.limits.min_examples:
            yield fault(0, Code.TOO_FEW_EXAMPLES, examples=self.tried, minimum=self.limits.min_examples)

    def warnings(self) -> Iterator[Fault]:
        if self.limits.min_examples <= self.tried < self.limits.few_examples:
            yield fault(0, Code.FEW_EXAMPLES, examples=self.tried, advised=self.limits.few_examples)
        for code, (count, first) in self.warned.items():
            extra = {"limit": self.limits.example_tokens} if code is Code.LONG_EXAMPLES else {}
            yield fault(first, code, count=count, **extra)


def _tokens(example: dict[str, Any]) -> int:
    if "messages" in example:
        beside = {key: value for key, value in example.items() if key != "messages"} if len(example) > 1 else None
        return count_example(example["messages"], beside)
    return count_text(example["prompt"]) + count_text(example["completion"])

"""What a check knows of the file so far."""

import re
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any

from jobs.training_data.ahead import Ahead
from jobs.training_data.codes import WARNINGS, Code
from jobs.training_data.counting import Counter, Span
from jobs.training_data.decoding import UnreadableError, decode
from jobs.training_data.empty_keys import without_empty
from jobs.training_data.formats import example_faults, is_undecided, kind_of
from jobs.training_data.images import count_images
from jobs.training_data.plain import plain_examples
from jobs.training_data.reading import BOM, Block, Line, for_display
from jobs.training_data.reinforcement import grader_keys
from jobs.training_data.remarks import remarks
from jobs.training_data.report import Fault, Format, Limits, Longest, Report, fault, printable
from jobs.training_data.waiting import Waiting

TORN = (Code.BROKEN_LINE, Code.SINGLE_QUOTES)  # perhaps the object ends on a later line
UNSEEN = re.compile(b"(?:\xef\xbb\xbf|\xe2\x80\x8b|\xe2\x81\xa0)+")  # BOM, and the two others of zero width


class Tally:
    """Without a counter no tokens are counted, which is much faster."""

    def __init__(self, limits: Limits, counter: Counter | None = None) -> None:
        self.limits = limits
        self.counter = counter
        self.report = Report(faults=[], fault_counts={}, warnings=[], sample=[])
        self.format: Format = "unknown"
        self.format_line = 0
        self.waiting = Waiting(limits.sample)  # questions alone, before anything told the format
        self.ahead: Ahead | None = None  # reads on in the file; without it nothing is known of the next lines
        self.stopped = False  # the lines are no lines: what follows says nothing
        self.tried = 0  # lines meant as examples, faulty ones included
        self.with_images = 0
        self.grader_keys: frozenset[str] | None = None
        self.warned: dict[Code, tuple[int, int, int]] = {}  # how often; the first line, and its offset

    def block_faults(self, block: Block) -> Iterator[Fault]:
        if not self._takes_plain(block):
            for line in block.lines(self.report.lines + 1):
                yield from self.line_faults(line)
                if self.stopped:
                    return

    def _takes_plain(self, block: Block) -> bool:
        """Tell whether all lines of the block could be taken at once. The first examples are shown, so looked at."""
        if self.format != "chat" or len(self.report.sample) < self.limits.sample:
            return False
        if (plain := plain_examples(block.raw)) is None:
            return False
        self._count(len(plain), self.report.lines + 1, block.start, block.end)
        self.tried += len(plain)
        self.report.lines += len(plain)
        return True

    def line_faults(self, line: Line) -> Iterator[Fault]:
        """The exact road. Each fault gets the offset of its line, or of its character where the column is known."""
        self.report.lines = line.number
        if unseen := UNSEEN.match(line.raw):
            only_mark = line.number == 1 and unseen[0] == BOM
            yield fault(line.number, Code.BOM if only_mark else Code.BOM_INSIDE, 1).at(line.start)
            line = line._replace(raw=line.raw[unseen.end() :], start=line.start + unseen.end())
        for found in self._line_faults(line):
            earlier = found.line != line.number
            yield found if earlier else found.at(line.start + _bytes_before(line.raw, found.column))

    def _line_faults(self, line: Line) -> Iterator[Fault]:
        if not line.raw or line.raw.isspace():
            if not self.ahead or self.ahead.has_more(line):  # empty lines at the end do no harm
                yield fault(line.number, Code.EMPTY_LINE)
            return
        self.tried += 1
        try:
            example = decode(line, self.limits)
        except UnreadableError as unreadable:
            yield self._unreadable(line, unreadable.fault)
        else:
            yield from self._example(line, example)

    def _unreadable(self, line: Line, found: Fault) -> Fault:
        if found.code in TORN and self.ahead and (code := self.ahead.goes_on(line)):
            self.stopped = True
            near = printable(line.raw[:20].decode(errors="replace"))
            return fault(line.number, code, near=near) if code is Code.PYTHON else fault(line.number, code)
        self.stopped = found.code == Code.CR_LINE_ENDS
        return found

    def _example(self, line: Line, example: dict[str, Any]) -> Iterator[Fault]:
        example, empty = without_empty(example)
        kind = kind_of(example, self.format)
        if waits := self.format == "unknown" and is_undecided(kind, example):
            kind = "reinforcement"
        elif self.format == "unknown" and kind != "unknown":
            self.format, self.format_line = kind, line.number
            yield from self._settle()
        found = list(islice(self._example_faults(line.number, kind, example, empty), self.limits.faults_per_line))
        yield from found
        if not found:
            self._wait(line, example) if waits else self._good(line, kind, example)

    def _example_faults(self, line: int, kind: Format, example: dict[str, Any], empty: list[str]) -> Iterator[Fault]:
        if empty:
            yield fault(line, Code.KEYS_WITHOUT_VALUE, keys=printable(", ".join(empty)))
        if self.format not in (kind, "unknown") and kind != "unknown":
            yield fault(line, Code.MIXED_FORMATS, found=kind, expected=self.format, first=self.format_line)
        yield from example_faults(line, kind, example)

    def _settle(self) -> Iterator[Fault]:
        """What waited is good where a grader judges, and lacks its answer elsewhere."""
        waiting, self.waiting = self.waiting, Waiting(self.limits.sample)
        if self.format == "reinforcement":
            self._take(waiting)
        else:
            yield from (fault(line, Code.NO_ASSISTANT).at(start) for line, start, _end in waiting.places())

    def _take(self, questions: Waiting) -> None:
        self.format = "reinforcement"
        self.report.sample += questions.shown
        for line, start, end in questions.places():
            self._count(1, line, start, end)
            self._look_at_grader_keys(line, start, frozenset())

    def _good(self, line: Line, kind: Format, example: dict[str, Any]) -> None:
        self._count(1, line.number, line.start, line.end)
        if len(self.report.sample) < self.limits.sample:
            self.report.sample.append(for_display(example))
        for code in remarks(kind, example):
            self._warn(code, line.number, line.start)
        if kind == "reinforcement":
            self._look_at_grader_keys(line.number, line.start, grader_keys(example))
        if "messages" in example and count_images(example["messages"]):
            self.with_images += 1

    def _wait(self, line: Line, example: dict[str, Any]) -> None:
        self.waiting.add(line.number, line.start, line.end, for_display(example))
        if self.waiting.is_full:
            waiting, self.waiting = self.waiting, Waiting()
            self._take(waiting)

    def _look_at_grader_keys(self, line: int, start: int, keys: frozenset[str]) -> None:
        if not keys:
            self._warn(Code.NO_GRADER_KEYS, line, start)
        if self.grader_keys is None:
            self.grader_keys = keys
        elif keys != self.grader_keys:
            self._warn(Code.GRADER_KEYS_DIFFER, line, start)

    def _count(self, examples: int, number: int, start: int, end: int) -> None:
        self.report.examples += examples
        if self.counter:
            for counted in self.counter.add(number, start, end):
                self._counted(*counted)

    def count_rest(self) -> None:
        for counted in self.counter.rest() if self.counter else ():
            self._counted(*counted)

    def _counted(self, span: Span, counts: "array[int]") -> None:
        """Spans come in any order, and what is told of them does not depend on it."""
        report, top = self.report, max(counts)
        report.tokens += sum(counts)
        line = span.number + counts.index(top)
        if (top, -line) > (report.longest.tokens, -report.longest.line):
            report.longest = Longest(line, top)
        if top > self.limits.example_tokens:
            for index, tokens in enumerate(counts):
                if tokens > self.limits.example_tokens and self.counter:
                    self._warn(Code.LONG_EXAMPLES, span.number + index, span.start_of(self.counter.fd, index))

    def _warn(self, code: Code, line: int, offset: int) -> None:
        count, first, at = self.warned.get(code, (0, line, offset))
        self.warned[code] = (count + 1, *min((first, at), (line, offset)))

    def whole_file_faults(self) -> Iterator[Fault]:
        limits, examples = self.limits, self.report.examples
        if self.waiting:
            self._take(self.waiting)
        if not self.tried:
            yield fault(0, Code.NO_EXAMPLES)
        elif self.tried < limits.min_examples:
            yield fault(0, Code.TOO_FEW_EXAMPLES, examples=self.tried, minimum=limits.min_examples)
        if self.format == "reinforcement" and examples > limits.reinforcement_examples:
            yield fault(0, Code.TOO_MANY_EXAMPLES, examples=examples, limit=limits.reinforcement_examples)
        if self.with_images > limits.image_examples:
            yield fault(0, Code.TOO_MANY_IMAGE_EXAMPLES, examples=self.with_images, limit=limits.image_examples)

    def warnings(self) -> Iterator[Fault]:
        if self.limits.min_examples <= self.tried < self.limits.few_examples:
            yield fault(0, Code.FEW_EXAMPLES, examples=self.tried, advised=self.limits.few_examples)
        if Code.GRADER_KEYS_DIFFER in self.warned:
            self.warned.pop(Code.NO_GRADER_KEYS, None)  # the same, said of some lines
        for code in sorted(WARNINGS & self.warned.keys(), key=list(Code).index):
            count, first, offset = self.warned[code]
            extra = {"limit": self.limits.example_tokens} if code is Code.LONG_EXAMPLES else {}
            yield fault(first, code, count=count, **extra).at(offset)


def _bytes_before(raw: bytes, column: int | None) -> int:
    """How many bytes of the line stand before a column, which counts characters from 1."""
    if column is None:
        return 0
    return len(raw.decode("utf-8", "surrogateescape")[: column - 1].encode("utf-8", "surrogateescape"))

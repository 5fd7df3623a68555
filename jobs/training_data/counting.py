"""Exact token counts of the good lines of a file, on two cores.

The tokenizer keeps the GIL, so the second core needs a process of its own: `python -m jobs.training_data.counting FD`
counts the spans of the file that it is told, and ends when nobody tells it any more, however its parent ended. The
parent counts too, whenever the other has enough to do. What is counted where makes no difference to any total.
"""

import os
import select
import struct
import subprocess
import sys
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec
import orjson

from jobs.training_data.plain import DECODER
from jobs.training_data.tokens import count_line, count_plain

ROOT = Path(__file__).resolve().parents[2]
SPAN_BYTES = 256 * 1024
AHEAD = 2  # spans that wait for the other process
HELP_FROM = 4 * 1024 * 1024  # a smaller file is counted before another process has loaded its tokenizer
TASK = struct.Struct("<QQ")
ANSWER = struct.Struct("<I")


class Span(NamedTuple):
    """Good lines that follow one another."""

    number: int  # of the first line
    start: int
    end: int  # bytes of the file

    def read(self, fd: int) -> bytes:
        return os.pread(fd, self.end - self.start, self.start)

    def start_of(self, fd: int, index: int) -> int:
        """The byte where its line `index` (from 0) begins."""
        return self.start + sum(len(line) + 1 for line in self.read(fd).split(b"\n")[:index])


type Counted = tuple[Span, "array[int]"]


def counts(raw: bytes) -> "array[int]":
    """Tokens of each line, all of which are good examples."""
    return array("I", [_count(line) for line in raw.split(b"\n") if line])


def _count(line: bytes) -> int:
    try:
        return count_plain(DECODER.decode(line).messages)
    except msgspec.ValidationError:
        return count_line(orjson.loads(line))


class Counter:
    """Takes lines in order, and gives the counts of spans of them in any order."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.span: Span | None = None
        self.helper = _Helper(fd) if size >= HELP_FROM and (os.process_cpu_count() or 1) > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.helper:
            self.helper.close()

    def add(self, number: int, start: int, end: int) -> Iterator[Counted]:
        """Lines from `number` on, in these bytes."""
        if self.span and self.span.end == start and end - self.span.start <= SPAN_BYTES:
            self.span = self.span._replace(end=end)
            return
        yield from self._count()
        self.span = Span(number, start, end)

    def rest(self) -> Iterator[Counted]:
        yield from self._count()
        self.span = None
        while self.helper and self.helper.pending:
            yield self.helper.receive()

    def _count(self) -> Iterator[Counted]:
        while self.helper and self.helper.has_answered():
            yield self.helper.receive()
        if self.span and self.helper and len(self.helper.pending) < AHEAD:
            self.helper.send(self.span)
        elif self.span:
            yield self.span, counts(self.span.read(self.fd))


class _Helper:
    def __init__(self, fd: int) -> None:
        self.pending: deque[Span] = deque()
        self.process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-m", "jobs.training_data.counting", str(fd)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=ROOT,
            pass_fds=[fd],
        )
        self.target, self.source = self.process.stdin.fileno(), self.process.stdout.fileno()  # type: ignore[union-attr]

    def send(self, span: Span) -> None:
        self.pending.append(span)
        _write(self.target, TASK.pack(span.start, span.end))

    def has_answered(self) -> bool:
        return bool(self.pending) and bool(select.select([self.source], [], [], 0)[0])

    def receive(self) -> Counted:
        (size,) = ANSWER.unpack(_read(self.source, ANSWER.size))
        return self.pending.popleft(), array("I", _read(self.source, size))

    def close(self) -> None:
        self.process.kill()
        with self.process:  # closes the pipes and waits
            pass


def _read(fd: int, size: int) -> bytes:
    """Exactly so many bytes. Raises ChildProcessError where the other end is gone."""
    read = b""
    while len(read) < size:
        if not (some := os.read(fd, size - len(read))):
            raise ChildProcessError("the other process that counted tokens is gone")
        read += some
    return read


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def answer(fd: int) -> None:
    """Count what comes in on standard input, until nobody asks or listens any more."""
    with suppress(ChildProcessError, BrokenPipeError):
        while True:
            start, end = TASK.unpack(_read(0, TASK.size))
            counted = counts(Span(0, start, end).read(fd)).tobytes()
            _write(1, ANSWER.pack(len(counted)) + counted)


if __name__ == "__main__":
    answer(int(sys.argv[1]))

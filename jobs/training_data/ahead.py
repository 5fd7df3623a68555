"""What comes after a line, for the few lines where it matters."""

import os
from collections.abc import Callable
from typing import IO

from jobs.training_data import python
from jobs.training_data.codes import Code
from jobs.training_data.objects import end_of_object
from jobs.training_data.reading import Line

CHUNK = 64 * 1024
WINDOWS = (CHUNK, 8 * 1024 * 1024)  # how far an object is followed
MOST_TRIES = 20  # where that many lines break off for another reason, the others do too


class Ahead:
    def __init__(self, stream: IO[bytes], size: int) -> None:
        fd = stream.fileno()
        self._read: Callable[[int, int], bytes] = lambda count, start: os.pread(fd, count, start)
        self._size = size
        self._content_end: int | None = None
        self._tries = 0

    def has_more(self, line: Line) -> bool:
        """Whether anything but white space follows."""
        if self._content_end is None:
            self._content_end = self._find_content_end()
        return line.end < self._content_end

    def _find_content_end(self) -> int:
        """The file from its end on."""
        end = self._size
        while end > 0:
            start = max(0, end - CHUNK)
            if content := self._read(end - start, start).rstrip():
                return start + len(content)
            end = start
        return 0

    def goes_on(self, line: Line) -> Code | None:
        """What it means that the object on the line ends on a later one, if it does."""
        for window in WINDOWS:
            if self._tries >= MOST_TRIES:
                return None
            self._tries += 1
            text = self._read(window, line.start).decode(errors="ignore").lstrip()
            if (end := end_of_object(text)) is not None:
                return Code.SPREAD_OVER_LINES if "\n" in text[:end] else None
            if python.value(text.partition("\n{")[0]) is not None:
                return Code.PYTHON
        return None

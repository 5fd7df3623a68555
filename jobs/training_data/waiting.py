"""Questions alone, before anything tells what the file is: examples for a grader, or chats that lack answers."""

from array import array
from collections.abc import Iterator
from typing import Any

MOST = 100_000  # then the file is taken for questions


class Waiting:
    """Where they are, in 24 bytes each, and the first of them for display."""

    def __init__(self, shown: int = 0) -> None:
        self._places = array("Q")
        self._most_shown = shown
        self.shown: list[list[dict[str, Any]]] = []

    def __bool__(self) -> bool:
        return bool(self._places)

    @property
    def is_full(self) -> bool:
        return len(self._places) >= 3 * MOST

    def add(self, line: int, start: int, end: int, messages: list[dict[str, Any]]) -> None:
        self._places.extend((line, start, end))
        if len(self.shown) < self._most_shown:
            self.shown.append(messages)

    def places(self) -> Iterator[tuple[int, int, int]]:
        """Line, and the bytes of the file before it and up to its end."""
        places = iter(self._places)
        return zip(places, places, places, strict=True)

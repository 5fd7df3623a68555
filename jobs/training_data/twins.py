"""Exact and near duplicates of a file, line by line."""

from array import array
from typing import IO, Any

from jobs.training_data.compact import Firsts
from jobs.training_data.duplicates import Groups, NearDuplicates
from jobs.training_data.leakage import BYTES, digest
from jobs.training_data.reading import Line
from jobs.training_data.spoken import Spoken, loaded, spoken


class Twins:
    """Tell it every line of the file, in order. `again` reads the same bytes, at other places.

    An exact duplicate is not looked at for near ones, so no line is in a group of both but as its first.
    """

    def __init__(self, again: IO[bytes]) -> None:
        self.digests = array("Q")  # one a line
        self.exact = Groups()
        self._again = again
        self._starts = array("Q", [0])  # of line 1, 2, …
        self._firsts = Firsts()  # of a digest: its first line
        self._near = NearDuplicates(self._spoken)

    @property
    def near(self) -> Groups:
        return self._near.groups

    @property
    def forgotten(self) -> int:
        """Examples to which later ones were not compared, for there are too many."""
        return self._near.forgotten

    def add(self, line: Line) -> dict[str, Any] | None:
        """The example on the line, if it is one."""
        example = None if line.too_long else loaded(line.raw)
        self._starts.append(line.end)
        self.digests.frombytes(digest(example) if example else line.number.to_bytes(BYTES))
        if example:
            self._compare(line.number, example)
        return example

    def _compare(self, number: int, example: dict[str, Any]) -> None:
        first = self._firsts.setdefault(self.digests[-1], number)
        if first == number:
            self._near.join(number, spoken(example))
        else:
            self.exact.join(first, number)

    def _spoken(self, number: int) -> Spoken:
        self._again.seek(self._starts[number - 1])
        return spoken(loaded(self._again.readline()) or {})

"""Has tables read in a process of its own. The readers' memory ends with it, and so does a reader that hangs."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.operations.rows import Keep, RefusedError, idle
from jobs.training_data.report import Fault
from jobs.training_data.tables.shapes import Look, Mapping, Way

READER = "jobs.training_data.tables"


class Order(msgspec.Struct):
    """Without a target: a first look."""

    path: str
    name: str
    way: Way
    mapping: Mapping = Mapping()
    target: str = ""


class Answer(msgspec.Struct, omit_defaults=True):
    """A line of the reader: a sign of life, or the end of it."""

    look: Look | None = None
    refused: Fault | None = None


def look(path: Path, name: str, way: Way) -> Look:
    """A first look at the table at `path`, which came under `name`. Raises OSError."""
    path.stat()
    for answer in _answers(Order(str(path), name, way)):
        if answer.look:
            return answer.look
    raise ChildProcessError("the reader of tables said nothing")


def convert(path: Path, name: str, way: Way, mapping: Mapping, target: Path, keep: Keep = idle) -> None:
    """Write the chat examples of a table to `target`. Raises RefusedError."""
    for answer in _answers(Order(str(path), name, way, mapping, str(target))):
        keep()
        if answer.refused:
            raise RefusedError(answer.refused)


def _answers(order: Order) -> Iterator[Answer]:
    with closing(lines_of(READER, msgspec.json.encode(order).decode())) as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=Answer)

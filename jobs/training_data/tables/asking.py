"""Has tables read in a process of its own. The readers' memory ends with it, and so does a reader that hangs."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.operations.rows import Keep, RefusedError, idle
from jobs.training_data.report import Fault
from jobs.training_data.structs import for_threads
from jobs.training_data.tables.shapes import Look, Mapping, Way

READER = "jobs.training_data.tables"


@for_threads
class Order(msgspec.Struct):
    """Without a target: a first look. Without a mapping: the reader's own guess."""

    path: str
    name: str
    way: Way
    mapping: Mapping | None = None
    target: str = ""


class Made(msgspec.Struct):
    """What became of a table."""

    examples: int
    format: str
    columns: list[str]
    mapping: Mapping
    notes: list[Fault]


@for_threads
class Answer(msgspec.Struct, omit_defaults=True):
    """A line of the reader: a sign of life, or the end of it."""

    look: Look | None = None
    made: Made | None = None
    refused: Fault | None = None


def look(path: Path, name: str, way: Way, mapping: Mapping | None = None) -> Look:
    """A first look at the table at `path`, which came under `name`. Raises OSError."""
    path.stat()
    for answer in _answers(Order(str(path.absolute()), name, way, mapping)):
        if answer.look:
            return answer.look
    raise ChildProcessError("the reader of tables said nothing")


def convert(path: Path, name: str, way: Way, mapping: Mapping | None, target: Path, keep: Keep = idle) -> Made:
    """Write the examples of a table to `target`. Raises RefusedError, OSError."""
    path.stat()
    for answer in _answers(Order(str(path.absolute()), name, way, mapping, str(target.absolute()))):
        keep()
        if answer.refused:
            raise RefusedError(answer.refused)
        if answer.made:
            return answer.made
    raise ChildProcessError("the reader of tables said nothing")


def _answers(order: Order) -> Iterator[Answer]:
    with closing(lines_of(READER, msgspec.json.encode(order).decode())) as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=Answer)

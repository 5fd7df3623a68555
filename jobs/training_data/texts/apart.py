"""Reads a text in a process of its own. Web and worker import this and `texts.found`, never a reader."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.texts.found import Found, Said

RUN = "jobs.training_data.texts.run"


def read_apart(path: Path, kind: str, target: Path, encoding: str, progress: Callable[[Said], None]) -> Found:
    """Write the text of `path` to `target` as UTF-8. What `progress` raises ends it; ChildProcessError: it died."""
    lines = lines_of(RUN, str(path), kind, str(target), encoding)
    try:
        for line in lines:
            said = msgspec.json.decode(line, type=Said)
            if said.found:
                return said.found
            progress(said)
    finally:
        lines.close()
    raise ChildProcessError("the reader said nothing")

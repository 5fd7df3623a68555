"""Heavy work in a process of its own, which ends with it.

The tokenizer takes 65 MB that Python never gives back, and the readers of tables and PDFs as much: a worker would keep
them for a check a week. And such work keeps one core busy; in a thread it would keep all other tasks of the worker
waiting. So web, worker and beat import none of those libraries: modules that need them are run by `lines_of`.
"""

import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec

from jobs.training_data.checking import OnProgress, check
from jobs.training_data.estimating import Estimate, estimate
from jobs.training_data.report import Progress, Report
from jobs.training_data.structs import for_threads

ESTIMATE_FROM = 8 * 1024 * 1024  # bytes; a smaller file is checked as soon
ROOT = Path(__file__).resolve().parents[2]


@for_threads
class Told(msgspec.Struct, omit_defaults=True):
    """A line from one process to the other: how far it is, or the end of it."""

    estimate: Estimate | None = None
    progress: Progress | None = None
    report: Report | None = None


def lines_of(module: str, *words: str) -> Generator[bytes]:
    """The lines that `python -m module words…` writes, as they come. Close the iterator, and the process is killed.

    Raises ChildProcessError where it ended badly.
    """
    line = [sys.executable, "-m", module, *words]
    with subprocess.Popen(line, stdout=subprocess.PIPE, cwd=ROOT) as process:  # noqa: S603 - our own code and paths
        try:
            yield from process.stdout or ()
            process.wait()
        finally:
            process.kill()
    if process.returncode:
        raise ChildProcessError(f"{module} ended with {process.returncode}")


def tell(told: msgspec.Struct) -> None:
    """Write a line. Where nobody listens any more (the worker was killed) this ends the process."""
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


def check_apart(path: Path, progress: OnProgress, estimated: Callable[[Estimate], None] | None = None) -> Report:
    """What `checking.check` returns. Raises OSError, as it does; whatever `progress` raises ends the check.

    `estimated` hears, before the check of a large file begins, what it will count about.
    """
    path.stat()  # FileNotFoundError belongs to the caller
    answers = lines_of(__name__, str(path))
    try:
        for answer in answers:
            told = msgspec.json.decode(answer, type=Told)
            if told.report:
                return told.report
            if told.estimate and estimated:
                estimated(told.estimate)
            if told.progress:
                progress(told.progress)
    finally:
        answers.close()
    raise ChildProcessError("the check said nothing")


def main(path: Path) -> None:
    if path.stat().st_size >= ESTIMATE_FROM and (about := estimate(path)):
        tell(Told(estimate=about))
    tell(Told(report=check(path, progress=lambda done: tell(Told(progress=done)))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

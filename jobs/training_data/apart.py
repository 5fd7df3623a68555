"""The check in a process of its own, which ends with it.

The tokenizer takes 65 MB that Python never gives back: a worker would keep them for a check a week. And a check keeps
one core busy; in a thread it would keep all other tasks of the worker waiting.
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from jobs.training_data.checking import OnProgress, check
from jobs.training_data.report import Progress, Report

ROOT = Path(__file__).resolve().parents[2]


class Told(msgspec.Struct, omit_defaults=True):
    """A line from one process to the other: how far it is, or the end of it."""

    progress: Progress | None = None
    report: Report | None = None


def check_apart(path: Path, progress: OnProgress) -> Report:
    """What `checking.check` returns. Raises OSError, as it does; whatever `progress` raises ends the check."""
    path.stat()  # FileNotFoundError belongs to the caller
    line = [sys.executable, "-m", __name__, str(path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, cwd=ROOT) as process:  # noqa: S603 - our own code and path
        try:
            for answer in process.stdout or ():
                told = msgspec.json.decode(answer, type=Told)
                if told.report:
                    return told.report
                if told.progress:
                    progress(told.progress)
        finally:
            process.kill()
    raise ChildProcessError(f"the check ended with {process.returncode}")


def tell(told: Told) -> None:
    """Write a line. Where nobody listens any more (the worker was killed) this ends the check."""
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    tell(Told(report=check(Path(sys.argv[1]), progress=lambda done: tell(Told(progress=done)))))

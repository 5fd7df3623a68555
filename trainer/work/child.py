"""The process that trains, from outside: started, read line by line, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from trainer.work.messages import KINDS, read

OUTPUT = "output.jsonl"  # in the job's folder: what its processes have printed, one after another
PORTION = 65536  # bytes read at once
GLANCE = 0.1  # seconds between two looks for more
LONGEST_LINE = 1024 * 1024  # bytes; whoever prints more without an end of line is broken
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES", "VIRTUAL_ENV")


class Child:
    """A training process on `folder`, which holds its order. `lock` is a descriptor that it keeps open.

    It prints into a file: what it printed last can be read even where the worker that started it was killed.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        output = folder / OUTPUT
        with (folder / "log.txt").open("ab") as log, output.open("ab") as target:
            if not ends_a_line(output):
                target.write(b"\n")
                target.flush()
            self.source = output.open("rb")
            self.source.seek(0, os.SEEK_END)
            self.process = subprocess.Popen(  # noqa: S603
                [*settings.TRAINER_CHILD, str(folder)],
                cwd=settings.BASE_DIR,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
        self.partial = b""
        self.ended = False  # it is gone, and all that it printed has been read

    def read(self, seconds: float) -> list[KINDS]:
        """The messages that are there, after waiting at most so long for the first of them."""
        deadline = time.monotonic() + seconds
        while True:
            gone = self.process.poll() is not None  # before the read: what it printed last is not to be missed
            data = self.source.read(PORTION)
            if data or gone or time.monotonic() > deadline:
                break
            time.sleep(GLANCE)
        self.ended = gone and not data
        *lines, self.partial = (self.partial + data).split(b"\n")
        if len(self.partial) > LONGEST_LINE:
            self.kill()
        return [message for line in lines if line.strip() and (message := read(line))]

    def wait(self, seconds: float) -> None:
        """Give it time to end by itself."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def stop(self) -> None:
        """Have it save its state at the end of this step, and end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def close(self) -> int:
        """End it and whatever it has started. Returns how it ended: minus the signal's number, or its exit code."""
        self.kill()
        code = self.process.wait()
        self.source.close()
        return code

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def ends_a_line(output: Path) -> bool:
    """Whether the file is empty or ends with a whole line; a process may have been killed while it printed."""
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read() in (b"", b"\n")


def printed(folder: Path) -> Iterator[KINDS]:
    """All that earlier processes on this folder have printed."""
    output = folder / OUTPUT
    if output.exists():
        with output.open("rb") as file:
            for line in file:
                if line.strip() and (message := read(line)):
                    yield message


def environment() -> dict[str, str]:
    """What the process may know: no secret, no database, no network to fetch from."""
    cores, processes = os.cpu_count() or 1, settings.TRAINER_PROCESSES
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return (
        kept
        | device_variables()
        | {
            "PARENT_PID": str(os.getpid()),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "OMP_WAIT_POLICY": "passive",
            "OMP_NUM_THREADS": str(settings.TRAINER_THREADS or max(1, (cores - 1) // processes)),
            "TRAINER_PROCESSES": str(processes),
        }
    )


def device_variables() -> dict[str, str]:
    """settings.TRAINER_DEVICE as accelerate and CUDA read it: auto, cpu, cuda or cuda:1,2."""
    kind, _colon, numbers = settings.TRAINER_DEVICE.partition(":")
    if kind == "cpu":
        return {"ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""}
    return {"CUDA_VISIBLE_DEVICES": numbers} if numbers else {}

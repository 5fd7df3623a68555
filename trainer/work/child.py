"""The process that trains, from outside: started, read line by line, stopped."""

import os
import select
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from trainer.work.messages import KINDS, read

LONGEST_LINE = 1024 * 1024  # bytes; whoever prints more without an end of line is broken
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES", "VIRTUAL_ENV")


class Child:
    """A training process on `folder`, which holds its order. `lock` is a descriptor that it keeps open."""

    def __init__(self, folder: Path, lock: int) -> None:
        with (folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [*settings.TRAINER_CHILD, str(folder)],
                cwd=settings.BASE_DIR,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
        assert self.process.stdout
        self.pipe = self.process.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.partial = b""
        self.at_end = False

    @property
    def ended(self) -> bool:
        """Whether it is gone and all that it printed has been read."""
        return self.process.poll() is not None and self.at_end

    def read(self, seconds: float) -> list[KINDS]:
        """The messages that are there, after waiting at most so long for the first bytes."""
        if not select.select([self.pipe], [], [], seconds)[0]:
            self.at_end = self.process.poll() is not None  # one that it started may hold the pipe for ever
            return []
        data = os.read(self.pipe, 65536)
        self.at_end = not data
        if not data and self.process.poll() is None:
            self.process.wait()
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
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def environment() -> dict[str, str]:
    """What the process may know: no secret, no database, no network to fetch from."""
    cores = os.cpu_count() or 1
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
            "OMP_NUM_THREADS": str(settings.TRAINER_THREADS or max(1, cores - 1)),
        }
    )


def device_variables() -> dict[str, str]:
    """settings.TRAINER_DEVICE as accelerate and CUDA read it: auto, cpu, cuda or cuda:1,2."""
    kind, _colon, numbers = settings.TRAINER_DEVICE.partition(":")
    if kind == "cpu":
        return {"ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""}
    return {"CUDA_VISIBLE_DEVICES": numbers} if numbers else {}

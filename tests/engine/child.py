"""A training child as its worker starts it: a folder with the order in, JSON lines out."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.needs import ROOT, TRAINER_PYTHON

type Line = dict[str, Any]

ESSAYS = ROOT / "samples" / "winter-essay-chat.jsonl"
PREFERENCES = ROOT / "samples" / "preferences-dpo.jsonl"
LIMIT = 300  # seconds for one child
CLEAN = {
    "PATH": os.environ["PATH"],
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass
class Run:
    """A run's folder. `lines` are all that its children have printed."""

    folder: Path
    lines: list[Line]
    stderr: str = ""

    def kinds(self) -> list[str]:
        return [line["kind"] for line in self.lines]

    def all(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line["kind"] == kind]

    def one(self, kind: str) -> Line:
        (line,) = self.all(kind)
        return line

    @property
    def end(self) -> Line:
        return self.lines[-1]

    def losses(self) -> dict[int, float]:
        return {line["step"]: line["train_loss"] for line in self.all("step")}

    def checkpoint(self, step: int) -> Path:
        return self.folder / "checkpoints" / f"step-{step}"


def prepare(folder: Path, base: Path, training: Path = ESSAYS, **settings: Any) -> Run:
    folder.mkdir(parents=True)
    order = {
        "job": folder.name,
        "base": str(base),
        "start": None,
        "method": "supervised",
        "training": str(training),
        "validation": None,
        "n_epochs": 1,
        "batch_size": 8,
        "learning_rate_multiplier": "auto",
        "beta": "auto",
        "seed": 7,
        "lora_r": "auto",
        "lora_alpha": "auto",
        "early_stopping": False,
        "max_seconds": None,
        "memory_bytes": None,
        **settings,
    }
    (folder / "order.json").write_text(json.dumps(order, default=str))
    return Run(folder, [])


@contextmanager
def started(run: Run, module: str = "train", **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The child, while it runs. It is killed at the end if it has not ended."""
    line = [str(TRAINER_PYTHON), "-m", f"trainer.engines.transformers.{module}", str(run.folder)]
    with (run.folder / "log.txt").open("a") as log:
        child = subprocess.Popen(
            line, cwd=ROOT, env={**CLEAN, **environment}, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            yield child
        finally:
            child.kill()
            child.communicate(timeout=LIMIT)


def train(
    run: Run,
    until: Callable[[Line], bool] | None = None,
    sign: int = signal.SIGKILL,
    environment: dict[str, str] | None = None,
) -> Run:
    """Run to the end; or send `sign` at the first line that `until` is true of."""
    with started(run, **(environment or {})) as child:
        assert child.stdout
        for text in child.stdout:
            run.lines.append(json.loads(text))
            if until and until(run.lines[-1]):
                child.send_signal(sign)
                until = None
        code = child.wait(timeout=LIMIT)
    run.stderr = (run.folder / "log.txt").read_text()
    assert code in (0, -signal.SIGKILL), run.stderr[-2000:]
    return run


def at_step(step: int) -> Callable[[Line], bool]:
    return lambda line: bool(line["kind"] == "step" and line["step"] == step)


MANY = """
import sys, traceback
from pathlib import Path
from trainer.engines.transformers import process
process.settle()
from trainer.engines.transformers.training import train
for folder in map(Path, sys.argv[1:]):
    with open(folder / "lines.jsonl", "w") as out:
        train(folder, process.Lines(out))
"""


def train_all(runs: Iterable[Run], before: str = "") -> None:
    """Run several orders in one process, since torch takes seconds to import. `before` is code to begin with."""
    runs = list(runs)
    line = [str(TRAINER_PYTHON), "-c", f"{before}\n{MANY}", *(str(run.folder) for run in runs)]
    done = subprocess.run(line, cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr[-3000:]
    for run in runs:
        run.lines += [json.loads(text) for text in (run.folder / "lines.jsonl").read_text().splitlines()]
